// The one door to ioredis: connections to a register, to a Sentinel, and to whoever is master of the queue Redis.
// The settings were measured under kill, SIGSTOP and cuts of the master; each comment says what its setting prevents.
import { isIP } from 'node:net'
import { Redis, type RedisOptions } from 'ioredis'

export type RedisClient = Redis
export type Address = { readonly host: string; readonly port: number }
export type Log = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Null and null where Redis asks for nothing; a password alone is the default user's. */
export type RedisLogin = { readonly user: string | null; readonly password: string | null }

export const OPEN: RedisLogin = { user: null, password: null }

const as = ({ user, password }: RedisLogin): { username?: string | undefined; password?: string | undefined } => ({
  username: user ?? undefined,
  password: password ?? undefined,
})

export type SentinelSettings = {
  readonly sentinels: readonly Address[]
  /** the name that the Sentinels know the master by */
  readonly name: string
  readonly login: RedisLogin
  readonly sentinelLogin: RedisLogin
}

const RETRY_MS_MAX = 200
const COMMON: RedisOptions = {
  connectTimeout: 500,
  // Bounds a disconnect towards a peer that never answers the FIN.
  disconnectTimeout: 200,
  keepAlive: 1000,
  enableReadyCheck: true,
  retryStrategy: attempt => Math.min(20 * attempt, RETRY_MS_MAX),
}

/** A master that was demoted answers these: reconnect at once, by way of Sentinel. */
const DEMOTED = /^(READONLY|MASTERDOWN|UNBLOCKED)/

/**
 * An independent Redis. A command is written once or not at all: nothing waits for a connection, nothing is sent again,
 * and what is in flight is rejected as soon as the connection is gone (maxRetriesPerRequest 0).
 */
export function openRegisterClient(address: Address, login: RedisLogin): RedisClient {
  return new Redis({
    ...COMMON,
    host: address.host,
    port: address.port,
    ...as(login),
    connectionName: 'tandem:register',
    // Only this ends a silent connection (a stopped process, a cut): commandTimeout does not.
    socketTimeout: 600,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  })
}

/** One Sentinel, for commands and subscriptions on the same connection (RESP3). */
export function openSentinelClient(address: Address, login: RedisLogin): RedisClient {
  return new Redis({
    ...COMMON,
    host: address.host,
    port: address.port,
    ...as(login),
    connectionName: 'tandem:watch',
    protocol: 3,
    socketTimeout: 600,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  })
}

/** `queue` gives up early, as its caller has another lane; `worker` waits for ever, and blocks for up to 2 s at a time. */
export type Purpose = 'queue' | 'worker'

const PURPOSE: Readonly<Record<Purpose, RedisOptions>> = {
  queue: { socketTimeout: 1000, commandTimeout: 1000, maxRetriesPerRequest: 1 },
  worker: { socketTimeout: 4000, maxRetriesPerRequest: null },
}

/** How long what the Sentinels said last is held against a new connection: they may be unreachable, or wiped. */
const WANTED_MS = 5000
/** A client that ended by itself is connected again after this long. */
const REVIVE_MS = 100

/** Connections to the master that are closed together, with the duplicates that BullMQ makes of them. */
export class MasterClients {
  readonly client: RedisClient
  readonly #members = new Set<Redis>()
  readonly #onError: (error: Error) => void
  #wanted: { readonly address: Address; readonly until: number } | null = null
  #closing = false

  constructor(settings: SentinelSettings, purpose: Purpose, onError: (error: Error) => void) {
    this.#onError = onError
    this.client = new MasterClient(this, {
      ...COMMON,
      ...PURPOSE[purpose],
      sentinels: settings.sentinels.map(({ host, port }) => ({ host, port })),
      name: settings.name,
      role: 'master',
      ...as(settings.login),
      sentinelUsername: settings.sentinelLogin.user ?? undefined,
      sentinelPassword: settings.sentinelLogin.password ?? undefined,
      sentinelCommandTimeout: 500,
      sentinelRetryStrategy: attempt => Math.min(20 * attempt, RETRY_MS_MAX),
      updateSentinels: false,
      // It can end a client for good; `follow` does its work.
      failoverDetector: false,
      reconnectOnError: error => (DEMOTED.test(error.message) ? 1 : false),
    })
  }

  /** host:port of the master that the client is connected to, or null. */
  address(): string | null {
    const at = this.client.status === 'ready' ? remote(this.client) : null
    return at === null ? null : `${at.host}:${at.port}`
  }

  /** The Sentinels name this master: connections to any other are destroyed, and connect again by asking a Sentinel. */
  follow(address: Address): void {
    if (isIP(address.host) === 0) return
    this.#wanted = { address, until: performance.now() + WANTED_MS }
    for (const member of this.#members) this.#turn(member)
  }

  adopt(member: Redis): void {
    this.#members.add(member)
    member.on('error', this.#onError)
    // A Sentinel that has not learned of the change yet sends us back to the old master, which may be stopped.
    member.on('connect', () => this.#turn(member))
    member.on('ready', () => this.#turn(member))
    member.on('end', () => this.#revive(member))
  }

  /** Bounded: sockets are destroyed within the disconnect timeout, whoever is dead. */
  close(): void {
    this.#closing = true
    for (const member of this.#members) member.disconnect()
  }

  #turn(member: Redis): void {
    const wanted = this.#wanted
    if (wanted === null || performance.now() > wanted.until) return
    if (member.status !== 'ready' && member.status !== 'connect') return
    const at = remote(member)
    if (at === null || (at.host === wanted.address.host && at.port === wanted.address.port)) return
    member.stream.destroy()
  }

  #revive(member: Redis): void {
    if (this.#closing) return
    setTimeout(() => {
      // BullMQ ends its blocking connection on purpose and connects it again itself: whoever comes second does nothing.
      if (!this.#closing && member.status === 'end') member.connect().catch(this.#onError)
    }, REVIVE_MS)
  }
}

class MasterClient extends Redis {
  readonly #clients: MasterClients

  constructor(clients: MasterClients, options: RedisOptions) {
    super({ ...options, replyMapping: 'legacy' })
    this.#clients = clients
    clients.adopt(this)
  }

  /** BullMQ makes its blocking connection this way: it must follow the master like the others. */
  override duplicate(override?: Partial<RedisOptions>): Redis {
    return new MasterClient(this.#clients, { ...this.options, ...override })
  }
}

function remote(client: Redis): Address | null {
  const stream = client.stream
  if (!('remoteAddress' in stream) || stream.remoteAddress === undefined || stream.remotePort === undefined) return null
  return { host: stream.remoteAddress.replace(/^::ffff:/, ''), port: stream.remotePort }
}

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/** An own deadline for every command: ioredis may leave promises pending for ever (issue 2193). */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what}: no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
