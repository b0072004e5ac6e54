// The end that is asked: requests of one connection in, answers out. What it does with them is its owner's.
import type { Proven } from '../../replicator/link/handshake.ts'
import type { BareRequest } from '../../router/call.ts'
import { Connection } from './connection.ts'
import { Receiving, Sending } from './flow.ts'
import type { Frame } from './frame.ts'
import { HeadFields, linesOf } from './head.ts'
import { FINISH_MS, INLINE_BYTES_MAX, STREAMS_MAX, WINDOW_BYTES } from './limits.ts'
import type { Outbox } from './outbox.ts'

export type Asked = { readonly request: BareRequest; readonly target: string }

export type Reply = {
  readonly status: number
  /** name, value, name, value… */
  readonly fields: readonly string[]
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null
}

/** Never rejects. */
export type Reception = (asked: Asked) => Promise<Reply>

export class Answerer {
  readonly #connection: Connection
  readonly #reception: Reception
  readonly #streams = new Map<number, Stream>()
  #onIdle: (() => void) | null = null

  constructor(proven: Proven, reception: Reception, onOver: (answerer: Answerer) => void) {
    this.#reception = reception
    this.#connection = new Connection(proven, {
      onFrame: frame => this.#take(frame),
      onFill: () => undefined,
      onOver: () => {
        for (const stream of [...this.#streams.values()]) stream.leave()
        onOver(this)
      },
    })
  }

  end(why: string): void {
    this.#connection.end(why)
  }

  /** Ends it when everything that is under way is answered, after FINISH_MS at the latest. */
  async finish(why: string): Promise<void> {
    if (this.#streams.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#onIdle = resolve
      const timer = setTimeout(resolve, FINISH_MS)
      await promise
      clearTimeout(timer)
    }
    // the last answer leaves at the end of this turn
    setImmediate(() => setImmediate(() => this.end(why)))
  }

  #ended(stream: number): void {
    this.#streams.delete(stream)
    if (this.#streams.size === 0) this.#onIdle?.()
  }

  #take(frame: Frame): string | null {
    if (frame.kind !== 'request') {
      // answered, or given up, while it was on its way
      return this.#streams.get(frame.stream)?.take(frame) ?? null
    }
    if (this.#streams.size >= STREAMS_MAX) return `more than ${STREAMS_MAX} streams`
    if (this.#streams.has(frame.stream)) return `stream ${frame.stream} twice`
    const stream = new Stream(frame, this.#connection.outbox, () => this.#ended(frame.stream))
    const asked = stream.asked(frame)
    if (asked === null) return 'a request that is none'
    this.#streams.set(frame.stream, stream)
    void this.#reception(asked).then(reply => stream.answer(reply))
    return this.#connection.isFull ? 'the peer takes nothing' : null
  }
}

/** One request under way. */
class Stream {
  readonly #number: number
  readonly #outbox: Outbox
  readonly #ended: () => void
  #leaving: AbortController | null = null
  #left = false
  #receiving: Receiving | null = null
  #sending: Sending | null = null
  #cancelReply: (() => void) | null = null

  constructor(frame: Frame, outbox: Outbox, ended: () => void) {
    this.#number = frame.stream
    this.#outbox = outbox
    this.#ended = ended
  }

  /** Null where it is no request. */
  asked(frame: Extract<Frame, { kind: 'request' }>): Asked | null {
    const lines = frame.head.split('\n')
    const [method, target] = lines
    if (method === undefined || target === undefined || lines.length % 2 !== 0) return null
    const receiving = frame.end ? null : this.#receive()
    // the store may keep the bytes, or hand them to a thread: they get memory of their own
    const bytes = frame.end ? new Uint8Array(frame.body).buffer : null
    const signal = (): AbortSignal => this.#signal()
    const request: BareRequest = {
      method,
      headers: new HeadFields(lines, 2),
      body: receiving?.stream ?? null,
      arrayBuffer: () => (bytes === null ? new Response(receiving?.stream).arrayBuffer() : Promise.resolve(bytes)),
      // seldom asked for: most requests never have an AbortController
      get signal() {
        return signal()
      },
    }
    return { request, target }
  }

  /** A sentence where the asker must not say that. */
  take(frame: Exclude<Frame, { kind: 'request' }>): string | null {
    switch (frame.kind) {
      case 'data':
        if (this.#receiving === null) return 'a body where none was announced'
        if (!this.#receiving.take(frame.bytes)) return 'more of a body than there was room for'
        if (frame.end) this.#receiving.close()
        return null
      case 'credit':
        this.#sending?.add(frame.bytes)
        return null
      case 'cancel':
        this.leave()
        return null
      case 'answer':
        return 'an answer from the one that asks'
    }
  }

  answer({ status, fields, body }: Reply): void {
    if (this.#left) {
      if (body instanceof ReadableStream) void body.cancel()
      return
    }
    const head = linesOf(fields)
    if (head === null) {
      this.#outbox.cancel(this.#number)
      return this.#end()
    }
    if (body instanceof ReadableStream) return this.#stream(status, head, body)
    if (body === null || body.length <= INLINE_BYTES_MAX) {
      this.#outbox.answer(this.#number, true, status, head, body)
      this.#end()
      return
    }
    this.#outbox.answer(this.#number, false, status, head, null)
    void this.#send(once(body))
  }

  /** The asker is gone, or wants no answer. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    this.#leaving?.abort()
    this.#receiving?.fail(new Error('the peer left'))
    this.#sending?.stop()
    this.#cancelReply?.()
    this.#end()
  }

  #signal(): AbortSignal {
    this.#leaving ??= new AbortController()
    if (this.#left) this.#leaving.abort()
    return this.#leaving.signal
  }

  #receive(): Receiving {
    const grant = (bytes: number): void => {
      if (!this.#left) this.#outbox.credit(this.#number, bytes)
    }
    this.#receiving = new Receiving(0, grant, () => undefined)
    return this.#receiving
  }

  #stream(status: number, head: string, body: ReadableStream<Uint8Array>): void {
    this.#outbox.answer(this.#number, false, status, head, null)
    const reader = body.getReader()
    // the source may be slow: it is not waited for
    this.#cancelReply = () => void reader.cancel().catch(() => undefined)
    void this.#send(chunksOf(reader))
  }

  /** Breaks off where the source does: the asker must not take a part for the whole. */
  async #send(source: AsyncIterable<Uint8Array>): Promise<void> {
    const sending = new Sending({ data: (end, bytes) => this.#outbox.data(this.#number, end, bytes) }, WINDOW_BYTES)
    this.#sending = sending
    try {
      await sending.send(source)
    } catch {
      if (!this.#left) this.#outbox.cancel(this.#number)
    }
    this.#end()
  }

  #end(): void {
    this.#receiving?.fail(new Error('the request was answered'))
    this.#ended()
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
}
