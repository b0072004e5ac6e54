// The guard of a host's public listener: how often a client may ask, whether it is known, and what its token opens.
import type { Wire } from '../../router/app.ts'
import { EVERYTHING, type Grant, type Guard, NO_GUARD, type Passage, type Wish } from '../../router/guard.ts'
import { forWrite, type ProblemFields, type ProblemName, problem } from '../../router/problem.ts'
import type { OriginName } from '../../router/words.ts'
import type { Buckets, Taken } from './buckets.ts'
import { networkOf } from './network.ts'
import type { Token, Tokens } from './tokens.ts'

export type GuardOptions = {
  readonly name: OriginName
  /** as they are now; null: everybody may do everything */
  readonly tokens: (() => Tokens) | null
  /** null: as often as they like */
  readonly buckets: Buckets | null
}

/** RFC 6750 2.1, b64token. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]{1,1024}=*) *$/i
const CHALLENGE = 'Bearer realm="tandem"'
const POLICY = '"default"'

type Who = { readonly kind: 'nameless' | 'unknown' } | { readonly kind: 'known'; readonly token: Token }

const NAMELESS: Who = { kind: 'nameless' }

export const hostGuard = (options: GuardOptions): Guard =>
  options.tokens === null && options.buckets === null ? NO_GUARD : new HostGuard(options)

class HostGuard implements Guard {
  readonly #options: GuardOptions

  constructor(options: GuardOptions) {
    this.#options = options
  }

  enter(request: Request, wire: Wire): Passage {
    const { tokens, buckets } = this.#options
    const who = tokens === null ? NAMELESS : whoIs(request, tokens())
    if (buckets === null) return this.#known(who, request, wire, null)
    // a guess at a token costs its address, or guessing would be free
    const client = who.kind === 'known' ? `token ${who.token.id}` : `address ${networkOf(wire.client.address)}`
    const taken = buckets.take(client)
    const headers = rateHeaders(buckets, taken)
    if (taken.admitted) return this.#known(who, request, wire, headers)
    const retryAfter = String(Math.max(1, Math.ceil(taken.nextMs / 1000)))
    return this.#refused(request, wire.target, 'rate-limited', {
      ...forWrite(request.method, 'no', true),
      headers: { ...headers, 'Retry-After': retryAfter },
    })
  }

  #known(who: Who, request: Request, { target }: Wire, headers: Readonly<Record<string, string>> | null): Passage {
    if (this.#options.tokens === null) return { kind: 'passed', grant: EVERYTHING, headers }
    if (who.kind === 'known') return { kind: 'passed', grant: this.#grant(who.token), headers }
    // RFC 6750 3.1: a client without a token is told no more than that it needs one
    const challenge = who.kind === 'unknown' ? `${CHALLENGE}, error="invalid_token"` : CHALLENGE
    return this.#refused(request, target, 'unauthorized', { headers: { 'WWW-Authenticate': challenge, ...headers } })
  }

  #grant(token: Token): Grant {
    return {
      refusal: (wish, request, target) => {
        const detail = lacking(token, wish)
        if (detail === null) return null
        const headers = { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope"` }
        return this.#response(request, target, 'forbidden', { detail, headers })
      },
    }
  }

  #refused(request: Pick<Request, 'method'>, target: string, name: ProblemName, fields: ProblemFields): Passage {
    return { kind: 'refused', response: this.#response(request, target, name, fields) }
  }

  #response(request: Pick<Request, 'method'>, target: string, name: ProblemName, fields: ProblemFields): Response {
    return problem(name, {
      instance: target,
      ...forWrite(request.method, 'no', false),
      ...fields,
      headers: { 'Tandem-Origin': this.#options.name, ...fields.headers },
    })
  }
}

function whoIs(request: Request, tokens: Tokens): Who {
  const header = request.headers.get('authorization')
  if (header === null) return NAMELESS
  const text = BEARER.exec(header)?.[1]
  const token = text === undefined ? null : tokens.find(text)
  return token === null ? { kind: 'unknown' } : { kind: 'known', token }
}

/** What the token has not that the request needs; null where it has all. */
function lacking({ scopes, prefix }: Token, { access, collections }: Wish): string | null {
  if (!scopes.includes(access)) return `The token has no scope to ${access}.`
  if (collections === 'all')
    return prefix === '' ? null : 'The token opens some collections only: name one of them (collection=…).'
  return collections.every(name => name.startsWith(prefix)) ? null : 'The token does not open this collection.'
}

/** draft-ietf-httpapi-ratelimit-headers-11: the quota of a window; what is left, and the seconds until there is more. */
function rateHeaders({ rate }: Buckets, { remaining, nextMs }: Taken): Record<string, string> {
  return {
    'RateLimit-Policy': `${POLICY};q=${rate.quota};w=${rate.windowMs / 1000}`,
    RateLimit: `${POLICY};r=${remaining};t=${Math.ceil(nextMs / 1000)}`,
  }
}
