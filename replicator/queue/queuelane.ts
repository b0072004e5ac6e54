// The queue lane as a whole: outbound, inbound, watchdog, status. Whatever happens to Redis, it works again by itself.
import { type OriginName, peerOf } from '../../router/words.ts'
import { type Address, type Log, openRegisterClient, type SentinelSettings, within } from '../redis.ts'
import { Inbound } from './inbound.ts'
import type { QueueHandlers, QueueLane, QueueStatus, RedisNode } from './lane.ts'
import { Outbound } from './outbound.ts'
import { QuietLog } from './quietlog.ts'
import { Sentinels } from './sentinels.ts'
import { Showcase } from './showcase.ts'
import { BEAT_MS, mayRebuild, type Suspicion, suspect } from './watchdog.ts'

/** A command of the status look, or the look through a new connection. */
const LOOK_MS = 1000
const VERSION_MIN = 6.2

export type QueueLaneSettings = {
  readonly self: OriginName
  readonly incarnation: string
  readonly sentinels: SentinelSettings
}

export function openQueueLane(settings: QueueLaneSettings, handlers: QueueHandlers, log: Log): QueueLane {
  return new RedisQueueLane(settings, handlers, log)
}

class RedisQueueLane implements QueueLane {
  readonly peer: OriginName
  readonly #settings: QueueLaneSettings
  readonly #log: Log
  readonly #onError: (error: Error) => void
  readonly #outbound: Outbound
  readonly #inbound: Inbound
  readonly #showcase: Showcase
  readonly #sentinels: Sentinels
  readonly #timer: NodeJS.Timeout
  #ticking = false
  #beats = 0
  #beatWaitsSince: number | null = null
  #rebuilds = 0
  #suspicion: Suspicion = 'none'
  #info: { readonly replicas: readonly RedisNode[]; readonly policy: string | null } = { replicas: [], policy: null }
  #warned = ''
  #closing = false

  constructor(settings: QueueLaneSettings, handlers: QueueHandlers, log: Log) {
    this.peer = peerOf(settings.self)
    this.#settings = settings
    this.#log = log
    const quiet = new QuietLog(log)
    this.#onError = error => {
      if (!this.#closing) quiet.warn({}, 'trouble with the queue Redis', error)
    }
    this.#outbound = new Outbound({ ...settings, peer: this.peer }, handlers.onTrouble, this.#onError)
    this.#inbound = new Inbound(settings, handlers, log, this.#onError)
    this.#showcase = new Showcase(settings, this.#onError)
    this.#sentinels = new Sentinels(settings.sentinels, master => this.#follow(master), this.#onError)
    const tick = (): void => {
      this.#tick().catch(this.#onError)
    }
    this.#timer = setInterval(tick, BEAT_MS)
    tick()
  }

  add(job: Parameters<QueueLane['add']>[0]): void {
    this.#outbound.entry(job)
  }

  probe(nonce: string): void {
    this.#outbound.probe(nonce)
  }

  show(...work: Parameters<QueueLane['show']>): void {
    this.#showcase.show(...work)
  }

