// Configuration files of the queue Redis, the register Redis and Sentinel, for hosts and for the local cluster alike.
// Pure: text out. The values were measured; each comment says what its setting prevents.
import { createHash } from 'node:crypto'

export type Host = 'a' | 'b' | 'w'
export const HOSTS: readonly Host[] = ['a', 'b', 'w']

export type Address = { readonly host: string; readonly port: number }

export const addressText = (address: Address): string => `${address.host}:${address.port}`

/** The queue Redis of the three hosts with their Sentinels. */
export type RedisSet = {
  /** the name that Sentinel knows the master by */
  readonly name: string
  readonly queue: Readonly<Record<Host, Address>>
  readonly sentinels: Readonly<Record<Host, Address>>
  /** who is master at the very first start */
  readonly initial: Host
  readonly access: Access
}

/** Who may ask: anybody; whoever knows one password; or users of their own rights (acl.ts), on hosts. */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'users'; readonly files: UserFiles; readonly passwords: Passwords }

/** Paths on the host. */
export type UserFiles = {
  readonly queue: string
  readonly register: string
  readonly sentinel: string
  /** the name and password that a queue Redis follows its master with: a file of its own, so that the rest is no secret */
  readonly replication: string
}

export const REDIS_USERS = ['origin', 'replica', 'sentinel', 'keeper'] as const
/** `keeper`: the start wrappers, and an operator's redis-cli. */
export type RedisUser = (typeof REDIS_USERS)[number]
export type Passwords = Readonly<Record<RedisUser, string>>

export const passwordOf = (access: Access): string | null => (access.kind === 'password' ? access.password : null)

/** Tells two sets of passwords apart, and tells nothing of them. */
const MARK_DIGITS = 8

/** Equal on all three: Sentinel ranks it above the offset, so unequal ones promote a replica that lacks writes. */
export const REPLICA_PRIORITY = 100

/** A directive whose value may hold blanks or quotes. */
const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

const lines = (...all: readonly (string | null)[]): string => `${all.filter(line => line !== null).join('\n')}\n`

const common = (address: Address, dir: string): string[] => [
  `bind ${address.host}`,
  `port ${address.port}`,
  `dir ${quoted(dir)}`,
  'daemonize no',
  'logfile ""',
  'appendonly yes',
  // The append-only file is the one copy on disk; snapshots would only cost forks.
  'save ""',
  'maxmemory-policy noeviction',
]

/** redis.conf of a queue Redis. Who replicates whom is never written here: the start wrapper says it at each start. */
export function renderQueueRedis(set: RedisSet, host: Host, dir: string): string {
  const self = set.queue[host]
  return lines(
    '# Queue Redis of Tandem: carries entries, is never the truth for a document. Started by start-queue-redis.sh only.',
    ...common(self, dir),
    'appendfsync everysec',
    `replica-announce-ip ${self.host}`,
    `replica-announce-port ${self.port}`,
    `replica-priority ${REPLICA_PRIORITY}`,
    '# A master that is cut off stops accepting within about two seconds instead of collecting jobs that will vanish.',
    'min-replicas-to-write 1',
    'min-replicas-max-lag 2',
    'repl-diskless-sync-delay 0',
    'repl-timeout 5',
    'repl-ping-replica-period 1',
    '# A replica that hangs must not hold up a shutdown (default 10).',
    'shutdown-timeout 1',
    ...(set.access.kind === 'password'
      ? [`requirepass ${quoted(set.access.password)}`, `masterauth ${quoted(set.access.password)}`]
      : []),
    ...(set.access.kind === 'users'
      ? [`aclfile ${quoted(set.access.files.queue)}`, `include ${quoted(set.access.files.replication)}`]
      : []),
  )
}

/** What `include` of a queue Redis' configuration names, where there are users. */
export const renderReplication = (passwords: Passwords): string =>
  lines('masteruser replica', `masterauth ${quoted(passwords.replica)}`)

/** redis.conf of a register: one independent vote, on disk before it is answered. */
export function renderRegister(address: Address, dir: string, access: Access): string {
  return lines(
    '# Register Redis of Tandem: one of three independent acceptors. Never replicate it, never restore it from a copy.',
    ...common(address, dir),
    'appendfsync always',
    '# An append-only file cut short would load silently without its last vote.',
    'aof-load-truncated no',
    access.kind === 'password' ? `requirepass ${quoted(access.password)}` : null,
    access.kind === 'users' ? `aclfile ${quoted(access.files.register)}` : null,
  )
}

