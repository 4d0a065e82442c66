// JavaScript's readers of event streams, each as its library reads the body of a response.

import {consumer, listen, main, serve, settle, xmlHttpRequest} from './protocol.mjs'

const own = {ids: 'own', retries: 'own'}
//: An EventSource tells neither.
const sticky = {ids: 'sticky', without: ['retry']}
//: HTTP has no empty chunks but the last.
const overHTTP = {ids: 'sticky', without: ['retry', 'empty-chunk']}

consumer('eventsource-parser', {ids: 'own', without: ['retry']}, async (stream, add) => {
  const {createParser} = await import('eventsource-parser')
  const parser = createParser({onEvent: ({event, data, id}) => add({event, data, id: id ?? null})})
  const decoder = new TextDecoder()
  for await (const chunk of stream) parser.feed(decoder.decode(chunk, {stream: true}))
})

consumer('eventsource', sticky, async (stream, add) => {
  const {EventSource} = await import('eventsource')
  await listen(new EventSource('https://example.org/', {fetch: stream.fetch}), stream, add)
})

consumer('undici', sticky, async (stream, add) => {
  const {EventSourceStream} = await import('undici/lib/web/eventsource/eventsource-stream.js')
  const parser = new EventSourceStream({
    eventSourceSettings: {lastEventId: '', reconnectionTime: 3000},
    push: ({type, options: {data, lastEventId}}) => add({data, event: type, last_event_id: lastEventId}),
  })
  for await (const chunk of stream) parser.write(Buffer.from(chunk))
  await settle()
})

consumer('@microsoft/fetch-event-source', {...own}, async (stream, add) => {
  const {getBytes, getLines, getMessages} = await import('@microsoft/fetch-event-source/lib/cjs/parse.js')
  const onMessage = ({data, event, id, retry}) => add({data, event, id, retry})
  await getBytes(stream.body, getLines(getMessages(() => {}, () => {}, onMessage)))
})

consumer('event-source-plus', {...own}, async (stream, add) => {
  const {EventSourcePlus} = await import('event-source-plus')
  await new Promise((resolve) => {
    const source = new EventSourcePlus('https://example.org/', {fetch: stream.fetch, retryStrategy: 'on-error', maxRetryCount: 0})
    const controller = source.listen({
      onMessage: ({data, event, id, retry}) => add({data, event, id, retry}),
      onResponseError: resolve,
      onRequestError: resolve,
    })
    controller.onAbort(resolve)
    const wait = async () => {
      while (stream.given <= stream.chunks.length) await settle()
      await settle()
      controller.abort()
      resolve()
    }
    wait()
  })
})

consumer('fetch-event-stream', {...own}, async (stream, add) => {
  const {events} = await import('fetch-event-stream')
  for await (const {data, event, id, retry} of events(stream.response)) add({data: data ?? '', event, id, retry})
})

consumer('eventsource-client', {ids: 'own', without: ['retry']}, async (stream, add) => {
  const {createEventSource} = await import('eventsource-client')
  await new Promise((resolve) => {
    const client = createEventSource({
      url: 'https://example.org/',
      fetch: stream.fetch,
      onMessage: ({data, event, id}) => add({data, event, id: id ?? null}),
      onDisconnect: () => { client.close(); resolve() },
      onScheduleReconnect: () => { client.close(); resolve() },
    })
  })
})

consumer('parse-sse', {ids: 'sticky', retries: 'own'}, async (stream, add) => {
  const {parseServerSentEvents} = await import('parse-sse')
  for await (const {data, type, lastEventId, retry} of parseServerSentEvents(stream.response)) {
    add({data, event: type, last_event_id: lastEventId, retry})
  }
})

consumer('openai', {without: ['id', 'retry']}, async (stream, add) => {
  const {_iterSSEMessages} = await import('openai/core/streaming')
  for await (const {data, event} of _iterSSEMessages(stream.response, new AbortController())) add({data, event})
})

consumer('@anthropic-ai/sdk', {without: ['id', 'retry']}, async (stream, add) => {
  const {_iterSSEMessages} = await import('@anthropic-ai/sdk/core/streaming')
  for await (const {data, event} of _iterSSEMessages(stream.response, new AbortController())) add({data, event})
})

