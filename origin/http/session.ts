// Sessions of browsers on the private listener: nothing is kept here, the signed cookie is all. Both origins know the
// secret, so who signed in on one is signed in on the other. Each role's key comes from its own secret: a changed secret
// ends its sessions.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Role, Session } from './caller.ts'

export const COOKIE = 'tandem-session'
/** A closed laptop is signed out after this; an open page renews. */
export const IDLE_MS = 30 * 60_000
/** Whatever is open: sign in again once a shift. */
export const SESSION_MS = 12 * 60 * 60_000
const TOKEN = /^(operator|viewer)\.([A-Za-z0-9_-]{16,32})\.(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/
/** Cookies of other programs on this host come along: not more than this is looked at. */
const COOKIES_CHARS_MAX = 8192

export type Secrets = { readonly secret: string; readonly viewerSecret: string | null }

export class Sessions {
  readonly #secrets: Secrets
  readonly #keys: Readonly<Record<Role, Buffer | null>>
  readonly #now: () => number

  /** @param now wall-clock milliseconds */
  constructor(secrets: Secrets, now: () => number) {
    this.#secrets = secrets
    this.#now = now
    const { secret, viewerSecret } = secrets
    this.#keys = { operator: keyOf(secret), viewer: viewerSecret === null ? null : keyOf(viewerSecret) }
  }

  /** The role that a secret opens, or null. */
  roleOf(given: string): Role | null {
    const { secret, viewerSecret } = this.#secrets
    if (same(given, secret)) return 'operator'
    return viewerSecret !== null && same(given, viewerSecret) ? 'viewer' : null
  }

  begin(role: Role): Session {
    const since = this.#now()
    return { role, id: randomBytes(16).toString('base64url'), since, until: since + IDLE_MS }
  }

  /** The same session for longer, or null while that is not worth a cookie. */
  renewed(session: Session): Session | null {
    const until = Math.min(this.#now() + IDLE_MS, session.since + SESSION_MS)
    return until - session.until < IDLE_MS / 4 ? null : { ...session, until }
  }

  /** How long it can last at most, in milliseconds, however often it is renewed. */
  leftMs(session: Session): number {
    return session.since + SESSION_MS - this.#now()
  }

  /** The session that a `Cookie` header proves, or null. */
  read(header: string | undefined): Session | null {
    const token = cookieOf(header)
    const match = token === null ? null : TOKEN.exec(token)
    if (match === null) return null
    const [, role, id = '', since, until, mac = ''] = match
    const session: Session = {
      role: role === 'operator' ? 'operator' : 'viewer',
      id,
      since: Number(since),
      until: Number(until),
    }
    const now = this.#now()
    if (now >= session.until || now >= session.since + SESSION_MS) return null
    const expected = this.#mac(session.role, payloadOf(session))
    return expected !== null && same(mac, expected) ? session : null
  }

  /** Set-Cookie for a session, or for its end. */
  cookie(session: Session | null, secure: boolean): string {
    const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
    if (session === null) return `${COOKIE}=; Max-Age=0; ${attributes}`
    const mac = this.#mac(session.role, payloadOf(session)) ?? ''
    const seconds = Math.max(0, Math.floor((session.until - this.#now()) / 1000))
    return `${COOKIE}=${payloadOf(session)}.${mac}; Max-Age=${seconds}; ${attributes}`
  }

  /** What a form of this session must hold: another site can neither read nor guess it. */
  csrf(session: Session): string {
    return this.#mac(session.role, `csrf.${session.id}`) ?? ''
  }

  csrfHolds(session: Session, given: string): boolean {
    const expected = this.csrf(session)
    return expected !== '' && same(given, expected)
  }

  #mac(role: Role, text: string): string | null {
    const key = this.#keys[role]
    return key === null ? null : createHmac('sha256', key).update(text).digest('base64url')
  }
}

const keyOf = (secret: string): Buffer => createHmac('sha256', secret).update('tandem browser session 1').digest()

const payloadOf = ({ role, id, since, until }: Session): string => `${role}.${id}.${since}.${until}`

/** In a time that depends on the length of what was given alone. */
function same(given: string, expected: string): boolean {
  const key = randomBytes(16)
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function cookieOf(header: string | undefined): string | null {
  if (header === undefined || header.length > COOKIES_CHARS_MAX) return null
  for (const part of header.split(';')) {
    const [name, value] = part.split('=', 2)
    if (name?.trim() === COOKIE) return value?.trim() ?? null
  }
  return null
}
