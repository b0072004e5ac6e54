// One forwarded request and its answer, on a connection of streams. The same outcomes as by pooled HTTP: see
// router/forward.node.ts.
import { AIMED_HEADER } from '../../router/aimed.ts'
import type { Body } from '../../router/body.ts'
import type { Forward, ForwardCall, ForwardResult } from '../../router/call.ts'
import type { ProxyError } from '../../router/journey.ts'
import { Receiving, Sending } from './flow.ts'
import type { Frame } from './frame.ts'
import { linesOf, recordOf } from './head.ts'
import { BODY_SILENCE_MS, INLINE_BYTES_MAX, WINDOW_BYTES } from './limits.ts'
import type { Outbox } from './outbox.ts'

/** What an exchange needs of its connection. */
export type Asking = {
  readonly outbox: Outbox
  /** bytes that came so far */
  received(): number
  /** nothing came at all since it was asked: the other end is gone */
  silent(): void
  ended(exchange: Exchange): void
}

/** Ends the client's answer as well. The server logs it, so it is one line and says no more than is known. */
class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer'
  override readonly stack = undefined

  constructor(why: ProxyError) {
    super(`The peer broke off in the middle of an answer: ${why}.`)
  }
}

type Answering =
  | { readonly kind: 'collecting'; readonly bytes: Uint8Array<ArrayBuffer>; filled: number }
  | { readonly kind: 'streaming'; readonly body: Receiving }

export class Exchange implements Forward {
  readonly result: Promise<ForwardResult>
  readonly abandon: () => void
  readonly stream: number
  readonly inlineBytes: number
  readonly #call: ForwardCall
  readonly #asking: Asking
  readonly #head: string
  readonly #heardBefore: number
  #settle: ((result: ForwardResult) => void) | null = null
  #timer: NodeJS.Timeout | null
  #sent = false
  #over = false
  #sending: Sending | null = null
  #answering: Answering | null = null
  #status = 0
  #headers: Record<string, string | string[]> = {}

  /** Null where no HTTP request can be made of the call. */
  static of(call: ForwardCall, stream: number, asking: Asking): Exchange | null {
    const head = linesOf(partsOf(call))
    return head === null ? null : new Exchange(call, stream, asking, head)
  }

  private constructor(call: ForwardCall, stream: number, asking: Asking, head: string) {
    this.stream = stream
    this.inlineBytes = call.body.kind === 'bytes' ? call.body.bytes.length : 0
    this.#call = call
    this.#asking = asking
    this.#head = head
    this.#heardBefore = asking.received()
    this.result = new Promise(resolve => {
      this.#settle = resolve
    })
    this.abandon = () => this.#giveUp('connection_terminated')
    this.#timer = setTimeout(() => this.#late(), call.answerMs)
  }

