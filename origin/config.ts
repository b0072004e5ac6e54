// The configuration of an origin: parsed once, validated as a whole, passed on as a frozen value.
import { readFileSync } from 'node:fs'
import type { AcceptorName } from '../replicator/register/acceptor.ts'
import type { OriginName } from '../router/words.ts'
import type { Address } from './config/address.ts'
import { allowedOf, FIELDS, type Fields, SECRET_NAMES } from './config/fields.ts'
import { brokenRules } from './config/rules.ts'
import { type Environment, type Fault, type FileText, gather, type ReadFile, type Settings } from './config/sources.ts'
import type { LogLevel } from './log.ts'

export type { Address } from './config/address.ts'
export type { Fault } from './config/sources.ts'

export type Config = {
  readonly name: OriginName
  readonly public: Address
  readonly private: Address
  /** URL of the peer's private listener, without a slash at its end */
  readonly peer: string
  readonly sentinels: readonly Address[]
  readonly redisName: string
  /** null where Redis knows a password only, or none */
  readonly redisUser: string | null
  readonly redisPassword: string | null
  readonly registers: Readonly<Record<AcceptorName, Address>>
  readonly secret: string
  /** opens the dashboard and the metrics for reading; null where nobody but operators looks */
  readonly viewerSecret: string | null
  readonly dataDir: string
  readonly heartbeatMs: number
  readonly leaseMs: number
  readonly graceMs: number
  readonly failback: 'auto' | 'manual'
  readonly reads: 'lease' | 'confirm' | 'both'
  readonly solo: 'allow' | 'refuse'
  readonly parkMs: number
  /** how long the peer must have been well before it is added, and before its shard goes home */
  readonly stableMs: number
  /** path of the file with bearer tokens; null is open, on loopback only */
  readonly tokensFile: string | null
  /** how often one client may ask; null is as often as it likes */
  readonly rateLimit: { readonly quota: number; readonly windowMs: number } | null
  /** addresses and networks of proxies whose X-Forwarded-* and Forwarded are believed */
  readonly trustedProxies: readonly string[]
  /** certificates of the public listener; null is plain HTTP */
  readonly tls: TlsFiles | null
  /** of the private one and the link, both ends of which show theirs */
  readonly privateTls: TlsFiles | null
  /** floating addresses; null where there are none */
  readonly floating: Floating | null
  readonly logLevel: LogLevel
}

export type TlsFiles = {
  readonly cert: string
  readonly key: string
  /** whose certificates those must show who connect; null: nobody must show one */
  readonly ca: string | null
}

export type Floating = {
  /** at home on this host, and on the other one */
  readonly home: string
  readonly guest: string
  /** where this origin says whether its host may hold one */
  readonly fitFile: string
  /** where the watch says whether the host may: the origin is not all that it looks at */
  readonly unfitFile: string
}

export type Loaded =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

/** Every fault at once. Rules between settings are judged where each of them is valid by itself. */
export function loadConfig(env: Environment, readFile: ReadFile): Loaded {
  const settings = gather(env, readFile)
  const parsed = FIELDS.safeParse(settings.values)
  if (parsed.success) {
    const faults = [...settings.faults, ...brokenRules(parsed.data)]
    return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'ok', config: toConfig(parsed.data) }
  }
  const names = new Set(parsed.error.issues.map(issue => String(issue.path[0])))
  return { kind: 'faults', faults: [...settings.faults, ...[...names].map(name => faultOf(name, settings))] }
}

function faultOf(name: string, { values }: Settings): Fault {
  const value = values[name]
  const shown = value === undefined ? '(not set)' : SECRET_NAMES.includes(name) ? '(hidden)' : value
  return { name, value: shown, allowed: allowedOf(name) }
}

function toConfig(fields: Fields): Config {
  const [a, b, w] = fields.TANDEM_REGISTERS
  return deepFreeze({
    name: fields.TANDEM_NAME,
    public: fields.TANDEM_PUBLIC,
    private: fields.TANDEM_PRIVATE,
    peer: fields.TANDEM_PEER,
    sentinels: fields.TANDEM_SENTINELS,
    redisName: fields.TANDEM_REDIS_NAME,
    redisUser: fields.TANDEM_REDIS_USER ?? null,
    redisPassword: fields.TANDEM_REDIS_PASSWORD ?? null,
    registers: { a, b, w },
    secret: fields.TANDEM_SECRET,
    viewerSecret: fields.TANDEM_VIEWER_SECRET ?? null,
    dataDir: fields.TANDEM_DATA,
    heartbeatMs: fields.TANDEM_HEARTBEAT_MS,
    leaseMs: fields.TANDEM_LEASE_MS,
    graceMs: fields.TANDEM_GRACE_MS,
    failback: fields.TANDEM_FAILBACK,
    reads: fields.TANDEM_READS,
    solo: fields.TANDEM_SOLO,
    parkMs: fields.TANDEM_PARK_MS,
    stableMs: fields.TANDEM_STABLE_MS,
    tokensFile: fields.TANDEM_TOKENS ?? null,
    rateLimit: fields.TANDEM_RATE_LIMIT ?? null,
    trustedProxies: fields.TANDEM_TRUSTED_PROXIES,
    tls: tlsOf(fields.TANDEM_TLS_CERT, fields.TANDEM_TLS_KEY, null),
    privateTls: tlsOf(fields.TANDEM_PRIVATE_TLS_CERT, fields.TANDEM_PRIVATE_TLS_KEY, fields.TANDEM_PRIVATE_TLS_CA),
    floating: floatingOf(fields),
    logLevel: fields.TANDEM_LOG,
  })
}

/** All or none (rules.ts). */
const tlsOf = (cert: string | undefined, key: string | undefined, ca: string | null | undefined): TlsFiles | null =>
  cert === undefined || key === undefined || ca === undefined ? null : { cert, key, ca }

/** All or none (rules.ts). */
function floatingOf(fields: Fields): Floating | null {
  const { TANDEM_ADDRESSES: addresses, TANDEM_FIT_FILE: fitFile, TANDEM_UNFIT_FILE: unfitFile } = fields
  if (addresses === undefined || fitFile === undefined || unfitFile === undefined) return null
  const [home, guest] = addresses
  return { home, guest, fitFile, unfitFile }
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}

/** For a person: one line for each fault. */
export const describeFaults = (faults: readonly Fault[]): string =>
  faults.map(({ name, value, allowed }) => `${name} is ${value}; allowed: ${allowed}`).join('\n')

/** The `readFile` of a real start. */
export function readConfigFile(path: string): FileText {
  try {
    return { kind: 'text', text: readFileSync(path, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', why: code }
  }
}
