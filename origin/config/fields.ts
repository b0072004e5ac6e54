// Every setting by its name: what is allowed, and what holds where nothing is set.
import { z } from 'zod'
import { LOG_LEVELS } from '../log.ts'
import { type Address, isNetwork, parseAddress } from './address.ts'

const ADDRESS = 'host:port, port 1-65535, IPv6 as [host]:port'
const SENTINELS_MAX = 15
const PROXIES_MAX = 64
const SECRET_CHARS_MIN = 16

const address = z.string().transform((text, context): Address => {
  const parsed = parseAddress(text)
  if (parsed !== null) return parsed
  context.addIssue({ code: 'custom', message: ADDRESS })
  return z.NEVER
})

const list = z.string().transform(text => text.split(',').map(part => part.trim()))

const milliseconds = (min: number, max: number, preset: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(preset)
    .describe(`a whole number of milliseconds, ${min} to ${max}`)

const path = z.string().max(4096).optional()

const choice = <const T extends readonly [string, ...string[]]>(...options: T) => z.enum(options)

/** As a person writes it: 100/1s. */
const rate = z
  .string()
  .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,4}s$/)
  .transform(text => {
    const [quota, seconds] = text.split('/').map(part => Number.parseInt(part, 10))
    return { quota: quota ?? 0, windowMs: (seconds ?? 0) * 1000 }
  })

/** The origin of an http or https URL, without a slash at its end; what leads elsewhere is refused. */
const peerUrl = z.string().transform((text, context): string => {
  const url = URL.parse(text)
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === ''
  if (plain && url.username + url.password === '') return url.origin
  context.addIssue({ code: 'custom', message: 'URL' })
  return z.NEVER
})

export const FIELDS = z.object({
  TANDEM_NAME: choice('a', 'b').describe('a or b'),
  TANDEM_PUBLIC: address.describe(ADDRESS),
  TANDEM_PRIVATE: address.describe(ADDRESS),
  TANDEM_PEER: peerUrl.describe("http:// or https:// with the peer's private host:port, and nothing after it"),
  TANDEM_SENTINELS: list
    .pipe(z.array(address).min(1).max(SENTINELS_MAX))
    .describe(`1 to ${SENTINELS_MAX} host:port, separated by commas`),
  TANDEM_REDIS_NAME: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .default('tandem')
    .describe('the name under which the Sentinels know the queue Redis: 1-64 letters, digits, ".", "_", "-"'),
  TANDEM_REGISTERS: list
    .pipe(z.tuple([address, address, address]))
    .describe('three host:port, separated by commas: on a, on b, on the witness'),
  TANDEM_REDIS_USER: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .optional()
    .describe('the user of Redis, registers and Sentinels, where they have users: 1-64 letters, digits, ".", "_", "-"'),
  TANDEM_REDIS_PASSWORD: z.string().max(512).optional().describe('at most 512 characters'),
  TANDEM_SECRET: z
    .string()
    .regex(new RegExp(`^[\\x21-\\x7e]{${SECRET_CHARS_MIN},512}$`))
    .describe(`${SECRET_CHARS_MIN} to 512 visible ASCII characters, the same on both origins`),
  TANDEM_VIEWER_SECRET: z
    .string()
    .regex(new RegExp(`^[\\x21-\\x7e]{${SECRET_CHARS_MIN},512}$`))
    .optional()
    .describe(`${SECRET_CHARS_MIN} to 512 visible ASCII characters; opens the dashboard and the metrics for reading`),
  TANDEM_DATA: z.string().max(4096).describe('a directory of this origin alone'),
  TANDEM_HEARTBEAT_MS: milliseconds(10, 10_000, 200),
  TANDEM_LEASE_MS: milliseconds(30, 60_000, 1000),
  TANDEM_GRACE_MS: milliseconds(39, 120_000, 1300),
  TANDEM_FAILBACK: choice('auto', 'manual').default('auto').describe('auto or manual'),
  // how a strong read is known to be the newest: `deploy/README.md` says what each costs
  TANDEM_READS: choice('lease', 'confirm', 'both')
    .default('lease')
    .describe('lease, confirm (no clock is trusted) or both (either origin answers reads itself; set it on both)'),
  TANDEM_SOLO: choice('allow', 'refuse').default('allow').describe('allow or refuse'),
  TANDEM_PARK_MS: milliseconds(70, 300_000, 10_000),
  TANDEM_STABLE_MS: milliseconds(0, 300_000, 5000),
  TANDEM_TOKENS: z.string().max(4096).optional().describe('the path of a file with bearer tokens'),
  TANDEM_RATE_LIMIT: rate.optional().describe('requests of one client in some seconds: 100/1s'),
  TANDEM_TRUSTED_PROXIES: list
    .pipe(z.array(z.string().refine(isNetwork)).max(PROXIES_MAX))
    .default([])
    .describe(`up to ${PROXIES_MAX} addresses or networks (10.0.0.0/8), separated by commas`),
  TANDEM_TLS_CERT: path.describe(
    'the path of a PEM file: certificate and chain of the public listener, which then speaks HTTPS, HTTP/2 too',
  ),
  TANDEM_TLS_KEY: path.describe('the path of a PEM file: its private key'),
  TANDEM_PRIVATE_TLS_CERT: path.describe(
    'the path of a PEM file: what this origin shows on the private listener, and to its peer',
  ),
  TANDEM_PRIVATE_TLS_KEY: path.describe('the path of a PEM file: its private key'),
  TANDEM_PRIVATE_TLS_CA: path.describe(
    'the path of a PEM file: who signs the certificates of the peer, and of whoever comes to the private listener',
  ),
  TANDEM_ADDRESSES: list
    .pipe(z.tuple([z.ipv4(), z.ipv4()]))
    .optional()
    .describe(
      'two floating IPv4 addresses, separated by a comma: the one at home here, the one at home on the other host',
    ),
  TANDEM_FIT_FILE: path.describe(
    'the path of a file that says ten times a second whether this host may hold a floating address',
  ),
  TANDEM_UNFIT_FILE: path.describe("the path of the watch's file: 0 where this host may take its floating address"),
  TANDEM_LOG: z.enum(LOG_LEVELS).default('info').describe(LOG_LEVELS.join(', ')),
})

export type Fields = z.output<typeof FIELDS>

export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS.shape)

/** These also come from a file, and their values are never shown. */
export const SECRET_NAMES: readonly string[] = ['TANDEM_SECRET', 'TANDEM_VIEWER_SECRET', 'TANDEM_REDIS_PASSWORD']

/** Names in the environment that are not settings of an origin, but of what starts it or tests it. */
export const OTHER_NAMES: readonly string[] = [
  'TANDEM_CONFIG',
  'TANDEM_FAILPOINT',
  'TANDEM_HOME',
  'TANDEM_PORT_BASE',
  'TANDEM_RESTART_MS',
]

const ALLOWED = new Map(Object.entries(FIELDS.shape).map(([name, schema]) => [name, schema.description ?? '']))
export const allowedOf = (name: string): string => ALLOWED.get(name) ?? ''
