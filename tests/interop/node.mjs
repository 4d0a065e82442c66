// Runs eventsource-parser over event streams: {module, streams} as JSON in, one list of steps per stream as JSON out.
//
// A stream is a list of base64 chunks; a step is what one chunk produced. Chunks are read as the README of
// eventsource-parser shows: through a TextDecoder with default options, into one parser per connection. At the end the
// decoder is flushed but the parser is not: `reset({consume: true})` would read an unfinished line as if it had ended,
// which the standard forbids.

import {readFileSync} from 'node:fs'

const {module, streams} = JSON.parse(readFileSync(0, 'utf8'))
const {createParser} = await import(module)

const read = (chunks) => {
  let lastEventId = ''
  let reconnectionTime = null
  let step
  const steps = []
  const parser = createParser({
    onId: (id) => { lastEventId = id },
    onRetry: (retry) => { reconnectionTime = String(retry) },  // JSON has no Infinity
    onComment: (text) => { step.comments.push(text) },
    onEvent: ({event = 'message', data, id = null}) => { step.events.push([event, data, lastEventId, id]) },
  })
  const decoder = new TextDecoder()
  const feed = (text) => {
    step = {events: [], comments: []}
    parser.feed(text)
    steps.push([step.events, step.comments, lastEventId, reconnectionTime])
  }
  for (const chunk of chunks) feed(decoder.decode(Buffer.from(chunk, 'base64'), {stream: true}))
  feed(decoder.decode())
  return steps
}

process.stdout.write(JSON.stringify(streams.map(read)))