  /** At the end of the turn; what was given up before has not left this host. */
  begin(): void {
    if (this.#over) return
    this.#sent = true
    const { outbox } = this.#asking
    const { body } = this.#call
    const bytes = body.kind === 'bytes' ? body.bytes : null
    outbox.request(this.stream, body.kind !== 'stream', this.#head, bytes)
    if (body.kind === 'stream') this.#sendBody(body)
  }

  /** A sentence where the peer must not say that. */
  take(frame: Frame): string | null {
    switch (frame.kind) {
      case 'answer':
        return this.#answer(frame)
      case 'data':
        return this.#data(frame)
      case 'credit':
        this.#sending?.add(frame.bytes)
        return null
      case 'cancel':
        this.#broken('connection_terminated')
        return null
      case 'request':
        return 'a request from the one that is asked'
    }
  }

  /** The connection is gone. */
  lost(): void {
    this.#broken('connection_terminated')
  }

  #answer({ status, head, end, body }: Extract<Frame, { kind: 'answer' }>): string | null {
    const headers = recordOf(head)
    if (headers === null || status < 200 || status > 599 || this.#status !== 0) return 'an answer that is none'
    this.#status = status
    this.#headers = headers
    if (end) {
      // a view of the connection's chunk, which would keep all of it
      const bytes = body.length === 0 && this.#isBodiless(status) ? null : new Uint8Array(body)
      this.#finish({ kind: 'response', status, headers, body: bytes })
      return null
    }
    const length = Number(headers['content-length'])
    if (length <= INLINE_BYTES_MAX) {
      this.#answering = { kind: 'collecting', bytes: new Uint8Array(length), filled: 0 }
      return null
    }
    const receiving = new Receiving(
      WINDOW_BYTES,
      bytes => this.#asking.outbox.credit(this.stream, bytes),
      () => this.#leave(),
    )
    this.#answering = { kind: 'streaming', body: receiving }
    this.#settleWith({ kind: 'response', status, headers, body: receiving.stream })
    this.#timer = setTimeout(() => this.#silence(), BODY_SILENCE_MS)
    return null
  }

  #isBodiless(status: number): boolean {
    return this.#call.method === 'HEAD' || status === 204 || status === 304
  }

  #data({ bytes, end }: Extract<Frame, { kind: 'data' }>): string | null {
    const answering = this.#answering
    if (answering === null) return 'a body before its head'
    if (answering.kind === 'collecting') {
      if (answering.filled + bytes.length > answering.bytes.length) return 'a body that is longer than it says'
      answering.bytes.set(bytes, answering.filled)
      answering.filled += bytes.length
      if (!end) return null
      if (answering.filled < answering.bytes.length) this.#broken('connection_terminated')
      else this.#finish({ kind: 'response', status: this.#status, headers: this.#headers, body: answering.bytes })
      return null
    }
    this.#timer?.refresh()
    if (!answering.body.take(bytes)) return 'more of a body than there was room for'
    if (end) {
      answering.body.close()
      this.#end()
    }
    return null
  }

  #sendBody(body: Extract<Body, { kind: 'stream' }>): void {
    const { outbox } = this.#asking
    // no credit yet: the peer gives some when it wants the body
    const sending = new Sending({ data: (end, bytes) => outbox.data(this.stream, end, bytes) }, 0)
    this.#sending = sending
    sending.send(body.chunks()).catch(() => {
      // the client broke off: its router gives up too, and says so to nobody
      this.abandon()
    })
  }

  #late(): void {
    const silent = this.#sent && this.#asking.received() === this.#heardBefore
    this.#giveUp('http_response_timeout')
    if (silent) this.#asking.silent()
  }

  #silence(): void {
    if (this.#answering?.kind !== 'streaming') return
    // it is the client that does not read: the peer is not to blame
    if (!this.#answering.body.isWanted) {
      this.#timer = setTimeout(() => this.#silence(), BODY_SILENCE_MS)
      return
    }
    this.#answering.body.fail(new BrokenAnswer('http_response_timeout'))
    this.#leave()
  }

  /** Before its first byte left it never will; after that the peer is told. */
  #giveUp(why: ProxyError): void {
    if (this.#over || this.#settle === null) return
    if (this.#sent) this.#asking.outbox.cancel(this.stream)
    this.#broken(why)
  }

  /** The client has left in the middle of its answer. */
  #leave(): void {
    if (this.#over) return
    this.#asking.outbox.cancel(this.stream)
    this.#end()
  }

  #broken(why: ProxyError): void {
    if (this.#over) return
    if (this.#answering?.kind === 'streaming') {
      this.#answering.body.fail(new BrokenAnswer(why))
      this.#end()
      return
    }
    this.#finish({ kind: this.#sent ? 'broken' : 'notSent', why })
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
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#sending?.stop()
    this.#asking.ended(this)
  }
}

function partsOf({ method, target, headers, body, aimed }: ForwardCall): string[] {
  const parts = [method, target, ...headers]
  if (aimed !== null) parts.push(AIMED_HEADER, String(aimed))
  if (body.kind === 'bytes') parts.push('Content-Length', String(body.bytes.length))
  else if (body.kind === 'stream' && body.length !== null) parts.push('Content-Length', String(body.length))
  else if (body.kind === 'stream') parts.push('Transfer-Encoding', 'chunked')
  return parts
}
