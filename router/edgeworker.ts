// The router as a Cloudflare Worker: the same app as on the hosts, in front of both. Nothing runs outside a request.
import { BODY_BYTES_MAX } from './admit.ts'
import { type PublicApp, publicApp, type Wire } from './app.ts'
import { CLIENTS_ONLY } from './callers.ts'
import { type EdgeEnv, edgeSettings } from './edgesettings.ts'
import { NO_GUARD } from './guard.ts'
import { type EdgeSettings, Isolate, type KeepAlive } from './isolate.ts'
import { Minter } from './minted.ts'
import { forWrite, problem } from './problem.ts'
import { TRACE_HEADER, traceOf } from './trace.ts'

export type WorkerContext = { waitUntil(work: Promise<unknown>): void }

export type Worker = { fetch(request: Request, env: EdgeEnv, context: WorkerContext): Promise<Response> }

type Edge = { readonly app: PublicApp; readonly keepAlives: WeakMap<Request, KeepAlive> }

export function edgeWorker(): Worker {
  /** One an isolate, made by its first request: settings come with requests only. */
  let edge: Edge | null = null

  return {
    async fetch(request, env, context) {
      const since = Date.now()
      const wire = wireOf(request)
      const response = await answer(request, wire, env, context)
      const earlier = response.headers.get('server-timing')
      const took = `edge;dur=${Date.now() - since}`
      response.headers.set('server-timing', earlier === null ? took : `${earlier}, ${took}`)
      response.headers.set(TRACE_HEADER, wire.traceparent)
      return response
    },
  }

  function answer(request: Request, wire: Wire, env: EdgeEnv, context: WorkerContext): Response | Promise<Response> {
    if (edge === null) {
      const loaded = edgeSettings(env)
      if (loaded.kind === 'faults') {
        console.error(`tandem edge: ${loaded.faults.join('; ')}`)
        return problem('internal', { instance: wire.target, ...forWrite(request.method, 'no', false) })
      }
      edge = edgeOf(loaded.settings)
    }
    edge.keepAlives.set(request, work => context.waitUntil(work))
    return edge.app.fetch(request, { wire })
  }
}

function edgeOf(settings: EdgeSettings): Edge {
  const isolate = new Isolate(settings)
  const keepAlives = new WeakMap<Request, KeepAlive>()
  const app = publicApp({
    name: 'edge',
    router: { route: inbound => isolate.route(inbound, keepAlives.get(inbound.request) ?? NOT_KEPT) },
    nearby: null,
    follow: call => isolate.follow(call, keepAlives.get(call.request) ?? NOT_KEPT),
    callers: CLIENTS_ONLY,
    guard: NO_GUARD,
    seal: isolate.seal,
    minter: new Minter(`edge-${crypto.randomUUID()}`, Date.now),
    bodyBytesMax: BODY_BYTES_MAX,
    pages: (_page, request, wire) => isolate.passOn(request, wire),
    readiness: async () =>
      (await isolate.reachable()) ? { ready: true } : { ready: false, why: ['No origin answers the edge.'] },
    onError: error => console.error('tandem edge: a request met a fault of ours', error),
  })
  return { app, keepAlives }
}

/** Then such work ends with its request. */
const NOT_KEPT: KeepAlive = () => {}

/** What the platform says of the client; what the client says of itself is not believed. */
function wireOf(request: Request): Wire {
  const { url, headers } = request
  const rawHeaders: string[] = []
  for (const [name, value] of headers) {
    if (!name.startsWith('cf-') && name !== 'x-real-ip') rawHeaders.push(name, value)
  }
  return {
    target: targetOf(url),
    rawHeaders,
    client: {
      address: headers.get('cf-connecting-ip'),
      proto: url.startsWith('https:') ? 'https' : 'http',
      proxy: null,
    },
    traceparent: traceOf(headers.get(TRACE_HEADER)),
  }
}

/** Path and query of an absolute URL, as they stand. */
function targetOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('//') + 2)
  return path === -1 ? '/' : url.slice(path)
}
