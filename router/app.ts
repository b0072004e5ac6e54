// The public side: which path goes where. The same app runs on hosts and on the edge.
import { Hono } from 'hono'
import type { Doorkeeping } from './admit.ts'
import type { Aimed } from './aimed.ts'
import type { Asked } from './asked.ts'
import { NO_BODY } from './body.ts'
import type { Inbound, LocalCall } from './call.ts'
import type { Caller, Callers } from './callers.ts'
import type { Changes } from './changes.ts'
import { type Entered, enter } from './enter.ts'
import { type GatherCall, gather } from './gather.ts'
import type { Guard, Passage } from './guard.ts'
import type { Client } from './hopbyhop.ts'
import type { RouterName } from './journey.ts'
import { pathOf } from './key.ts'
import { MINTED_KEY_HEADER, type MintedKey, type Minter, type Seal, unsealed } from './minted.ts'
import { prefers } from './prefer.ts'
import { forWrite, isSafe, problem } from './problem.ts'
import type { Router } from './route.ts'
import { IDEMPOTENCY_KEY } from './scope.ts'
import { targetOfShard } from './shardtarget.ts'

/** What a Request no longer shows: the runtime's adapter keeps it beside. */
export interface Wire {
  /** origin form, byte for byte as received; dot segments were refused before */
  readonly target: string
  /** flat list: name, value, name, value… */
  readonly rawHeaders: readonly string[]
  readonly client: Client
  /** the client's own where it sent a valid one, else begun here */
  readonly traceparent: string
}

export type WireEnv = { Bindings: { wire: Wire } }

/** What the routes see: the wire, and what is asked beside the request itself. */
type RouteEnv = { Bindings: { wire: Wire; asked: Asked; aimed: Aimed | undefined } }

export type PublicApp = { fetch(request: Request, env: { wire: Wire }): Response | Promise<Response> }

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly why: readonly string[] }

/** Open to all, and no keys: any origin answers them. */
export const API_PAGES = ['/openapi.json', '/docs'] as const
export type ApiPage = (typeof API_PAGES)[number]

export type PublicAppOptions = {
  readonly name: RouterName
  readonly router: Pick<Router, 'route'>
  /** this host's own copies, for reads that may be behind; null at the edge, which has none */
  readonly nearby: ((call: LocalCall) => Promise<Response | null>) | null
  readonly follow: (call: GatherCall, asked: Changes) => Promise<Response>
  readonly callers: Callers
  readonly guard: Guard
  /** makes keys for writes that have none, so that a router's own second try takes effect once */
  readonly minter: Minter
  readonly seal: Seal
  readonly bodyBytesMax: number
  /** what describes the API */
  readonly pages: (page: ApiPage, request: Request, wire: Wire) => Response | Promise<Response>
  readonly readiness: () => Readiness | Promise<Readiness>
  /** told of what must not happen; the client only learns that it did */
  readonly onError: (error: unknown) => void
}

