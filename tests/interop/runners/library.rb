# frozen_string_literal: true

# Reads and writes event streams: small, slow and right. It is what the runners of docs/vectors.md test here.

Event = Struct.new(:type, :data, :id, :retry, :last_event_id, keyword_init: true)

# Makes events of the bytes of one stream.
class Parser
  BOM = "\xEF\xBB\xBF".b

  def initialize
    @start = String.new
    @line = String.new
    @last_event_id = ""
    clear
  end

  # Takes the next bytes and returns the events that they complete.
  def feed(chunk)
    unless @started
      # One byte order mark at the start is dropped, however it is cut.
      @start << chunk
      return [] if @start.size < 3 && BOM.start_with?(@start)

      @started = true
      chunk = @start.delete_prefix(BOM)
    end
    chunk.b.scan(/[^\r\n]+|\r|\n/n).flat_map { |part| take(part) }
  end

  private

  def take(part)
    rest_of_crlf = @after_cr && part == "\n"
    @after_cr = part == "\r"
    return [] if rest_of_crlf
    return @line << part && [] unless ["\r", "\n"].include?(part)
    return dispatch if @line.empty?

    name, value = @line.force_encoding("UTF-8").scrub("\uFFFD").split(":", 2)
    @line = String.new
    field(name || "", (value || "").delete_prefix(" "))
    []
  end

  def field(name, value)
    case name
    when "data" then @data << value
    when "event" then @type = value
    when "id" then @id = value unless value.include?("\0")
    when "retry" then @retry = value.to_i if value.match?(/\A[0-9]+\z/)
    end
  end

  def dispatch
    @last_event_id = @id unless @id.nil?
    type = @type.empty? ? "message" : @type
    event = Event.new(type: type, data: @data.join("\n"), id: @id, retry: @retry, last_event_id: @last_event_id)
    events = @data.empty? ? [] : [event]
    clear
    events
  end

  def clear
    @data = []
    @type = ""
    @id = @retry = nil
  end
end

# Returns the bytes of an event; raises ArgumentError if it can't be sent.
def encode(data:, type: "message", id: nil, retry_: nil)
  raise ArgumentError, "type" if type.empty? || type.match?(/[\r\n]/)
  raise ArgumentError, "id" if id&.match?(/[\r\n\0]/)
  raise ArgumentError, "retry" if retry_&.negative?

  lines = data.split(/\r\n|\r|\n/, -1)
  lines = [""] if lines.empty?
  block = lines.map { |line| "data: #{line}\n" }
  block.unshift("retry: #{retry_}\n") if retry_
  block.unshift("event: #{type}\n") if type != "message"
  block.unshift("id: #{id}\n") if id
  "#{block.join}\n".b
end
