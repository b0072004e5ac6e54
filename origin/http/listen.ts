// The two doors of an origin: the public one for clients, the private one for the peer and for operators.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { LINK } from '../../replicator/link/proof.ts'
import type { Wire, WireEnv } from '../../router/app.ts'
import { originForm, pathOf } from '../../router/key.ts'
import { FORWARDED_HEADER, PRIVATE_CHALLENGE } from '../../router/private.ts'
import { problem } from '../../router/problem.ts'
import type { TlsFiles } from '../config.ts'
import { STREAMS } from '../streams/streams.ts'
import type { Incoming } from './answerheads.ts'
import type { Caller, PrivateEnv } from './caller.ts'
import type { ForwardedHandler } from './forwarded.ts'
import { type ProxyTrust, proxyTrust } from './proxies.ts'
import type { Answered } from './requestlog.ts'
import { secretCheck } from './secret.ts'
import { type Listening, type Outgoing, type ServerOptions, startServer } from './server.ts'
import { NodeWire } from './wire.ts'

/** What Server-Timing calls the time of the origin that answers. */
export const PRIMARY_TIMING = 'primary'
const UPGRADE_PATHS: readonly string[] = [LINK.path, STREAMS.path]

/** A Hono app, or what answers like one. */
type Fetch<Env> = (request: Request, env: Env) => Response | Promise<Response>

export type PublicOptions = {
  readonly host: string
  readonly port: number
  readonly app: { readonly fetch: Fetch<WireEnv['Bindings']> }
  readonly trust: ProxyTrust
  readonly answered?: Answered
  /** absent: plain HTTP/1.1 */
  readonly tls?: TlsFiles | null
  readonly onError: (error: unknown) => void
}

export function listenPublic(options: PublicOptions): Promise<Listening> {
  const { host, port, app, trust, tls = null, onError, answered } = options
  const onRequest = adapter(trust, onError, (request, wire) => app.fetch(request, { wire }))
  return startServer({
    host,
    port,
    timing: 'router',
    onRequest,
    upgrade: null,
    ...toldOf(answered, 'public'),
    tls,
    onError,
  })
}

export type PrivateOptions = {
  readonly host: string
  readonly port: number
  readonly secret: string
  /** absent: plain HTTP/1.1; with `ca`, the peer and operators show certificates */
  readonly tls?: TlsFiles | null
  /** answers what the peer forwarded */
  readonly forwarded: ForwardedHandler
  /** opens what only reads for those who watch: `/metrics` and the status */
  readonly viewerSecret?: string | null
  /** `/_tandem/*`, `/metrics`, `/dashboard`: sees requests that know a secret, or a session made with one, alone */
  readonly control: { readonly fetch: Fetch<PrivateEnv['Bindings']> }
  /** absent: there are no sessions, the secret's header alone opens */
  readonly browsers?: BrowserDoor
  readonly answered?: Answered
  /** the peer dials the link, or streams: it proves itself there, since no secret is sent over them */
  readonly onUpgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void
  readonly onError: (error: unknown) => void
}

/** How browsers come in, which can send no header of their own. */
export type BrowserDoor = {
  callerOf(incoming: Incoming, path: string): Caller | null
  stranger(request: Request, wire: Wire): Response | Promise<Response> | null
}

/** A viewer's secret in a header is a monitoring system's: it reads these and nothing else. */
const VIEWER_PATHS: readonly string[] = ['/metrics', '/_tandem/status']

export function listenPrivate(options: PrivateOptions): Promise<Listening> {
  const { host, port, secret, forwarded, control, onUpgrade, onError } = options
  const { viewerSecret = null, browsers, tls = null } = options
  const knowsSecret = secretCheck(secret)
  const knowsViewerSecret = viewerSecret === null ? () => false : secretCheck(viewerSecret)
  const callerOf = (incoming: Incoming, path: string): Caller | null => {
    if (knowsSecret(incoming)) return { via: 'secret', role: 'operator' }
    if (incoming.method === 'GET' && VIEWER_PATHS.includes(path) && knowsViewerSecret(incoming))
      return { via: 'secret', role: 'viewer' }
    return browsers?.callerOf(incoming, path) ?? null
  }
  const onRequest = adapter(NO_PROXIES, onError, (request, wire, incoming) => {
    const path = pathOf(wire.target)
    const caller = callerOf(incoming, path)
    if (caller === null) {
      return (
        browsers?.stranger(request, wire) ??
        problem('unauthorized', {
          detail: 'The private listener needs the cluster secret.',
          headers: { 'WWW-Authenticate': PRIVATE_CHALLENGE },
        })
      )
    }
    if (!path.startsWith('/v1/')) return control.fetch(request, { wire, caller })
    if (incoming.headers[FORWARDED_HEADER] === '1') return forwarded(request, wire.target)
    return problem('not-found', { instance: wire.target, detail: 'Clients use the public listener.' })
  })
  return startServer({
    host,
    port,
    timing: PRIMARY_TIMING,
    onRequest,
    upgrade: { paths: UPGRADE_PATHS, onUpgrade },
    ...toldOf(options.answered, 'private'),
    tls,
    onError,
  })
}

const toldOf = (answered: Answered | undefined, listener: 'public' | 'private'): Pick<ServerOptions, 'answered'> =>
  answered === undefined ? {} : { answered: (incoming, status, tookMs) => answered(listener, incoming, status, tookMs) }

/** Only the peer and operators come to the private listener: nobody's word about a client counts there. */
const NO_PROXIES = proxyTrust([])

type Answer = (request: Request, wire: NodeWire, incoming: Incoming) => Response | Promise<Response>

/**
 * Node's request and answer to Request and Response. Targets that a URL parser would rewrite are refused here, before
 * one sees them.
 */
function adapter(
  trust: ProxyTrust,
  onError: (error: unknown) => void,
  answer: Answer,
): (incoming: Incoming, outgoing: Outgoing) => void {
  const listener = getRequestListener(
    (request, { incoming }) => {
      const target = originForm(incoming.url ?? '')
      if (target === null)
        return problem('bad-request', { detail: 'The request target is malformed or holds dot segments.' })
      return answer(request, new NodeWire(target, incoming, trust), incoming)
    },
    {
      errorHandler: error => {
        if (error instanceof Error && error.name === 'RequestError') {
          return problem('bad-request', { detail: 'The request target or the Host header is malformed.' })
        }
        onError(error)
        return problem('internal')
      },
    },
  )
  return (incoming, outgoing) => {
    void listener(incoming, outgoing)
  }
}