export function publicApp(options: PublicAppOptions): PublicApp {
  const { name, router, nearby, follow, callers, guard, minter, seal, bodyBytesMax, pages, readiness, onError } =
    options
  const served = { 'Tandem-Origin': name }
  const forClients: Doorkeeping = { bodyBytesMax, fromRouter: false, newId: () => minter.newId() }
  const forRouters: Doorkeeping = { ...forClients, fromRouter: true }
  // matched by the raw path, as keys are parsed: no decoding in between that the two could disagree about
  const app = new Hono<RouteEnv>({ getPath: (_request, hint) => pathOf(wireOf(hint?.env).target) })

  app.all('/v1/*', async c => {
    const request = c.req.raw
    const passage = guard.enter(request, c.env.wire)
    if (passage.kind === 'refused') return passage.response
    if (passage.headers === null) return passed(request, c.env, passage)
    const response = await passed(request, c.env, passage)
    for (const header in passage.headers) response.headers.set(header, passage.headers[header] ?? '')
    return response
  })

  async function passed(
    request: Request,
    { wire, asked, aimed }: RouteEnv['Bindings'],
    { grant }: Passage & { kind: 'passed' },
  ): Promise<Response> {
    try {
      const entered = await enter(request, wire.target, asked.kind === 'router' ? forRouters : forClients, grant)
      switch (entered.kind) {
        case 'refused':
          entered.response.headers.set('Tandem-Origin', name)
          return entered.response
        case 'anywhere':
          return await askEach(entered, { ...wireOnly(wire), request, asked, aimed })
        case 'spread':
          return await gather({ ...wireOnly(wire), request, asked }, entered.asked, { name, route })
        case 'follow':
          return await follow({ ...wireOnly(wire), request, asked }, entered.asked)
        case 'entered': {
          const { target, resource, shard, body } = entered
          const hasKey = request.headers.has(IDEMPOTENCY_KEY)
          // a stream cannot be sent a second time: there is nothing that a key of ours would make safe
          const keyless = !hasKey && body.kind !== 'stream' && !isSafe(request.method)
          const minted = keyless ? await keyFor(request, asked) : null
          const once = minted !== null || hasKey
          const inbound = { ...wireOnly(wire), request, target, resource, shard, body, once, minted, asked, aimed }
          return await route(inbound)
        }
      }
    } catch (error) {
      return failed(error, request, wire.target)
    }
  }

  /** A copy on this host is asked first where that is wanted; it says where it cannot answer. */
  async function route(inbound: Inbound): Promise<Response> {
    const { method, headers } = inbound.request
    const near = isSafe(method) && prefers(headers, 'consistency', 'local') ? await nearby?.(inbound) : null
    return near ?? router.route(inbound)
  }

  /** One shard after the other, until one knows it. */
  async function askEach(
    { resource, shards }: Extract<Entered, { kind: 'anywhere' }>,
    asking: Wire & Pick<Inbound, 'request' | 'asked' | 'aimed'>,
  ): Promise<Response> {
    let response: Response | null = null
    for (const shard of shards) {
      if (response !== null && response.status !== 404) break
      const target = targetOfShard(shard, asking.target)
      response = await router.route({ ...asking, target, resource, shard, body: NO_BODY, once: false, minted: null })
    }
    return response ?? problem('not-found', { instance: asking.target, headers: served })
  }

  app.get('/livez', () => json(200, { live: true }, served))
  app.get('/readyz', async c => {
    const state = await readiness()
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
  for (const path of API_PAGES) app.get(path, c => pages(path, c.req.raw, c.env.wire))
  for (const path of ['/livez', '/readyz', ...API_PAGES]) app.all(path, c => getOnly(c.env.wire.target))

  app.notFound(c => problem('not-found', { instance: c.env.wire.target, headers: served }))
  app.onError((error, c) => failed(error, c.req.raw, c.env.wire.target))

  /** A router that asks has given it a key already, for its own second try. */
  function keyFor(request: Request, asked: Asked): MintedKey | null | Promise<MintedKey | null> {
    if (asked.kind !== 'router') return minter.mint()
    const header = request.headers.get(MINTED_KEY_HEADER)
    return header === null ? null : unsealed(header, seal)
  }

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

  return {
    fetch(request, { wire }) {
      // RFC 9110 7.8 lets a server ignore an upgrade; a client that asks for a WebSocket is better told
      if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') {
        return problem('upgrade-refused', { instance: wire.target, headers: served })
      }
      const caller = callers.recognise(request, wire)
      if (caller.asked.kind === 'client') return app.fetch(request, { wire, asked: caller.asked, aimed: undefined })
      return taught(caller, request, { ...wireOnly(wire), client: caller.client })
    },
  }

  async function taught(caller: Caller, request: Request, wire: Wire): Promise<Response> {
    const { asked, aimed } = caller
    const response = await app.fetch(request, { wire, asked, aimed })
    callers.teach(caller, response)
    return response
  }
}

/** The adapter's own object may answer from getters, which a spread would lose. */
const wireOnly = ({ target, rawHeaders, client, traceparent }: Wire): Wire => ({
  target,
  rawHeaders,
  client,
  traceparent,
})

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
