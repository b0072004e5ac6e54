// A request's body as routing sees it: absent, in memory (so it can be sent again), or a stream that flows once.
import type { BareRequest } from './call.ts'

/** Bodies up to this are read before routing: small enough to hold for every parked request, large enough for most documents. */
export const REPLAY_BYTES_MAX = 64 * 1024

export type Body = { readonly kind: 'none' } | { readonly kind: 'bytes'; readonly bytes: Uint8Array } | StreamBody

export const NO_BODY: Body = { kind: 'none' }

/** The body that stays in the client's socket until somebody pulls at it. */
export class StreamBody {
  readonly kind = 'stream'
  /** from Content-Length; null where the client does not say */
  readonly length: number | null
  readonly #request: BareRequest
  #touched = false

  constructor(request: BareRequest, length: number | null) {
    this.#request = request
    this.length = length
  }

  /** Once true, some of it may be gone: it cannot be sent to anybody else. */
  get touched(): boolean {
    return this.#touched
  }

  /** The stream itself, for a runtime that moves bytes without looking at them. Null where there is none after all. */
  stream(): ReadableStream<Uint8Array> | null {
    this.#touched = true
    return this.#request.body
  }

  /** Chunk by chunk, with back-pressure; nothing is read before the first `next`. Rejects when the client breaks off. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#touched = true
    const stream = this.#request.body
    if (stream === null) return
    const reader = stream.getReader()
    let ended = false
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) {
          ended = true
          return
        }
        yield value
      }
    } finally {
      if (!ended) await reader.cancel().catch(ignoreClosed)
    }
  }

  /** All of it, or null as soon as it is longer than `bytesMax`; the rest is then left unread. */
  async whole(bytesMax: number): Promise<Uint8Array | null> {
    if (this.length !== null) {
      this.#touched = true
      return this.length > bytesMax ? null : new Uint8Array(await this.#request.arrayBuffer())
    }
    const chunks: Uint8Array[] = []
    let total = 0
    for await (const chunk of this.chunks()) {
      total += chunk.length
      if (total > bytesMax) return null
      chunks.push(chunk)
    }
    const bytes = new Uint8Array(total)
    let at = 0
    for (const chunk of chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return bytes
  }
}

/** A stream that already failed cannot be cancelled; its failure was reported by the read. */
const ignoreClosed = (): void => {}

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly length: number }
  | { readonly kind: 'unsized' }

/** How long a request's body is, by its headers alone (RFC 9112 6.3). Null where Content-Length is no number. */
export function framingOf(request: BareRequest): Framing | null {
  const method = request.method
  if (method === 'GET' || method === 'HEAD') return { kind: 'none' }
  const length = request.headers.get('content-length')
  if (length !== null) {
    if (!/^[0-9]{1,15}$/.test(length)) return null
    return length === '0' ? { kind: 'none' } : { kind: 'sized', length: Number(length) }
  }
  if (request.headers.has('transfer-encoding')) return { kind: 'unsized' }
  // HTTP/2 needs neither header: ask the stream, but only where a body is usual
  const usual = method === 'PUT' || method === 'POST' || method === 'PATCH'
  return usual && request.body !== null ? { kind: 'unsized' } : { kind: 'none' }
}

/** Reads a small body, keeps a longer one where it is. */
export async function takeBody(request: BareRequest, framing: Framing): Promise<Body> {
  if (framing.kind === 'none') return NO_BODY
  if (framing.kind === 'unsized') return new StreamBody(request, null)
  if (framing.length > REPLAY_BYTES_MAX) return new StreamBody(request, framing.length)
  return { kind: 'bytes', bytes: new Uint8Array(await request.arrayBuffer()) }
}