  status(): QueueStatus {
    const master = this.#outbound.clients.address()
    return {
      master,
      replicas: master === null ? 0 : this.#info.replicas.length,
      nodes: master === null ? [] : [{ address: master, role: 'master', state: 'online' }, ...this.#info.replicas],
      sentinels: this.#sentinels.newest()?.sentinels ?? 0,
      answering: this.#sentinels.answering(),
      quorum: this.#sentinels.newest()?.quorum ?? null,
      maxmemoryPolicy: this.#info.policy,
      workerIdleMs: Math.round(performance.now() - this.#inbound.progressAt),
      rebuilds: this.#rebuilds,
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#timer)
    this.#outbound.close()
    this.#showcase.close()
    this.#sentinels.close()
    await this.#inbound.close()
  }

  #follow(master: Address): void {
    if (this.#closing) return
    this.#outbound.clients.follow(master)
    this.#inbound.clients.follow(master)
    this.#showcase.follow(master)
  }

  /** Every part of it is bounded; one that outlasts the interval is not run twice. */
  async #tick(): Promise<void> {
    if (this.#ticking) return
    this.#ticking = true
    try {
      await Promise.all([
        this.#beat(),
        this.#sentinels.ask(),
        this.#outbound.measure().catch(this.#onError),
        this.#look(),
      ])
      if (!this.#closing) await this.#watch()
    } finally {
      this.#ticking = false
    }
  }

  async #beat(): Promise<void> {
    const at = performance.now()
    if (this.#beatWaitsSince !== null && this.#inbound.progressAt > this.#beatWaitsSince) this.#beatWaitsSince = null
    if (await this.#outbound.beat(this.#beats++)) this.#beatWaitsSince ??= at
  }

  /** Replicas and settings of the master; BullMQ's own warnings would go to the console. */
  async #look(): Promise<void> {
    const { client } = this.#outbound.clients
    if (client.status !== 'ready') return
    try {
      const info = parseInfo(await within(client.info(), LOOK_MS, 'INFO'))
      this.#info = { replicas: replicasIn(info), policy: info.get('maxmemory_policy') ?? null }
      this.#judge(info.get('redis_version') ?? '', this.#info.policy)
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #judge(version: string, policy: string | null): void {
    const faults: string[] = []
    if (policy !== 'noeviction') faults.push(`its maxmemory-policy is ${policy}, must be noeviction`)
    if (Number.parseFloat(version) < VERSION_MIN)
      faults.push(`its version is ${version}, should be ${VERSION_MIN} or newer`)
    const warning = faults.join('; ')
    if (warning !== '' && warning !== this.#warned) this.#log.warn({ warning }, 'the queue Redis is not set up well')
    this.#warned = warning
  }

  async #watch(): Promise<void> {
    const suspicion = suspect({
      now: performance.now(),
      workerBuiltAt: this.#inbound.builtAt,
      workerProgressAt: this.#inbound.progressAt,
      beatWaitsSince: this.#beatWaitsSince,
      queues: this.#outbound.failures,
    })
    const before = this.#suspicion
    this.#suspicion = 'none'
    if (suspicion === 'none') return
    const master = this.#sentinels.newest()?.master
    if (master === undefined || !(await this.#answers(master)) || this.#closing) return
    if (!mayRebuild(before, suspicion)) {
      this.#suspicion = suspicion
      return
    }
    this.#rebuilds++
    this.#log.warn(
      { part: suspicion, rebuilds: this.#rebuilds },
      'no progress although Redis answers: building it anew',
    )
    if (suspicion === 'queue') this.#outbound.rebuild()
    else {
      this.#beatWaitsSince = null
      this.#inbound.rebuild()
    }
  }

  /** Asked through a connection of its own: the ones in use are what is in doubt. */
  async #answers(master: Address): Promise<boolean> {
    const client = openRegisterClient(master, this.#settings.sentinels.login)
    client.on('error', this.#onError)
    try {
      const ready = new Promise<void>(resolve => client.once('ready', resolve))
      await within(ready, LOOK_MS, 'a new connection')
      return true
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)))
      return false
    } finally {
      client.disconnect()
    }
  }
}

const REPLICA = /^ip=([^,]+),port=(\d+),state=([^,]+)/

/** INFO's lines `slave0:ip=…,port=…,state=online,…`. */
const replicasIn = (info: ReadonlyMap<string, string>): RedisNode[] =>
  [...info].flatMap(([name, value]) => {
    const found = /^slave\d+$/.test(name) ? REPLICA.exec(value) : null
    return found === null ? [] : [{ address: `${found[1]}:${found[2]}`, role: 'replica', state: found[3] ?? '' }]
  })

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter(line => line.includes(':'))
  return new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}
