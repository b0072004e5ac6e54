// The head of every answer passes here last: how long it took, its trace, and whether its connection ends with it. Added to
// the record that is written anyway: on the Response itself they would cost a Headers object each.
import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { TRACE_HEADER } from '../../router/trace.ts'
import type { Connections } from './connections.ts'
import { traceparentOf } from './wire.ts'

/** Bodies up to this are written together with their head: a copy is cheaper than a second part of a write. */
const JOINED_BYTES_MAX = 16 * 1024

/** A request of either version of HTTP. */
export type Incoming = IncomingMessage | Http2ServerRequest

type HeadersOut = OutgoingHttpHeaders | OutgoingHttpHeader[]
type Headers2Out = OutgoingHttpHeaders | readonly string[]

/** Told as an answer's head leaves. */
export type HeadLeft = (incoming: Incoming, status: number, tookMs: number) => void

export type AnswerOptions = {
  /** what Server-Timing calls the time spent here */
  readonly timing: string
  readonly connections: Connections
  readonly left: HeadLeft | undefined
}

export function answersOf({ timing, connections, left }: AnswerOptions) {
  const leaves = (incoming: Incoming, status: number, since: number): string => {
    const tookMs = performance.now() - since
    left?.(incoming, status, tookMs)
    return `${timing};dur=${tookMs.toFixed(2)}`
  }
  const inRecord = (headers: OutgoingHttpHeaders | undefined, request: Incoming, took: string): OutgoingHttpHeaders => {
    const earlier = headers?.['server-timing']
    return {
      ...headers,
      'server-timing': earlier === undefined ? took : `${String(earlier)}, ${took}`,
      [TRACE_HEADER]: traceparentOf(request),
    }
  }
  const inList = (request: Incoming, took: string): string[] => [
    'server-timing',
    took,
    TRACE_HEADER,
    traceparentOf(request),
  ]
  const completed = (headers: HeadersOut | undefined, request: Incoming, took: string): HeadersOut =>
    Array.isArray(headers) ? [...headers, ...inList(request, took)] : inRecord(headers, request, took)

  class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    readonly #since = performance.now()

    override writeHead(status: number, reason?: string, headers?: HeadersOut): this
    override writeHead(status: number, headers?: HeadersOut): this
    override writeHead(status: number, reason?: string | HeadersOut, headers?: HeadersOut): this {
      if (connections.parts(this.socket)) this.shouldKeepAlive = false
      const took = leaves(this.req, status, this.#since)
      return typeof reason === 'string'
        ? super.writeHead(status, reason, completed(headers, this.req, took))
        : super.writeHead(status, completed(reason, this.req, took))
    }

    /** Node joins a head and a text to one write, but not a head and bytes. Latin-1 keeps every byte as it is. */
    override end(done?: () => void): this
    override end(chunk: unknown, done?: () => void): this
    override end(chunk: unknown, encoding: BufferEncoding, done?: () => void): this
    override end(chunk?: unknown, encoding?: BufferEncoding | (() => void), done?: () => void): this {
      if (chunk instanceof Uint8Array && chunk.length <= JOINED_BYTES_MAX && encoding === undefined)
        return super.end(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1'), 'latin1')
      if (typeof encoding === 'string') return super.end(chunk, encoding, done)
      return typeof chunk === 'function' ? super.end(chunk) : super.end(chunk, encoding)
    }

    override assignSocket(socket: Socket): void {
      connections.asked(socket)
      super.assignSocket(socket)
    }

    override detachSocket(socket: Socket): void {
      connections.answered(socket)
      super.detachSocket(socket)
    }
  }

  /** HTTP/2 has neither reasons nor an end of the connection with an answer: its sessions say goodbye themselves. */
  class Answer2<Request extends Http2ServerRequest = Http2ServerRequest> extends Http2ServerResponse<Request> {
    readonly #since = performance.now()

    override writeHead(status: number, headers?: Headers2Out): this
    override writeHead(status: number, reason: string, headers?: Headers2Out): this
    override writeHead(status: number, reason?: string | Headers2Out, headers?: Headers2Out): this {
      const given = typeof reason === 'string' ? headers : reason
      const took = leaves(this.req, status, this.#since)
      return isList(given)
        ? super.writeHead(status, [...given, ...inList(this.req, took)])
        : super.writeHead(status, inRecord(given, this.req, took))
    }
  }
  return { Answer, Answer2 }
}

const isList = (headers: Headers2Out | undefined): headers is readonly string[] => Array.isArray(headers)
