// JavaScript's writers of event streams, each with what its library does with an event that an application sends.

import {main, producer} from './protocol.mjs'

//: As those take it that have undefined for the default.
const optional = (value) => value ?? undefined
const type = (value) => (value === 'message' ? undefined : value)

/** Collects what a library writes to the response of Node's http module. */
const response = () => {
  const written = []
  return {
    written,
    headers: {},
    statusCode: 200,
    writeHead() { return this },
    setHeader() {},
    flushHeaders() {},
    on() { return this },
    write(text) {
      written.push(Buffer.from(text))
      return true
    },
    end() {},
  }
}

const text = async (body) => Buffer.from(await new Response(body).arrayBuffer())

producer('eventsource-encoder', {}, async ({data, event, id, retry}) => {
  const {encode} = await import('eventsource-encoder')
  return encode({data, event: type(event), id: optional(id), retry: optional(retry)})
})

producer('hono', {}, async ({data, event, id, retry}) => {
  const {Hono} = await import('hono')
  const {streamSSE} = await import('hono/streaming')
  let failed
  const app = new Hono().get('/', (context) => streamSSE(
    context,
    (stream) => stream.writeSSE({data, event: type(event), id: optional(id), retry: optional(retry)}),
    (error) => { failed = error },
  ))
  const body = await text((await app.request('/')).body)
  if (failed) throw failed
  return body
})

producer('h3', {}, async ({data, event, id, retry}) => {
  const {H3, createEventStream} = await import('h3')
  const app = new H3().get('/', async (context) => {
    const stream = createEventStream(context)
    stream.push({data, event: type(event), id: optional(id), retry: optional(retry)}).then(() => stream.close())
    return stream.send()
  })
  return text((await app.request('/')).body)
})

producer('better-sse', {}, async ({data, event, id, retry}) => {
  const {createEventBuffer} = await import('better-sse')
  const buffer = createEventBuffer({serializer: (value) => value})  // the default is JSON.stringify
  if (event !== 'message') buffer.event(event)
  if (id !== null) buffer.id(id)
  if (retry !== null) buffer.retry(retry)
  return buffer.data(data).dispatch().read()
})

producer('fastify-sse-v2', {}, async ({data, event, id, retry}) => {
  const {serializeSSEEvent} = await import('fastify-sse-v2/lib/sse.js')
  return serializeSSEEvent({data, event: type(event), id: optional(id), retry: optional(retry)})
})

producer('@fastify/sse', {}, async ({data, event, id, retry}) => {
  const {default: fastify} = await import('fastify')
  const app = fastify()
  await app.register(await import('@fastify/sse'), {serializer: (value) => value, heartbeatInterval: 0})
  app.get('/', {sse: true}, async (request, reply) => {
    await reply.sse.send({data, event: type(event), id: optional(id), retry: optional(retry)})
    reply.sse.close()
  })
  const answer = await app.inject({url: '/', headers: {accept: 'text/event-stream'}})
  await app.close()
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return answer.rawPayload
})

producer('ssestream', {}, async ({data, event, id, retry}) => {
  const {default: {default: SseStream}} = await import('ssestream')
  const stream = new SseStream()
  const written = []
  stream.on('data', (part) => { written.push(Buffer.from(part)) })
  stream.write({data, event: type(event), id: optional(id), retry: optional(retry)})
  stream.end()
  await new Promise((resolve) => { stream.on('end', resolve) })
  return Buffer.concat(written)
})

producer('sse-channel', {}, async ({data, event, id, retry}) => {
  const {default: SseChannel} = await import('sse-channel')
  const channel = new SseChannel({pingInterval: 2 ** 30})
  const client = response()
  channel.addClient({headers: {}, socket: {setNoDelay() {}, setTimeout() {}, setKeepAlive() {}}, query: {}, url: '/', on() {}}, client)
  client.written.length = 0
  channel.send({data, event: type(event), id: optional(id), retry: optional(retry)})
  channel.close()
  return Buffer.concat(client.written)
})

producer('ts-sse', {}, async ({data, event, id, retry}) => {
  const {getSSEWriter} = await import('ts-sse')
  const {readable, writable} = new TransformStream()
  const body = text(readable)
  const writer = getSSEWriter(writable.getWriter(), new TextEncoder())
  writer.complete({data, event: type(event), id: optional(id), retry: optional(retry)})
  return body
})

producer('elysia', {}, async ({data, event, id, retry}) => {
  const {sse} = await import('elysia')
  return sse({data, event: type(event), id: optional(id), retry: optional(retry)}).toSSE()
})

await main()
