// The head of every answer passes here last: how long it took, its trace, and whether its connection ends with it. Added to
// the record that is written anyway: on the Response itself they would cost a Headers object each.
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http'
import { type Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { TRACE_HEADER } from '../../router/trace.ts'
import type { Connections } from './connections.ts'
import { traceparentOf } from './wire.ts'

type HeadersOut = OutgoingHttpHeaders | OutgoingHttpHeader[]
type Headers2Out = OutgoingHttpHeaders | readonly string[]

/** @param timing what Server-Timing calls the time spent here */
export function answersOf(timing: string, connections: Connections) {
  type Asked = { readonly headers: IncomingHttpHeaders }
  const tookSince = (since: number): string => `${timing};dur=${(performance.now() - since).toFixed(2)}`
  const inRecord = (headers: OutgoingHttpHeaders | undefined, request: Asked, since: number): OutgoingHttpHeaders => {
    const took = tookSince(since)
    const earlier = headers?.['server-timing']
    return {
      ...headers,
      'server-timing': earlier === undefined ? took : `${String(earlier)}, ${took}`,
      [TRACE_HEADER]: traceparentOf(request),
    }
  }
  const inList = (request: Asked, since: number): string[] => [
    'server-timing',
    tookSince(since),
    TRACE_HEADER,
    traceparentOf(request),
  ]
  const completed = (headers: HeadersOut | undefined, request: Asked, since: number): HeadersOut =>
    Array.isArray(headers) ? [...headers, ...inList(request, since)] : inRecord(headers, request, since)

  class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    readonly #since = performance.now()

    override writeHead(status: number, reason?: string, headers?: HeadersOut): this
    override writeHead(status: number, headers?: HeadersOut): this
    override writeHead(status: number, reason?: string | HeadersOut, headers?: HeadersOut): this {
      if (connections.parts(this.socket)) this.shouldKeepAlive = false
      return typeof reason === 'string'
        ? super.writeHead(status, reason, completed(headers, this.req, this.#since))
        : super.writeHead(status, completed(reason, this.req, this.#since))
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
      return isList(given)
        ? super.writeHead(status, [...given, ...inList(this.req, this.#since)])
        : super.writeHead(status, inRecord(given, this.req, this.#since))
    }
  }
  return { Answer, Answer2 }
}

const isList = (headers: Headers2Out | undefined): headers is readonly string[] => Array.isArray(headers)
