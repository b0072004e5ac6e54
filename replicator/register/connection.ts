// The connection to one register: up or not, and whether that Redis keeps what it acknowledges.
import { type Address, type Log, openRegisterClient, type RedisClient, type RedisLogin, within } from '../redis.ts'

/** What a Redis must be set to so that an accepted vote survives its restart. */
const DURABLE = [
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['no-appendfsync-on-rewrite', 'no'],
  // With `yes`, an append-only file cut short loads silently without its last vote.
  ['aof-load-truncated', 'no'],
] as const

/** Requests that wait for a connection, over all proposals: far more than there ever are. */
const WAITING_MAX = 64
const CLOSE_MS = 400

export type RegisterConnectionSettings = {
  readonly address: Address
  readonly login: RedisLogin
  /** refuse a Redis that would forget what it acknowledged */
  readonly requireDurable: boolean
}

/** A moment after which nothing more is sent for a request. */
export type Expiry = { readonly at: number }

export class RegisterConnection {
  readonly #settings: RegisterConnectionSettings
  readonly #log: Log
  readonly #client: RedisClient
  readonly #waiting = new Set<() => void>()
  /** of the present connection: null where its settings are right, else what is wrong; undefined before it was asked */
  #fault: Promise<string | null> | undefined
  #lastError = 'not connected yet'
  #closing = false

  constructor(settings: RegisterConnectionSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#client = openRegisterClient(settings.address, settings.login)
    this.#client.on('error', error => {
      this.#lastError = error.message
    })
    this.#client.on('close', () => {
      this.#fault = undefined
    })
    this.#client.on('ready', () => {
      for (const wake of this.#waiting) wake()
      this.#waiting.clear()
    })
  }

  /** Runs a script once, or throws before it was sent where the connection is not usable by then. */
  async run(script: string, key: string, args: readonly string[], expiry: Expiry): Promise<unknown> {
    await this.#up(expiry)
    this.#fault ??= this.#check()
    const fault = await this.#fault
    if (fault !== null) {
      this.#fault = undefined
      throw new Error(fault)
    }
    if (performance.now() >= expiry.at) throw new Error('the connection came up too late')
    return await this.#client.eval(script, 1, key, ...args)
  }

  /** Why nothing came in time, as far as the connection knows. */
  why(): string {
    return this.#client.status === 'ready' ? 'connected, but it does not answer' : this.#lastError
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
    if (this.#client.status === 'end') return
    const ended = new Promise<void>(resolve => {
      this.#client.once('end', resolve)
      setTimeout(resolve, CLOSE_MS)
    })
    this.#client.disconnect()
    // ioredis emits no `end` where it was between two attempts: nothing is open then.
    if (this.#client.status !== 'reconnecting') await ended
  }

  async #up(expiry: Expiry): Promise<void> {
    while (this.#client.status !== 'ready') {
      if (this.#closing) throw new Error('closed')
      const leftMs = expiry.at - performance.now()
      if (leftMs <= 0) throw new Error(`not connected: ${this.#lastError}`)
      if (this.#waiting.size >= WAITING_MAX) throw new Error('too many requests wait for a connection')
      await this.#woken(leftMs)
    }
  }

  #woken(ms: number): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#waiting.add(wake)
    })
  }

  async #check(): Promise<string | null> {
    if (!this.#settings.requireDurable) return null
    try {
      for (const [name, wanted] of DURABLE) {
        const [, found] = await configOf(this.#client, name)
        if (found !== wanted)
          return `this Redis would forget votes: ${name} is ${found ?? 'unknown'}, must be ${wanted}`
      }
      return null
    } catch (error) {
      const message = String(error)
      if (!/NOPERM|unknown command/i.test(message)) return `its settings could not be read: ${message}`
      this.#log.warn({ register: this.#settings.address }, 'this register does not let its durability settings be read')
      return null
    }
  }
}

/** CONFIG GET of one name: [name, value], or nothing. */
async function configOf(client: RedisClient, name: string): Promise<readonly (string | undefined)[]> {
  const reply: unknown = await within(Promise.resolve(client.config('GET', name)), 1000, 'CONFIG GET')
  return Array.isArray(reply) ? reply.map(String) : []
}
