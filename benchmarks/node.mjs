// Times eventsource-parser, one pass whenever it is asked, so that it takes turns with the libraries of Python.
//
// A request is a line of JSON, and so is each reply:
//   {wire, streams}  load: a file with the bytes of all streams, and for each stream the sizes of its chunks
//   {do: 'events'}   what it makes of them: [type, data, the block's own id] of each event
//   {do: 'passes'}   the seconds of one pass, of so many in a row
//
// A pass does what a user's loop does: bytes through a TextDecoder in its stream mode, text into one parser a stream,
// events into an array.

import {readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {pathToFileURL} from 'node:url'

const {createParser} = await import(pathToFileURL(process.argv[2]))

let streams = []

const load = (path, sizes) => {
  const wire = readFileSync(path)
  let at = 0
  streams = sizes.map((stream) => stream.map((size) => wire.subarray(at, (at += size))))
}

const pass = () => {
  const events = []
  const onEvent = (event) => { events.push(event) }
  for (const chunks of streams) {
    const parser = createParser({onEvent})
    const decoder = new TextDecoder()
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, {stream: true}))
  }
  return events
}

const passes = (number) => {
  const start = process.hrtime.bigint()
  const before = process.cpuUsage()
  for (let done = 0; done < number; done++) pass()
  // The clock counts what other processes did in the meantime; the processor's time counts what V8's other threads did.
  const {user, system} = process.cpuUsage(before)
  return Math.min(Number(process.hrtime.bigint() - start) / 1e9, (user + system) / 1e6) / number
}

const answer = (request) => {
  if (request.wire) return load(request.wire, request.streams) ?? null
  if (request.do === 'events') return pass().map(({event, data, id}) => [event ?? 'message', data, id ?? null])
  return passes(request.number)
}

for await (const line of createInterface({input: process.stdin})) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n')
}
