// One HTTP server: limits, answers to what is no HTTP, and an end that no client notices.
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ProblemFields, type ProblemName, problemStatus, problemText } from '../../router/problem.ts'
import { TRACE_HEADER } from '../../router/trace.ts'
import { traceparentOf } from './wire.ts'

/** A request's head; Node's own default, said aloud. */
const HEAD_BYTES_MAX = 16 * 1024
const HEADERS_MAX = 200
/** The head of a request must arrive within this, all of it within the next. */
const HEAD_MS = 10_000
const REQUEST_MS = 60_000
const CHECK_MS = 1_000
/** Longer than load balancers and our own forwarder keep idle connections: it is they who close them. */
const KEEP_ALIVE_MS = 65_000
/** A connection on which nothing moves, whatever the reason. Above everything that a request may wait for. */
const SILENCE_MS = 120_000
const CONNECTIONS_MAX = 20_000
/** Bodies up to this are written together with their head: a copy is cheaper than a second part of a write. */
const JOINED_BYTES_MAX = 16 * 1024
/** How often a closing server looks for connections that have become idle. */
const CLOSING_LOOK_MS = 50

type HeadersOut = OutgoingHttpHeaders | OutgoingHttpHeader[]

export type ServerOptions = {
  readonly host: string
  /** 0 takes a free one */
  readonly port: number
  /** what Server-Timing calls the time spent here */
  readonly timing: string
  readonly onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void
  /** where the request asks for `Expect: 100-continue`: true where its body is welcome */
  readonly wantsBody: (incoming: IncomingMessage) => boolean
  readonly upgrade: UpgradeOptions | null
}

export type UpgradeOptions = {
  readonly paths: readonly string[]
  readonly onUpgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void
}

export type CloseOptions = {
  /** for this long, requests on open connections are still answered, with `Connection: close` */
  readonly lingerMs: number
  /** after this, whatever is left is cut */
  readonly graceMs: number
}

export type Listening = {
  readonly host: string
  readonly port: number
  /** Stops accepting at once. Resolves when the last connection is gone but upgraded ones, in `graceMs` at the latest. */
  close(options: CloseOptions): Promise<void>
}

/** A sentence for the person who starts the origin. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

export async function startServer(options: ServerOptions): Promise<Listening> {
  const { host, port, timing, onRequest, wantsBody, upgrade } = options
  let closing = false
  const upgraded = new Set<Duplex>()

  /**
   * Every answer's head passes here last: it says goodbye when the server closes, how long it took, and its trace.
   * Added to the record that is written anyway: on the Response itself they would cost a Headers object each.
   */
  class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    readonly #since = performance.now()

    override writeHead(status: number, reason?: string, headers?: HeadersOut): this
    override writeHead(status: number, headers?: HeadersOut): this
    override writeHead(status: number, reason?: string | HeadersOut, headers?: HeadersOut): this {
      if (closing) this.shouldKeepAlive = false
      return typeof reason === 'string'
        ? super.writeHead(status, reason, this.#completed(headers))
        : super.writeHead(status, this.#completed(reason))
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

    #completed(headers: HeadersOut | undefined): HeadersOut {
      const took = `${timing};dur=${(performance.now() - this.#since).toFixed(2)}`
      const trace = traceparentOf(this.req)
      if (Array.isArray(headers)) return [...headers, 'server-timing', took, TRACE_HEADER, trace]
      const earlier = headers?.['server-timing']
      return {
        ...headers,
        'server-timing': earlier === undefined ? took : `${String(earlier)}, ${took}`,
        [TRACE_HEADER]: trace,
      }
    }
  }

  const server = createServer(
    {
      ServerResponse: Answer,
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: HEAD_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      shouldUpgradeCallback: incoming => upgrade?.paths.some(path => pathIs(incoming, path)) === true,
    },
    onRequest,
  )
  server.maxHeadersCount = HEADERS_MAX
  server.maxConnections = CONNECTIONS_MAX
  server.setTimeout(SILENCE_MS)
  server.on('clientError', answerBroken)
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (wantsBody(incoming)) outgoing.writeContinue()
    onRequest(incoming, outgoing)
  })
  if (upgrade !== null) {
    server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      upgrade.onUpgrade(incoming, socket, head)
    })
  }
  const address = await listening(server, host, port)

  return {
    host,
    port: address.port,
    close({ lingerMs, graceMs }) {
      closing = true
      return closed(server, lingerMs, graceMs, upgraded)
    },
  }
}

function pathIs(incoming: IncomingMessage, path: string): boolean {
  const url = incoming.url ?? ''
  return url === path || url.startsWith(`${path}?`)
}

function listening(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(new ListenError(sentence(error, host, port)))
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new ListenError(`No port was given for ${host}.`))
      else resolve(address)
    })
  })
}

function sentence(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is already in use: another process listens there.`
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this host, so port ${port} cannot be opened there.`
    case 'EACCES':
      return `Port ${port} on ${host} may not be opened by this user.`
    default:
      return `Port ${port} on ${host} could not be opened: ${error.code ?? error.message}.`
  }
}

/**
 * Node's own close cuts idle connections at once, and with them a request that is just arriving: linger first. It also
 * waits for upgraded ones, which belong to others: the last requests may need the link that is one of them.
 */
function closed(server: Server, lingerMs: number, graceMs: number, upgraded: ReadonlySet<Duplex>): Promise<void> {
  return new Promise(resolve => {
    let look: NodeJS.Timeout | null = null
    const lookAround = (): void => {
      server.closeIdleConnections()
      server.getConnections((_, count) => {
        if (count <= upgraded.size) ended()
      })
    }
    const linger = setTimeout(() => {
      lookAround()
      look = setInterval(lookAround, CLOSING_LOOK_MS)
    }, lingerMs)
    const grace = setTimeout(() => {
      server.closeAllConnections()
      for (const socket of upgraded) socket.destroy()
    }, graceMs)
    const ended = (): void => {
      clearTimeout(linger)
      clearTimeout(grace)
      if (look !== null) clearInterval(look)
      // what is left of Node's own close: its timer for slow requests
      server.close()
      resolve()
    }
    NetServer.prototype.close.call(server, ended)
  })
}

/** What is no HTTP gets an answer where one can still be given. */
function answerBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy()
    return
  }
  socket.end(brokenAnswer(error.code))
}

function brokenAnswer(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return rawProblem('headers-too-large')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return rawProblem('request-timeout')
    default:
      return rawProblem('bad-request')
  }
}

/** A whole HTTP/1.1 answer, for a socket that has no ServerResponse; the connection ends with it. */
export function rawProblem(name: ProblemName, fields: ProblemFields = {}): string {
  const body = problemText(name, fields)
  const lines = [
    `HTTP/1.1 ${problemStatus(name)} ${name}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