/** Id of a Sentinel: fixed beforehand, so that the three know each other without waiting for their first hellos. */
export const sentinelId = (set: RedisSet, host: Host): string =>
  createHash('sha1')
    .update(`tandem sentinel ${set.name} ${host} ${addressText(set.sentinels[host])}`)
    .digest('hex')

/**
 * First line of a sentinel.conf: says which set it belongs to, and with which passwords. Sentinel keeps it when it rewrites the
 * file; where it has changed, the file is begun anew.
 */
export function sentinelMark(set: RedisSet, host: Host): string {
  const members = HOSTS.map(each => `${addressText(set.queue[each])}/${addressText(set.sentinels[each])}`)
  const access = createHash('sha256').update(JSON.stringify(set.access)).digest('hex').slice(0, MARK_DIGITS)
  return `# Sentinel of Tandem, host ${host} of ${set.name}, access ${access}: ${members.join(' ')}`
}

/** sentinel.conf for the first start. Sentinel rewrites it: where one of this set exists, keep that. */
export function renderSentinel(set: RedisSet, host: Host, dir: string): string {
  const self = set.sentinels[host]
  const master = set.queue[set.initial]
  const others = HOSTS.filter(each => each !== host)
  const replicas = HOSTS.filter(each => each !== set.initial)
  const { name } = set
  return lines(
    sentinelMark(set, host),
    `bind ${self.host}`,
    `port ${self.port}`,
    `dir ${quoted(dir)}`,
    'daemonize no',
    'logfile ""',
    ...sentinelAccess(set.access),
    `sentinel myid ${sentinelId(set, host)}`,
    `sentinel announce-ip ${quoted(self.host)}`,
    `sentinel announce-port ${self.port}`,
    `sentinel monitor ${name} ${master.host} ${master.port} 2`,
    ...masterAccess(name, set.access),
    // 500 fails over on a pause of 0.7 s, 1000 does not even on one of 1 s.
    `sentinel down-after-milliseconds ${name} 1000`,
    // Bounds what an electing Sentinel that dies midway costs: 9 s instead of 22 s.
    `sentinel failover-timeout ${name} 3000`,
    `sentinel parallel-syncs ${name} 2`,
    ...replicas.map(each => `sentinel known-replica ${name} ${set.queue[each].host} ${set.queue[each].port}`),
    ...others.map(each => {
      const other = set.sentinels[each]
      return `sentinel known-sentinel ${name} ${other.host} ${other.port} ${sentinelId(set, each)}`
    }),
  )
}

/** Who may ask this Sentinel, and how it asks the others. */
function sentinelAccess(access: Access): string[] {
  switch (access.kind) {
    case 'open':
      return []
    case 'password':
      return [`requirepass ${quoted(access.password)}`, `sentinel sentinel-pass ${quoted(access.password)}`]
    case 'users':
      return [
        `aclfile ${quoted(access.files.sentinel)}`,
        'sentinel sentinel-user sentinel',
        `sentinel sentinel-pass ${quoted(access.passwords.sentinel)}`,
      ]
  }
}

/** How it asks Redis. */
function masterAccess(name: string, access: Access): string[] {
  switch (access.kind) {
    case 'open':
      return []
    case 'password':
      return [`sentinel auth-pass ${name} ${quoted(access.password)}`]
    case 'users':
      return [`sentinel auth-pass ${name} ${quoted(access.passwords.sentinel)}`, `sentinel auth-user ${name} sentinel`]
  }
}

/** Environment of the start wrappers; the password travels here, so that no process list shows it. */
export function queueRedisEnv(set: RedisSet, host: Host): Record<string, string> {
  const others = HOSTS.filter(each => each !== host)
  return {
    TANDEM_REDIS_NAME: set.name,
    TANDEM_REDIS_SELF: addressText(set.queue[host]),
    TANDEM_REDIS_PEERS: others.map(each => addressText(set.queue[each])).join(' '),
    TANDEM_REDIS_INITIAL: addressText(set.queue[set.initial]),
    TANDEM_SENTINEL_SELF: addressText(set.sentinels[host]),
    TANDEM_SENTINEL_PEERS: others.map(each => addressText(set.sentinels[each])).join(' '),
    ...wrapperAccess(set.access),
  }
}

function wrapperAccess(access: Access): Record<string, string> {
  switch (access.kind) {
    case 'open':
      return {}
    case 'password':
      return { REDISCLI_AUTH: access.password, TANDEM_SENTINEL_AUTH: access.password }
    case 'users':
      return {
        TANDEM_REDIS_CLI_USER: 'keeper',
        REDISCLI_AUTH: access.passwords.keeper,
        TANDEM_SENTINEL_USER: 'sentinel',
        TANDEM_SENTINEL_AUTH: access.passwords.sentinel,
      }
  }
}
