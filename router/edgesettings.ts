// The edge's settings: [vars] ORIGIN_A and ORIGIN_B, the secret TANDEM_SECRET, TANDEM_PARK_MS where it differs.
import type { EdgeSettings } from './isolate.ts'
import { PARK_MS_DEFAULT } from './parking.ts'

/** As the platform passes them: anything. */
export type EdgeEnv = Readonly<Record<string, unknown>>

export type EdgeLoaded =
  | { readonly kind: 'ok'; readonly settings: EdgeSettings }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }

const PARK_MS_MIN = 70
const PARK_MS_MAX = 300_000
const SECRET = /^[\x21-\x7e]{16,512}$/

/** All faults at once; values of secrets are not among them. */
export function edgeSettings(env: EdgeEnv): EdgeLoaded {
  const faults: string[] = []
  const origin = (name: string): string => {
    const value = env[name]
    const url = typeof value === 'string' ? URL.parse(value) : null
    if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') return url.origin
    faults.push(`${name}: the http(s) URL of an origin's public listener is needed, with nothing after the host`)
    return ''
  }
  const origins = { a: origin('ORIGIN_A'), b: origin('ORIGIN_B') }
  const secret = typeof env.TANDEM_SECRET === 'string' ? env.TANDEM_SECRET : ''
  if (!SECRET.test(secret))
    faults.push('TANDEM_SECRET: the cluster secret is needed (wrangler secret put TANDEM_SECRET)')
  const parkMs = Number(env.TANDEM_PARK_MS ?? PARK_MS_DEFAULT)
  if (!(Number.isInteger(parkMs) && parkMs >= PARK_MS_MIN && parkMs <= PARK_MS_MAX)) {
    faults.push(`TANDEM_PARK_MS: a whole number of milliseconds, ${PARK_MS_MIN} to ${PARK_MS_MAX}`)
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'ok', settings: { origins, secret, parkMs } }
}