consumer('@mistralai/mistralai', {ids: 'sticky', retries: 'own'}, async (stream, add) => {
  const {EventStream} = await import('@mistralai/mistralai/lib/event-streams.js')
  const events = new EventStream(stream.body, (value) => ({done: false, value}))
  for await (const {data, event, id, retry} of events) add({data, event, id, retry})
})

consumer('@azure/core-sse', {...own}, async (stream, add) => {
  const {createSseStream} = await import('@azure/core-sse')
  for await (const {data, event, id, retry} of createSseStream(stream.body)) add({data, event, id, retry})
})

consumer('extended-eventsource', sticky, async (stream, add) => {
  const {EventSource} = await import('extended-eventsource')
  globalThis.fetch = stream.fetch
  await listen(new EventSource('https://example.org/', {disableRetry: true, disableLogger: true}), stream, add)
})

consumer('launchdarkly-eventsource', overHTTP, async (stream, add) => {
  const {EventSource} = await import('launchdarkly-eventsource')
  const {url, close} = await serve(stream)
  const source = new EventSource(url, {initialRetryDelayMillis: 60_000})
  await listen(source, stream, add, new Promise((resolve) => { source.addEventListener('retrying', resolve) }))
  close()
})

let current
consumer('event-source-polyfill', sticky, async (stream, add) => {
  globalThis.fetch = (...request) => current.fetch(...request)  // it keeps the one that it first finds
  globalThis.XMLHttpRequest = undefined
  current = {fetch: stream.fetch}
  const {EventSourcePolyfill} = await import('event-source-polyfill')
  await listen(new EventSourcePolyfill('https://example.org/'), stream, add)
})

consumer('sse.js', sticky, async (stream, add) => {
  const {SSE} = await import('sse.js')
  let end
  const ended = new Promise((resolve) => { end = resolve })
  globalThis.XMLHttpRequest = xmlHttpRequest(stream, end)
  await listen(new SSE('https://example.org/', {autoReconnect: false}), stream, add, ended)
})

consumer('react-native-sse', sticky, async (stream, add) => {
  const {default: {default: EventSource}} = await import('react-native-sse')
  let end
  const ended = new Promise((resolve) => { end = resolve })
  globalThis.XMLHttpRequest = xmlHttpRequest(stream, end)
  await listen(new EventSource('https://example.org/', {pollingInterval: 0}), stream, add, ended)
})

consumer('event-stream-parser', sticky, async (stream, add) => {
  const {parse} = await import('event-stream-parser')
  for await (const {data, type, lastEventId} of await parse(stream.body)) add({data, event: type, last_event_id: lastEventId})
})

consumer('sse-decoder', {without: ['id', 'retry']}, async (stream, add) => {
  const {LineDecoder, SSEDecoder} = await import('sse-decoder')
  const [lines, decoder] = [new LineDecoder(), new SSEDecoder()]
  const read = (some) => {
    for (const line of some) {
      const event = decoder.decode(line)
      if (event) add({data: event.data, event: event.event})
    }
  }
  for await (const chunk of stream) read(lines.decode(chunk))
  read(lines.flush())
})

consumer('@server-sent-stream/web', sticky, async (stream, add) => {
  const {default: EventSourceStream} = await import('@server-sent-stream/web')
  const events = stream.body.pipeThrough(new EventSourceStream())
  for await (const {data, type, lastEventId} of events) add({data, event: type, last_event_id: lastEventId})
})

consumer('fetch-sse', {without: ['id', 'retry']}, async (stream, add) => {
  const {fetchEventData} = await import('fetch-sse')
  globalThis.fetch = stream.fetch
  await fetchEventData('https://example.org/', {onMessage: ({data, event}) => add({data, event})})
})

// Those that are built in. (Bun 1.4 has none.)
for (const name of ['Deno', 'Node.js']) {
  consumer(name, overHTTP, async (stream, add) => {
    const {url, close} = await serve(stream)
    await listen(new EventSource(url), stream, add)
    close()
  })
}

await main()
