# Ruby's writers of event streams, behind the fuzz protocol: `ruby producers.rb actionpack`.

require "json"
require "stringio"
require "action_controller"

def actionpack(event)
  stream = StringIO.new
  options = {event: event["event"], id: event["id"], retry: event["retry"]}.compact
  options.delete(:event) if event["event"] == "message"
  ActionController::Live::SSE.new(stream).write(event["data"], options)
  stream.string
end

$stdout.sync = true
$stdin.each_line do |line|
  request = JSON.parse(line)
  answer =
    if request.key?("hello")
      # Ruby's JSON reads a lone surrogate as bytes that are no text.
      {hello: 1, name: ARGV[0], version: ActionPack.version.to_s, role: "producer", without: ["surrogate"]}
    else
      begin
        {n: request["n"], wire: [actionpack(request["event"])].pack("m0")}
      rescue StandardError => error
        {n: request["n"], refused: "#{error.class}: #{error.message}"}
      end
    end
  puts JSON.generate(answer)
end
