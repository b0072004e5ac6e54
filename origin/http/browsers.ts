// Browsers on the private listener: which paths a session opens, and how a stranger signs in.
import type { Wire } from '../../router/app.ts'
import { pathOf } from '../../router/key.ts'
import { problem } from '../../router/problem.ts'
import { asset } from '../dashboard/layout.ts'
import { signInPage } from '../dashboard/signin.ts'
import type { Incoming } from './answerheads.ts'
import { Attempts } from './attempts.ts'
import type { Caller, Role } from './caller.ts'
import { sameOrigin } from './sameorigin.ts'
import type { Sessions } from './session.ts'

export const DASHBOARD = '/dashboard'
const SIGN_IN = '/dashboard/sign-in'
const BODY_BYTES_MAX = 4096
/** Where to go after signing in: a page of ours, nothing that leads elsewhere. */
const NEXT = /^\/dashboard(\/[A-Za-z0-9/_?=&.-]*)?$/

const isDashboard = (path: string): boolean => path === DASHBOARD || path.startsWith(`${DASHBOARD}/`)

export type BrowserOptions = {
  readonly sessions: Sessions
  readonly name: string
  /** monotonic milliseconds */
  readonly now: () => number
  readonly audit: (line: { actor: string; action: string; ok: boolean; detail: string }) => void
}

export class Browsers {
  readonly #options: BrowserOptions
  readonly #attempts: Attempts

  constructor(options: BrowserOptions) {
    this.#options = options
    this.#attempts = new Attempts(options.now)
  }

  /** The caller that the cookie proves, for the paths that are made for browsers; /_tandem/* wants the secret itself. */
  callerOf(incoming: Incoming, path: string): Caller | null {
    if (!isDashboard(path) && !(path === '/metrics' && incoming.method === 'GET')) return null
    const session = this.#options.sessions.read(incoming.headers.cookie)
    return session === null ? null : { via: 'session', role: session.role, session }
  }

  /** Answers one who is not signed in; null where this is no browser's business. */
  stranger(request: Request, wire: Wire): Response | Promise<Response> | null {
    const path = pathOf(wire.target)
    const file = asset(path)
    if (file !== null) return file
    if (path === SIGN_IN) return request.method === 'POST' ? this.#signIn(request, wire) : this.#page(wire, 200, null)
    const navigates = request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html')
    if (!isDashboard(path) || !navigates) return null
    return redirect(`${SIGN_IN}?next=${encodeURIComponent(nextOf(wire.target))}`)
  }

  #page(wire: Wire, status: number, fault: string | null): Promise<Response> {
    const next = new URLSearchParams(wire.target.split('?')[1] ?? '').get('next')
    return signInPage({ origin: this.#options.name, next: nextOf(next), status, fault })
  }

  async #signIn(request: Request, wire: Wire): Promise<Response> {
    if (!sameOrigin(request)) return problem('forbidden', { detail: 'This request came from another site.' })
    const address = wire.client.address ?? 'unknown'
    const waitMs = this.#attempts.waitMs(address)
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000)
      const page = await this.#page(wire, 429, `Too many attempts. Try again in ${seconds} seconds.`)
      page.headers.set('Retry-After', String(seconds))
      return page
    }
    const form = await formOf(request)
    const { sessions, audit } = this.#options
    const role: Role | null = form === null ? null : sessions.roleOf(form.get('secret')?.trim() ?? '')
    if (form === null || role === null) {
      this.#attempts.failed(address)
      audit({ actor: `browser from ${address}`, action: 'sign in', ok: false, detail: 'wrong secret' })
      return this.#page(wire, 401, 'That is not the secret.')
    }
    audit({ actor: `${role} from ${address}`, action: 'sign in', ok: true, detail: '' })
    const response = redirect(nextOf(form.get('next')))
    response.headers.append('Set-Cookie', sessions.cookie(sessions.begin(role), wire.client.proto === 'https'))
    return response
  }
}

const nextOf = (next: string | null): string =>
  next !== null && next.length < 512 && NEXT.test(next) && !next.startsWith(SIGN_IN) ? next : DASHBOARD

const redirect = (to: string): Response =>
  new Response(null, { status: 303, headers: { Location: to, 'Cache-Control': 'no-store' } })

/** The fields of a small form, or null. */
export async function formOf(request: Request): Promise<URLSearchParams | null> {
  if (!(request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded')) return null
  if (!(Number(request.headers.get('content-length') ?? 'NaN') <= BODY_BYTES_MAX)) return null
  return new URLSearchParams(await request.text())
}
