// The public side: which path goes where. The same app runs on hosts and on the edge.
import { Hono } from 'hono'
import { admit } from './admit.ts'
import { takeBody } from './body.ts'
import type { Client } from './hopbyhop.ts'
import type { RouterName } from './journey.ts'
import { pathOf } from './key.ts'
import type { Minter } from './minted.ts'
import { forWrite, isSafe, problem } from './problem.ts'
import type { Router } from './route.ts'

/** What a Request no longer shows: the runtime's adapter keeps it beside. */
export interface Wire {
  /** origin form, byte for byte as received; dot segments were refused before */
  readonly target: string
  /** flat list: name, value, name, value… */
  readonly rawHeaders: readonly string[]
  readonly client: Client
}

export type WireEnv = { Bindings: { wire: Wire } }

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly why: readonly string[] }

export type PublicAppOptions = {
  readonly name: RouterName
  readonly router: Router
  readonly minter: Minter
  readonly bodyBytesMax: number
  readonly readiness: () => Readiness
  /** told of what must not happen; the client only learns that it did */
  readonly onError: (error: unknown) => void
}

export function publicApp(options: PublicAppOptions): Hono<WireEnv> {
  const { name, router, minter, bodyBytesMax, readiness, onError } = options
  const served = { 'Tandem-Origin': name }
  // matched by the raw path, as keys are parsed: no decoding in between that the two could disagree about
  const app = new Hono<WireEnv>({ getPath: (_request, hint) => pathOf(wireOf(hint?.env).target) })

  app.all('/v1/*', async c => {
    const request = c.req.raw
    const { wire } = c.env
    const admission = admit(request, wire.target, bodyBytesMax)
    if (admission.kind === 'refused') {
      admission.response.headers.set('Tandem-Origin', name)
      return admission.response
    }
    const { resource, shard, framing } = admission
    try {
      const body = await takeBody(request, framing)
      const { target, rawHeaders, client } = wire
      const hasKey = request.headers.has('idempotency-key')
      // a stream cannot be sent a second time: there is nothing that a key of ours would make safe
      const mints = !hasKey && body.kind !== 'stream' && !isSafe(request.method)
      const minted = mints ? minter.mint() : null
      const once = mints || hasKey
      return await router.route({ request, target, resource, shard, body, once, minted, rawHeaders, client })
    } catch (error) {
      return failed(error, request, wire.target)
    }
  })

  app.get('/livez', () => json(200, { live: true }, served))
  app.get('/readyz', c => {
    const state = readiness()
    if (state.ready) return json(200, { ready: true }, served)
    return problem('not-ready', {
      detail: state.why.join(' '),
      instance: c.env.wire.target,
      more: { ready: false, why: state.why },
      headers: served,
    })
  })
  const getOnly = (target: string): Response =>
    problem('method-not-allowed', { instance: target, headers: { Allow: 'GET, HEAD', ...served } })
  app.all('/livez', c => getOnly(c.env.wire.target))
  app.all('/readyz', c => getOnly(c.env.wire.target))

  app.notFound(c => problem('not-found', { instance: c.env.wire.target, headers: served }))
  app.onError((error, c) => failed(error, c.req.raw, c.env.wire.target))

  function failed(error: unknown, request: Request, target: string): Response {
    if (request.signal.aborted) {
      return problem('client-closed', {
        instance: target,
        ...forWrite(request.method, 'unknown', false),
        headers: served,
      })
    }
    onError(error)
    return problem('internal', { instance: target, ...forWrite(request.method, 'unknown', false), headers: served })
  }

  return app
}

/** Hono hands the environment to `getPath` untyped. */
function wireOf(env: unknown): Wire {
  if (typeof env === 'object' && env !== null && 'wire' in env && isWire(env.wire)) return env.wire
  throw new TypeError('the adapter passed no wire')
}

const isWire = (value: unknown): value is Wire =>
  typeof value === 'object' && value !== null && 'target' in value && typeof value.target === 'string'

const json = (status: number, body: unknown, headers: Readonly<Record<string, string>>): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  })
