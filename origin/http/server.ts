// One HTTP server: limits, answers to what is no HTTP, and an end that no client notices.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { type ProblemFields, type ProblemName, problemStatus, problemText } from '../../router/problem.ts'
import type { TlsFiles } from '../config.ts'
import { answersOf, type HeadLeft, type Incoming } from './answerheads.ts'
import { Connections } from './connections.ts'
import { followTls, readTls } from './tls.ts'

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
/** Of one HTTP/2 connection at once: what browsers open to one host, and more than a page uses. */
const STREAMS_MAX = 128
/** How often a closing server looks for connections that have become idle. */
const CLOSING_LOOK_MS = 50

export type Outgoing = ServerResponse | Http2ServerResponse

export type ServerOptions = {
  readonly host: string
  /** 0 takes a free one */
  readonly port: number
  /** what Server-Timing calls the time spent here */
  readonly timing: string
  readonly onRequest: (incoming: Incoming, outgoing: Outgoing) => void
  readonly upgrade: UpgradeOptions | null
  /** told as an answer's head leaves */
  readonly answered?: HeadLeft
  /** null speaks plain HTTP/1.1; with certificates HTTP/2 too, unless connections are upgraded here */
  readonly tls: TlsFiles | null
  /** that new certificates cannot be used */
  readonly onError: (error: unknown) => void
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
  /**
   * From now on each answer is the last one of its connection; new connections are still taken. Ends it again by the
   * function that it returns. @param address connections that came to it alone
   */
  part(address?: string): () => void
  /** Closes those connections as they become idle. Resolves when none is left, in `withinMs` at the latest. */
  emptied(withinMs: number, address?: string): Promise<void>
  /** Stops accepting at once. Resolves when the last connection is gone but upgraded ones, in `graceMs` at the latest. */
  close(options: CloseOptions): Promise<void>
}

/** A sentence for the person who starts the origin. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

export async function startServer(options: ServerOptions): Promise<Listening> {
  const { host, port, onRequest, upgrade, tls, onError } = options
  const connections = new Connections()
  const upgraded = new Set<Duplex>()
  const server = serverOf(options, connections)
  const endFollowing =
    tls === null || !('setSecureContext' in server)
      ? () => {}
      : followTls(tls, material => server.setSecureContext(material), onError)
  if ('maxHeadersCount' in server) server.maxHeadersCount = HEADERS_MAX
  server.maxConnections = CONNECTIONS_MAX
  server.setTimeout(SILENCE_MS)
  server.on('clientError', answerBroken)
  server.on('checkContinue', (incoming: Incoming, outgoing: Outgoing) => {
    // a body is asked for once somebody reads it: who is refused by the head alone need not send it
    incoming.once('resume', () => {
      if (!outgoing.headersSent) outgoing.writeContinue()
    })
    onRequest(incoming, outgoing)
  })
  server.on('checkExpectation', (_incoming: Incoming, outgoing: Outgoing) => {
    outgoing.statusCode = problemStatus('expectation-failed')
    outgoing.setHeader('Content-Type', 'application/problem+json')
    outgoing.end(problemText('expectation-failed'))
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
    part: address => connections.part(address),
    emptied: (withinMs, address) => connections.emptied(withinMs, address),
    close({ lingerMs, graceMs }) {
      connections.part()
      endFollowing()
      return closed(server, connections, { lingerMs, graceMs }, upgraded)
    },
  }
}

type AnyServer = Server | TlsServer | Http2SecureServer

/** Plain, TLS, or TLS with HTTP/2: the same limits and the same answers. */
function serverOf(options: ServerOptions, connections: Connections): AnyServer {
  const { timing, onRequest, upgrade, tls, answered: left } = options
  const { Answer, Answer2 } = answersOf({ timing, connections, left })
  const limits = {
    maxHeaderSize: HEAD_BYTES_MAX,
    headersTimeout: HEAD_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    shouldUpgradeCallback: (incoming: IncomingMessage) => upgrade?.paths.some(path => pathIs(incoming, path)) === true,
  }
  if (tls === null) {
    const server = createServer({ ServerResponse: Answer, ...limits }, onRequest)
    return server.on('connection', (socket: Socket) => connections.opened(socket))
  }
  const asked = { requestCert: tls.ca !== null, rejectUnauthorized: tls.ca !== null, minVersion: 'TLSv1.2' } as const
  const secure = { ...readTls(tls), ...asked, handshakeTimeout: HEAD_MS }
  if (upgrade !== null) {
    const server = createTlsServer({ ServerResponse: Answer, ...limits, ...secure }, onRequest)
    return server.on('secureConnection', (socket: TLSSocket) => connections.opened(socket))
  }
  const http1Options = { ServerResponse: Answer, ...limits }
  const settings = { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: HEAD_BYTES_MAX }
  const http2 = { allowHTTP1: true, http1Options, Http2ServerResponse: Answer2, settings }
  const server = createSecureServer({ ...secure, ...limits, ...http2 }, onRequest)
  server.on('secureConnection', (socket: TLSSocket) => connections.opened(socket, socket.alpnProtocol === 'h2'))
  server.on('session', (session: ServerHttp2Session) => connections.began(session))
  return server
}

function pathIs(incoming: IncomingMessage, path: string): boolean {
  const url = incoming.url ?? ''
  return url === path || url.startsWith(`${path}?`)
}

function listening(server: AnyServer, host: string, port: number): Promise<AddressInfo> {
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
function closed(
  server: AnyServer,
  connections: Connections,
  { lingerMs, graceMs }: CloseOptions,
  upgraded: ReadonlySet<Duplex>,
): Promise<void> {
  return new Promise(resolve => {
    let look: NodeJS.Timeout | null = null
    const lookAround = (): void => {
      connections.closeIdle(0)
      server.getConnections((_, count) => {
        if (count <= upgraded.size) ended()
      })
    }
    const linger = setTimeout(() => {
      lookAround()
      look = setInterval(lookAround, CLOSING_LOOK_MS)
    }, lingerMs)
    const grace = setTimeout(() => {
      connections.closeAll()
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
