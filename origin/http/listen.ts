// The two doors of an origin: the public one for clients, the private one for the peer and for operators.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { admit } from '../../router/admit.ts'
import { AIMED_HEADER, parseEpoch } from '../../router/aimed.ts'
import type { Wire, WireEnv } from '../../router/app.ts'
import { takeBody } from '../../router/body.ts'
import { originForm, pathOf } from '../../router/key.ts'
import { MINTED_KEY_HEADER, type Seal, unsealed } from '../../router/minted.ts'
import { FORWARDED_HEADER, PRIVATE_CHALLENGE } from '../../router/private.ts'
import { forWrite, problem } from '../../router/problem.ts'
import type { Caller, PrivateEnv } from './caller.ts'
import type { DocumentsHandler } from './documents.ts'
import { type ProxyTrust, proxyTrust } from './proxies.ts'
import type { Answered } from './requestlog.ts'
import { secretCheck } from './secret.ts'
import { type Listening, type ServerOptions, startServer } from './server.ts'
import { NodeWire } from './wire.ts'

export const LINK_PATH = '/_tandem/link'

/** A Hono app, or what answers like one. */
type Fetch<Env> = (request: Request, env: Env) => Response | Promise<Response>

export type PublicOptions = {
  readonly host: string
  readonly port: number
  readonly app: { readonly fetch: Fetch<WireEnv['Bindings']> }
  readonly trust: ProxyTrust
  readonly answered?: Answered
  readonly bodyBytesMax: number
  readonly onError: (error: unknown) => void
}

export function listenPublic(options: PublicOptions): Promise<Listening> {
  const { host, port, app, trust, bodyBytesMax, onError, answered } = options
  const onRequest = adapter(trust, onError, (request, wire) => app.fetch(request, { wire }))
  return startServer({
    host,
    port,
    timing: 'router',
    onRequest,
    wantsBody: wantsBody(bodyBytesMax),
    upgrade: null,
    ...toldOf(answered, 'public'),
  })
}

export type PrivateOptions = {
  readonly host: string
  readonly port: number
  readonly secret: string
  /** answers what the peer forwarded */
  readonly documents: DocumentsHandler
  /** knows the keys that the peer's router minted */
  readonly seal: Seal
  readonly bodyBytesMax: number
  /** opens what only reads for those who watch: `/metrics` and the status */
  readonly viewerSecret?: string | null
  /** `/_tandem/*`, `/metrics`, `/dashboard`: sees requests that know a secret, or a session made with one, alone */
  readonly control: { readonly fetch: Fetch<PrivateEnv['Bindings']> }
  /** absent: there are no sessions, the secret's header alone opens */
  readonly browsers?: BrowserDoor
  readonly answered?: Answered
  /** the peer dials the link: proves itself there, since no secret is sent over it */
  readonly onUpgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void
  readonly onError: (error: unknown) => void
}

/** How browsers come in, which can send no header of their own. */
export type BrowserDoor = {
  callerOf(incoming: IncomingMessage, path: string): Caller | null
  stranger(request: Request, wire: Wire): Response | Promise<Response> | null
}

/** A viewer's secret in a header is a monitoring system's: it reads these and nothing else. */
const VIEWER_PATHS: readonly string[] = ['/metrics', '/_tandem/status']

export function listenPrivate(options: PrivateOptions): Promise<Listening> {
  const { host, port, secret, documents, seal, bodyBytesMax, control, onUpgrade, onError } = options
  const { viewerSecret = null, browsers } = options
  const knowsSecret = secretCheck(secret)
  const knowsViewerSecret = viewerSecret === null ? () => false : secretCheck(viewerSecret)
  const callerOf = (incoming: IncomingMessage, path: string): Caller | null => {
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
    timing: 'primary',
    onRequest,
    wantsBody: wantsBody(bodyBytesMax),
    upgrade: { path: LINK_PATH, onUpgrade },
    ...toldOf(options.answered, 'private'),
  })

  /** Routed already: answered here, or refused with 421, never sent on. */
  async function forwarded(request: Request, target: string): Promise<Response> {
    const admission = admit(request, target, bodyBytesMax)
    if (admission.kind === 'refused') return admission.response
    const { resource, shard, framing } = admission
    try {
      const header = request.headers.get(MINTED_KEY_HEADER)
      const minted = header === null ? null : await unsealed(header, seal)
      if (header !== null && minted === null) {
        return problem('bad-request', {
          instance: target,
          detail: 'The minted key is not of a router of this cluster.',
        })
      }
      const aimed = parseEpoch(request.headers.get(AIMED_HEADER))
      const body = await takeBody(request, framing)
      return await documents({ request, target, resource, shard, minted, aimed, body })
    } catch (error) {
      if (!request.signal.aborted) onError(error)
      return problem('internal', { instance: target, ...forWrite(request.method, 'unknown', false) })
    }
  }
}

const toldOf = (answered: Answered | undefined, listener: 'public' | 'private'): Pick<ServerOptions, 'answered'> =>
  answered === undefined ? {} : { answered: (incoming, status, tookMs) => answered(listener, incoming, status, tookMs) }

/** Only the peer and operators come to the private listener: nobody's word about a client counts there. */
const NO_PROXIES = proxyTrust([])

const wantsBody =
  (bodyBytesMax: number) =>
  (incoming: IncomingMessage): boolean =>
    Number(incoming.headers['content-length'] ?? 0) <= bodyBytesMax

type Answer = (request: Request, wire: NodeWire, incoming: IncomingMessage) => Response | Promise<Response>

/**
 * Node's request and answer to Request and Response. Targets that a URL parser would rewrite are refused here, before
 * one sees them.
 */
function adapter(
  trust: ProxyTrust,
  onError: (error: unknown) => void,
  answer: Answer,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const listener = getRequestListener(
    (request, { incoming }) => {
      // never the case: these servers speak HTTP/1.1
      if (!('aborted' in incoming) || 'stream' in incoming) throw new TypeError('not an HTTP/1.1 request')
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
