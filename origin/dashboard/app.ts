// /dashboard: pages, live stream, actions, queues. Sees callers alone who are known; here is decided what they may do.
import { type Context, Hono } from 'hono'
import { problem } from '../../router/problem.ts'
import type { OriginName } from '../../router/words.ts'
import { DASHBOARD, formOf } from '../http/browsers.ts'
import type { Caller, PrivateEnv } from '../http/caller.ts'
import { sameOrigin } from '../http/sameorigin.ts'
import { SESSION_MS, type Sessions } from '../http/session.ts'
import type { Done } from '../operate.ts'
import type { PeerOrigin } from '../peer.ts'
import type { Accounts } from './accounts.ts'
import { type Action, parseAction, performerOf, requestOf } from './actions.ts'
import { type Drawing, LiveEvents } from './events.ts'
import { asset, page } from './layout.ts'
import { confirmPage, type Looker, mainPage, outcomePage } from './mainpage.ts'
import type { Overview } from './overview.ts'
import { type QuarantinePorts, quarantinePages } from './quarantinepages.ts'
import type { QueueBoards } from './queues.ts'
import { drawn } from './sections.ts'

export type DashboardParts = {
  readonly name: OriginName
  readonly sessions: Sessions
  readonly overview: () => Overview
  readonly peer: PeerOrigin
  /** the other origin's private listener, as it is reached from here */
  readonly peerUrl: string
  /** acts on this origin, as /_tandem/ does, and notes it */
  readonly act: (path: string, body: object, actor: string) => Promise<Done>
  readonly quarantine: QuarantinePorts
  /** notes what somebody did to the queues */
  readonly note: (line: { actor: string; action: string; ok: boolean; detail: string }) => void
  readonly queues: QueueBoards
  /** monotonic milliseconds */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

export type Dashboard = {
  readonly fetch: (request: Request, env: PrivateEnv['Bindings']) => Response | Promise<Response>
  /** Ends live streams and the queues' connection. */
  close(): void
}

/** axios, in bull-board's page, copies this cookie into this header: only a page of this origin can. */
const XSRF_COOKIE = 'XSRF-TOKEN'
const XSRF_HEADER = 'x-xsrf-token'

export function createDashboard(parts: DashboardParts): Dashboard {
  const { sessions, peer, queues } = parts
  const live = new LiveEvents(async () => textsOf(await accounts()), parts.now, parts.onError)
  const accounts = async (): Promise<Accounts> => ({ own: parts.overview(), peer: await peer.overview() })

  const app = new Hono<PrivateEnv>()
  app.use(async (c, next) => {
    const refused = await refusal(c)
    if (refused !== null) return refused
    await next()
    renew(c)
  })
  app.get('/dashboard', async c => {
    const now = await accounts()
    return page(await mainPage(now, await textsOf(now), looker(c.env.caller), parts.peerUrl))
  })
  app.get('/dashboard/', c => c.redirect(DASHBOARD, 303))
  app.get('/dashboard/events', c => {
    const { caller } = c.env
    const sessionMs = caller.via === 'session' ? sessions.leftMs(caller.session) : SESSION_MS
    const opened = live.open(sessionMs, new Headers())
    return opened ?? problem('overloaded', { detail: 'Too many pages are open.' })
  })
  app.get('/dashboard/confirm', async c => {
    const action = parseAction(c.req.query('do') ?? null, c.req.query('target') ?? null)
    if (action === null) return problem('not-found', { detail: 'There is no such action.' })
    if (c.env.caller.role !== 'operator') return problem('forbidden', { detail: 'A viewer cannot act.' })
    return page(await confirmPage(action, await accounts(), looker(c.env.caller)))
  })
  app.post('/dashboard/act', async c => {
    const form = await verifiedForm(c)
    const action = form === null ? null : parseAction(form.get('do'), form.get('target'))
    if (form === null) return problem('forbidden', { detail: 'The form is not one of this session.' })
    if (action === null) return problem('not-found', { detail: 'There is no such action.' })
    return page(await outcomePage(action, await perform(action, form.get('performer'), actorIn(c))))
  })
  app.post('/dashboard/sign-out', async c => {
    if ((await verifiedForm(c)) === null)
      return problem('forbidden', { detail: 'The form is not one of this session.' })
    const headers = new Headers({ Location: DASHBOARD, 'Cache-Control': 'no-store' })
    headers.append('Set-Cookie', sessions.cookie(null, isSecure(c)))
    return new Response(null, { status: 303, headers })
  })
  app.route(
    '/',
    quarantinePages(parts.quarantine, peer, parts.name, (c, line) => parts.note({ actor: actorIn(c), ...line })),
  )
  app.all('/dashboard/queues/*', board)
  app.get('/dashboard/queues', board)
  app.notFound(c => problem('not-found', { instance: c.env.wire.target }))
  app.onError((error, c) => {
    parts.onError(error)
    return problem('internal', { instance: c.env.wire.target })
  })

  /** Why a caller may not do this, or null. Programs with the secret in a header are no victims of other sites. */
  async function refusal(c: Context<PrivateEnv>): Promise<Response | null> {
    const { caller } = c.env
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD'
    if (!changes || caller.via === 'secret') return null
    if (!sameOrigin(c.req.raw)) return problem('forbidden', { detail: 'This request came from another site.' })
    const { path } = c.req
    if (caller.role !== 'operator' && path !== '/dashboard/sign-out')
      return problem('forbidden', { detail: 'A viewer cannot act.' })
    if (!path.startsWith('/dashboard/queues')) return null
    const token = c.req.header(XSRF_HEADER) ?? ''
    return sessions.csrfHolds(caller.session, token)
      ? null
      : problem('forbidden', { detail: 'The request is not one of this session.' })
  }

  async function board(c: Context<PrivateEnv>): Promise<Response> {
    const { method, path } = c.req
    const answer = await (await queues.board(c.env.caller.role)).fetch(c.req.raw, c.env)
    if (method !== 'GET' && method !== 'HEAD') {
      const what = path.slice('/dashboard/queues'.length).replace(/^\/api/, '')
      parts.note({ actor: actorIn(c), action: `queues: ${method} ${what}`, ok: answer.ok, detail: `${answer.status}` })
    }
    return answer
  }

  async function verifiedForm(c: Context<PrivateEnv>): Promise<URLSearchParams | null> {
    const form = await formOf(c.req.raw)
    const { caller } = c.env
    if (form === null || caller.via === 'secret') return form
    return sessions.csrfHolds(caller.session, form.get('csrf') ?? '') ? form : null
  }

  /** An open page stays signed in: every answer of a session may renew it. */
  function renew(c: Context<PrivateEnv>): void {
    const { caller } = c.env
    if (caller.via !== 'session' || c.req.path === '/dashboard/sign-out') return
    const { headers } = c.res
    const renewed = sessions.renewed(caller.session)
    if (renewed !== null) headers.append('Set-Cookie', sessions.cookie(renewed, isSecure(c)))
    if (c.req.path === '/dashboard/queues' || c.req.path === '/dashboard/queues/')
      headers.append(
        'Set-Cookie',
        `${XSRF_COOKIE}=${sessions.csrf(caller.session)}; Path=/dashboard; SameSite=Strict${isSecure(c) ? '; Secure' : ''}`,
      )
  }

  /** @param confirmed the origin that the confirmation spoke of: somebody else may have acted since */
  async function perform(action: Action, confirmed: string | null, actor: string): Promise<Done> {
    const performer = performerOf(action, await accounts())
    if (performer === null) return { ok: false, detail: 'nobody is known to be primary of that shard' }
    if (confirmed !== performer)
      return {
        ok: false,
        detail: `things changed since you were asked: it would be ${performer} that acts now. Nothing was done.`,
      }
    const { path, body } = requestOf(action)
    return performer === parts.name ? parts.act(path, body, actor) : peer.act(path, body, actor)
  }

  const looker = (caller: Caller): Looker =>
    caller.via === 'session'
      ? { role: caller.role, session: caller.session, csrf: sessions.csrf(caller.session) }
      : { role: caller.role, session: null, csrf: '' }

  return {
    // The two files are all that a page needs, whoever looks.
    fetch: (request, env) => asset(env.wire.target) ?? app.fetch(request, env),
    close() {
      live.close()
      queues.close()
    },
  }
}

const isSecure = (c: Context<PrivateEnv>): boolean => c.env.wire.client.proto === 'https'

const actorIn = (c: Context<PrivateEnv>): string => {
  const { caller, wire } = c.env
  return `dashboard ${caller.role} from ${wire.client.address ?? 'unknown'}`
}

async function textsOf(accounts: Accounts): Promise<Drawing> {
  const texts = new Map<string, string>()
  for (const [id, html] of drawn(accounts)) texts.set(id, String(await html))
  return texts
}
