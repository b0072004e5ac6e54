// Forwarding over the private network: pooled keep-alive connections to the peer. The only importer of undici. Uses its
// dispatch directly: no redirects, no decompression, no copies (a body of unknown or great length is streamed).
import { Readable } from 'node:stream'
import { Agent, buildConnector, type Dispatcher, errors, Pool } from 'undici'
import { AIMED_HEADER } from './aimed.ts'
import { type Body, REPLAY_BYTES_MAX } from './body.ts'
import type { Forward, ForwardCall, ForwardResult } from './call.ts'
import type { ProxyError } from './journey.ts'
import { FORWARDED_HEADER, PRIVATE_CHALLENGE, SECRET_HEADER } from './private.ts'

/** One request a connection at a time: a lost connection leaves one write undecided, never several. */
const CONNECTIONS_MAX = 128
/** Requests that wait for a connection beyond those: more is a peer that does not keep up. */
const QUEUED_MAX = 4_096
/** The internal network answers in microseconds; a connect that takes longer is a host that is gone. */
const CONNECT_MS = 500
/** Silence in the middle of an answer. */
const BODY_SILENCE_MS = 30_000
/** Below the server's, so that it is always this end that closes an idle connection: a request never meets a closing one. */
const IDLE_MS = 10_000
/** Answers up to this are collected first: they reach the client in one write, and a read that breaks midway is asked again. */
const COLLECT_BYTES_MAX = REPLAY_BYTES_MAX
/** Bytes of an answer that may wait for a slow client before the peer is paused. */
const STREAM_BYTES_MAX = 64 * 1024

export type Forwarder = {
  forward(call: ForwardCall): Forward
  /** Destroys the connections; forwards under way end as broken. */
  close(): Promise<void>
}

/** What this origin shows the peer, and by whom the peer's must be signed: asked at each connection, since files change. */
export type OwnTls = () => { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined }

const connecting = (
  tls: OwnTls | null,
): { readonly connect: buildConnector.connector } | { readonly connectTimeout: number } =>
  tls === null
    ? { connectTimeout: CONNECT_MS }
    : { connect: (options, callback) => buildConnector({ ...tls(), timeout: CONNECT_MS })(options, callback) }

/** `fetch` to the private listener of the peer, by those who speak with it apart from forwarding. */
export function peerFetch(tls: OwnTls | null): typeof fetch {
  if (tls === null) return fetch
  const dispatcher = new Agent(connecting(tls))
  return (url, init) => fetch(url, { ...init, dispatcher })
}

/** `peer` is the private URL of the other origin. */
export function createForwarder(peer: string, secret: string, tls: OwnTls | null = null): Forwarder {
  const pool = new Pool(peer, {
    ...connecting(tls),
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    // the exchange has a timer of its own, that counts the wait for a connection too
    headersTimeout: 0,
    bodyTimeout: BODY_SILENCE_MS,
  })
  const own = [FORWARDED_HEADER, '1', SECRET_HEADER, secret]
  let underWay = 0
  return {
    forward(call) {
      if (underWay >= CONNECTIONS_MAX + QUEUED_MAX) return settled({ kind: 'notSent', why: 'proxy_internal_error' })
      underWay += 1
      const exchange = new Exchange(call, () => {
        underWay -= 1
      })
      exchange.begin(pool, own)
      return exchange
    },
    close: () => pool.destroy(),
  }
}

const settled = (result: ForwardResult): Forward => ({ result: Promise.resolve(result), abandon: () => {} })

type Collecting = { readonly kind: 'collecting'; readonly bytes: Uint8Array<ArrayBuffer>; filled: number }
type Streaming = { readonly kind: 'streaming'; readonly out: ReadableStreamDefaultController<Uint8Array> }

/** Ends the client's answer as well. The server logs it, so it is one line and says no more than is known. */
class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer'
  override readonly stack = undefined

  constructor(why: ProxyError) {
    super(`The peer broke off in the middle of an answer: ${why}.`)
  }
}

/** One request and its answer: undici's callbacks in, one ForwardResult out. */
class Exchange implements Forward, Dispatcher.DispatchHandler {
  readonly result: Promise<ForwardResult>
  readonly abandon: () => void
  readonly #call: ForwardCall
  readonly #ended: () => void
  #settle: ((result: ForwardResult) => void) | null = null
  #timer: NodeJS.Timeout | null = null
  #controller: Dispatcher.DispatchController | null = null
  #given: ProxyError | null = null
  #status = 0
  #headers: Readonly<Record<string, string | string[] | undefined>> = {}
  #payload: Uint8Array | Readable | null = null
  #body: Collecting | Streaming | null = null
  #over = false
  /** the peer does not know our secret: a fault of this cluster, which is no answer for a client */
  #strangers = false

