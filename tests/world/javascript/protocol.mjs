// What every adapter here shares: the fuzz protocol of sse-codec, spoken over standard input and output.
//
// A file of adapters is run with the name of one of them: `node consumers.mjs eventsource-parser`. It runs on Node,
// Deno and Bun. docs/fuzz-protocol.md has the protocol.

import {readFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {createRequire} from 'node:module'
import {createInterface} from 'node:readline'

const adapters = {}

/** Registers a function that is given a stream and `add`, which it calls with each event. */
export const consumer = (name, hello, read) => {
  adapters[name] = {hello: {role: 'consumer', max_retry: Number.MAX_SAFE_INTEGER, ...hello}, read}
}

/** Registers a function that returns the bytes of an event, or its text. */
export const producer = (name, hello, write) => {
  adapters[name] = {hello: {role: 'producer', max_retry: Number.MAX_SAFE_INTEGER, ...hello}, write}
}

/** Lets everything happen that was waiting for what came so far. */
export const settle = async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => { setImmediate(resolve) })
}

/** The chunks of a stream. One is given out when nothing is left to happen with those before it. */
export class Stream {
  constructor(chunks) {
    this.chunks = chunks
    this.given = 0
  }

  async *[Symbol.asyncIterator]() {
    for (const chunk of this.chunks) {
      if (this.given > 0) await settle()
      this.given += 1
      yield new Uint8Array(chunk)
    }
    await settle()
    this.given += 1
  }

  /** The body of a response to fetch(). */
  get body() {
    const chunks = this[Symbol.asyncIterator]()
    return new ReadableStream({
      async pull(controller) {
        const {done, value} = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    }, {highWaterMark: 0})
  }

  get response() {
    return new Response(this.body, {headers: {'Content-Type': 'text/event-stream'}})
  }

  /** A fetch() that gives the stream once, and then says that there is no more. */
  get fetch() {
    let asked = false
    return async () => {
      if (asked) return new Response(null, {status: 204})
      asked = true
      const {response} = this
      Object.defineProperty(response, 'url', {value: 'https://example.org/'})
      return response
    }
  }

  /** Every type that the stream can be read to name: an EventSource tells only whom it knows to be listening. */
  get types() {
    const types = new Set(['message'])
    for (const line of Buffer.concat(this.chunks).toString('latin1').split(/[\r\n]/)) {
      const at = line.indexOf('event')
      if (at < 0) continue
      const text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(Buffer.from(line.slice(at + 5).replace(/^:/, ''), 'latin1'))
      for (const type of [text, text.replace(/^ /, ''), text.trim(), text.trimStart()]) types.add(type)
    }
    return types
  }
}

/** Reads with an EventSource until it would connect again. */
export const listen = (source, stream, add, ended = new Promise(() => {})) => new Promise((resolve) => {
  const end = async () => {
    await settle()
    source.close()
    resolve()
  }
  for (const type of stream.types) {
    source.addEventListener(type, (event) => {
      if (typeof event.data === 'string') add({data: event.data, event: event.type, last_event_id: event.lastEventId ?? ''})
    })
  }
  source.addEventListener('error', (event) => { if (event.data === undefined) end() })
  ended.then(end)
})

/** An XMLHttpRequest whose response is a stream: as in a browser, its text is decoded as UTF-8 as it comes. */
export const xmlHttpRequest = (stream, onEnd) => class XMLHttpRequest {
  static UNSENT = 0
  static OPENED = 1
  static HEADERS_RECEIVED = 2
  static LOADING = 3
  static DONE = 4
  readyState = 0
  status = 0
  responseText = ''
  responseHeaders = 'content-type: text/event-stream\r\n'
  #listeners = []

  open() { this.readyState = 1 }
  setRequestHeader() {}
  getAllResponseHeaders() { return this.responseHeaders }
  getResponseHeader(name) { return name.toLowerCase() === 'content-type' ? 'text/event-stream' : null }
  addEventListener(type, listener) { this.#listeners.push([type, listener]) }
  removeEventListener() {}
  abort() {}

  #tell(type) {
    for (const [to, listener] of this.#listeners) if (to === type) listener({type, target: this, currentTarget: this})
    this[`on${type}`]?.({type, target: this, currentTarget: this})
  }

  async send() {
    const decoder = new TextDecoder()
    this.status = 200
    this.readyState = 2
    this.#tell('readystatechange')
    this.readyState = 3
    for await (const chunk of stream) {
      this.responseText += decoder.decode(chunk, {stream: true})
      this.#tell('readystatechange')
      this.#tell('progress')
    }
    this.responseText += decoder.decode()
    this.readyState = 4
    this.#tell('readystatechange')
    this.#tell('load')
    this.#tell('loadend')
    await settle()
    onEnd()
  }
}

/** Serves a stream once on the loopback, with real chunks; whoever asks again is told that there is no more. */
export const serve = async (stream) => {
  let asked = false
  const server = createServer(async (request, response) => {
    response.writeHead(asked ? 204 : 200, {'Content-Type': 'text/event-stream'})
    if (!asked) {
      asked = true
      response.flushHeaders()
      for (const chunk of stream.chunks) {
        response.write(chunk)
        if (stream.chunks.length > 1) await new Promise((resolve) => { setTimeout(resolve, 2) })
      }
    }
    response.end()
  })
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return {url: `http://127.0.0.1:${server.address().port}/`, close}
}

/** JSON has no Infinity, and drops what is undefined. */
const plain = (key, value) => (typeof value === 'number' && !Number.isSafeInteger(value) ? String(value) : value)

const consume = async ({read}, {chunks}) => {
  const stream = new Stream(chunks.map((chunk) => Buffer.from(chunk, 'base64')))
  const events = []
  const add = (event) => {
    events.push(stream.given > 0 ? {...event, chunk: stream.given - 1} : event)
  }
  try {
    await read(stream, add)
    return {events}
  } catch (error) {
    return {events, error: String(error)}
  }
}

const produce = async ({write}, {event}) => {
  try {
    return {wire: Buffer.from(await write(event)).toString('base64')}
  } catch (error) {
    return {refused: String(error)}
  }
}

const version = (name) => {
  const at = createRequire(import.meta.url).resolve.paths(name).map((folder) => `${folder}/${name}/package.json`)
  for (const path of at) {
    try {
      return JSON.parse(readFileSync(path, 'utf8')).version
    } catch { /* not there */ }
  }
  return globalThis.Deno?.version.deno ?? globalThis.Bun?.version ?? process.versions.node
}

export const main = async () => {
  const name = process.argv[2]
  const adapter = adapters[name]
  console.log = console.error  // what a library prints is no answer
  const print = (object) => { process.stdout.write(`${JSON.stringify(object, plain)}\n`) }
  for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line)
    if ('hello' in request) print({hello: 1, name, version: version(name), ...adapter.hello})
    else print({n: request.n, ...await (adapter.read ? consume : produce)(adapter, request)})
  }
  process.exit()  // whatever a library still waits for
}