  constructor(call: ForwardCall, ended: () => void) {
    this.#call = call
    this.#ended = ended
    this.result = new Promise(resolve => {
      this.#settle = resolve
    })
    this.abandon = () => this.#giveUp('connection_terminated')
  }

  begin(pool: Pool, own: readonly string[]): void {
    const { method, target, headers, body, aimed, answerMs } = this.#call
    this.#timer = setTimeout(() => this.#giveUp('http_response_timeout'), answerMs)
    this.#payload = payloadOf(body)
    const aim = aimed === null ? [] : [AIMED_HEADER, String(aimed)]
    const length = body.kind === 'stream' && body.length !== null ? ['Content-Length', String(body.length)] : []
    try {
      pool.dispatch(
        {
          method,
          path: target,
          headers: [...headers, ...own, ...aim, ...length],
          body: this.#payload,
          // undici closes after HEAD by default, for servers that answer it with a body; ours do not
          reset: false,
        },
        this,
      )
    } catch (error) {
      if (!(error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError)) throw error
      this.#finish({ kind: 'unforwardable' })
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // given up while it waited for a connection: nothing of it leaves
    if (this.#given !== null) controller.abort(new Error(this.#given))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: HeadersOfAnswer): void {
    // 1xx is for this hop; the final answer follows
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    if (status > 599) return controller.abort(new Error('no HTTP status'))
    this.#strangers = status === 401 && headers['www-authenticate'] === PRIVATE_CHALLENGE
    if (this.#strangers || this.#call.method === 'HEAD' || status === 204 || status === 304) return
    const length = Number(headers['content-length'])
    if (length <= COLLECT_BYTES_MAX) {
      this.#body = { kind: 'collecting', bytes: new Uint8Array(length), filled: 0 }
      return
    }
    const stream = new ReadableStream<Uint8Array>(
      {
        start: out => {
          this.#body = { kind: 'streaming', out }
        },
        pull: () => controller.resume(),
        cancel: () => controller.abort(new Error('the client left')),
      },
      { highWaterMark: STREAM_BYTES_MAX, size: chunk => chunk.length },
    )
    this.#settleWith({ kind: 'response', status, headers, body: stream })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const body = this.#body
    if (body === null) return
    if (body.kind === 'collecting') {
      body.bytes.set(chunk, body.filled)
      body.filled += chunk.length
      return
    }
    body.out.enqueue(chunk)
    if ((body.out.desiredSize ?? 0) <= 0) controller.pause()
  }

  onResponseEnd(): void {
    const body = this.#body
    if (body?.kind === 'streaming') {
      body.out.close()
      this.#end()
      return
    }
    if (this.#strangers) return this.#finish({ kind: 'notSent', why: 'proxy_internal_error' })
    this.#finish({ kind: 'response', status: this.#status, headers: this.#headers, body: body?.bytes ?? null })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#body?.kind === 'streaming') {
      this.#body.out.error(new BrokenAnswer(this.#given ?? proxyErrorOf(error)))
      this.#end()
      return
    }
    const why = this.#given ?? proxyErrorOf(error)
    this.#finish({ kind: this.#controller === null ? 'notSent' : 'broken', why })
  }

  /** Before its first byte left it never will; after that its connection is closed, which the peer sees. */
  #giveUp(why: ProxyError): void {
    if (this.#over || this.#given !== null) return
    this.#given = why
    if (this.#controller !== null) return this.#controller.abort(new Error(why))
    // undici cannot take it out of its queue: make sure that it never pulls at the client's body
    if (this.#payload instanceof Readable) this.#payload.on('error', ignoreOwnEnd).destroy()
    this.#settleWith({ kind: 'notSent', why })
  }

  #finish(result: ForwardResult): void {
    this.#settleWith(result)
    this.#end()
  }

  #settleWith(result: ForwardResult): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#settle?.(result)
    this.#settle = null
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#ended()
  }
}

/** A stream that we ended ourselves has nothing to report. */
const ignoreOwnEnd = (): void => {}

type HeadersOfAnswer = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** A stream is only opened when undici first reads it, that is when it has a connection. */
function payloadOf(body: Body): Uint8Array | Readable | null {
  if (body.kind === 'none') return null
  return body.kind === 'bytes' ? body.bytes : Readable.from(body.chunks(), { objectMode: false })
}

function proxyErrorOf(error: Error): ProxyError {
  if (error instanceof errors.ConnectTimeoutError) return 'connection_timeout'
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError)
    return 'http_response_timeout'
  if ('code' in error && error.code === 'ECONNREFUSED') return 'connection_refused'
  return 'connection_terminated'
}
