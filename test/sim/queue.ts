// The queue lane at its worst: BullMQ over the Redis of sentinel.ts. Jobs are lost, repeated, late, out of order, run twice,
// stalled, or come back from an older copy long after; their results are late; the queue is silent or refuses.

import { entryId } from '../../replicator/queue/jobs.ts'
import type { EntryJob, QueueHandlers, QueueLane } from '../../replicator/queue/lane.ts'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import type { Life } from './life.ts'
import type { Host, Network } from './network.ts'
import type { Random } from './random.ts'
import { Sentinels } from './sentinel.ts'
import type { World } from './world.ts'

export type QueueMode =
  | 'up'
  /** adds fail, some are delivered all the same */
  | 'refusing'
  /** adds vanish */
  | 'silent'

/** Jobs that an older copy of the queue may bring back. */
const OLD_JOBS_MAX = 200
/** A command of ours without an answer fails after this long. */
const DEADLINE_MS = 1000
/** A job whose worker is gone is given to another one after this long: BullMQ's stalledInterval, as origins set it. */
const STALLED_MS = 3000
/** How long until a client of a master that was replaced connects to the new one. */
const FINDS_MS = [20, 2500] as const

type Consumer = { readonly life: Life; readonly handlers: QueueHandlers }

export class Queues {
  readonly #world: World
  readonly #random: Random
  readonly sentinels: Sentinels
  readonly #consumers: Record<OriginName, Consumer | null> = { a: null, b: null }
  /** the master that this origin's clients are connected to */
  readonly #connected: Record<OriginName, Host>
  readonly #finding: Record<OriginName, boolean> = { a: false, b: false }
  /** jobs that a worker has taken and not finished */
  readonly #active = new Map<string, { readonly life: Life; readonly at: number }>()
  readonly #old: Record<OriginName, EntryJob[]> = { a: [], b: [] }
  mode: QueueMode = 'up'
  /** share of jobs to which something happens */
  trouble = 0
  /** jobs are taken and kept until they are released: their consumer stalls */
  holds = false
  readonly #held: (() => void)[] = []

  constructor(world: World, network: Network) {
    this.#world = world
    this.#random = world.random.fork()
    this.sentinels = new Sentinels(world, network, this.#random)
    this.#connected = { a: this.sentinels.master, b: this.sentinels.master }
    this.sentinels.onLook = () => this.#look()
  }

  attach(life: Life, handlers: QueueHandlers): QueueLane {
    const peer = peerOf(life.name)
    this.#consumers[life.name] = { life, handlers }
    return {
      peer,
      add: job => {
        if (life.touch())
          life.departs(0, () =>
            this.#carry(life, handlers, () => this.#enqueue(life.name, { ...job, bytes: job.bytes.slice() })),
          )
      },
      probe: nonce => {
        if (life.touch())
          life.departs(0, () =>
            this.#carry(life, handlers, () => {
              if (this.#meet(life.name)) this.#to(peer, 0, consumer => consumer.onProbe(nonce))
            }),
          )
      },
      show: () => {},
      status: () => ({
        master: null,
        replicas: 0,
        nodes: [],
        sentinels: 0,
        answering: { sentinels: 0, of: 0 },
        quorum: null,
        maxmemoryPolicy: null,
        workerIdleMs: 0,
        rebuilds: 0,
      }),
      close: async () => {},
    }
  }

  /** A stale copy of days ago is promoted: what it still held is delivered (again). */
  bringBack(name: OriginName, count: number): void {
    const old = this.#old[name]
    for (let n = 0; n < count && old.length > 0; n++) {
      const job = this.#random.pick(old)
      this.#to(name, this.#random.between(0, 200), handlers => handlers.onEntry(job))
    }
  }

  release(): void {
    this.holds = false
    for (const deliver of this.#held.splice(0)) deliver()
  }

  #carry(life: Life, handlers: QueueHandlers, deliver: () => void): void {
    const random = this.#random
    if (this.mode === 'silent') return
    if (this.mode === 'up' && this.sentinels.answers(life.name, this.#connected[life.name])) return deliver()
    if (this.mode === 'refusing' && random.chance(0.3)) deliver()
    life.later(random.between(1, DEADLINE_MS), () => handlers.onTrouble('the queue does not answer'))
  }

  /** Do a producer's jobs reach its peer's worker now? */
  #meet(from: OriginName): boolean {
    const to = peerOf(from)
    return this.#connected[from] === this.#connected[to] && this.sentinels.answers(to, this.#connected[to])
  }

  #enqueue(from: OriginName, job: EntryJob): void {
    const to = peerOf(from)
    const { sentinels } = this
    const random = this.#random
    if (this.holds) {
      this.#held.push(() => this.#to(to, 0, handlers => handlers.onEntry(job)))
      return
    }
    const old = this.#old[to]
    if (old.length < OLD_JOBS_MAX) old.push(job)
    else old[random.int(0, OLD_JOBS_MAX - 1)] = job
    const bad = this.trouble > 0 && random.chance(this.trouble) ? random.int(0, 3) : null
    if (bad === 0) return
    const id = entryId(job)
    const at = this.#connected[from]
    sentinels.add(at, id, { to, job })
    const lateMs = bad === 2 ? random.between(20, 800) : bad === 3 ? random.between(1000, 15_000) : 0
    this.#world.after(random.between(0.2, 3) + lateMs, () => this.#run(to, at, id))
    if (bad === 1) this.#to(to, random.between(0, 3000), handlers => handlers.onEntry(job))
  }

  /** A worker takes the job, where it is connected to the Redis that has it; if not, it waits there. */
  #run(to: OriginName, at: Host, id: string): void {
    const consumer = this.#consumers[to]
    const kept = this.sentinels.job(at, id)
    if (kept === undefined || consumer === null || !consumer.life.alive || this.#active.has(id)) return
    if (this.#connected[to] !== at || !this.sentinels.answers(to, at)) return
    const { life, handlers } = consumer
    this.#active.set(id, { life, at: this.#world.now })
    this.#world.at(this.#world.now, life, () => {
      handlers.onEntry(kept.job)
      this.#finished(life, id)
    })
  }

  /** A result that its Redis does not hear of: the job runs again. */
  #finished(life: Life, id: string): void {
    if (!life.alive || this.#active.get(id)?.life !== life) return
    this.#active.delete(id)
    const at = this.#connected[life.name]
    if (this.sentinels.answers(life.name, at)) this.sentinels.remove(at, id)
  }

  #look(): void {
    for (const [id, { life, at }] of this.#active)
      if (!life.alive && this.#world.now - at > STALLED_MS) this.#active.delete(id)
    for (const name of ORIGINS) {
      if (this.#connected[name] !== this.sentinels.master) this.#find(name)
      for (const id of this.sentinels.jobsFor(this.#connected[name], name)) this.#run(name, this.#connected[name], id)
    }
  }

  #find(name: OriginName): void {
    if (this.#finding[name] || !this.sentinels.answers(name, this.sentinels.master)) return
    this.#finding[name] = true
    this.#world.after(this.#random.between(...FINDS_MS), () => {
      this.#finding[name] = false
      if (this.sentinels.answers(name, this.sentinels.master)) this.#connected[name] = this.sentinels.master
    })
  }

  #to(name: OriginName, extraMs: number, tell: (handlers: QueueHandlers) => void): void {
    // Whoever is the consumer when it arrives gets it: a job outlives the process that it was meant for.
    this.#world.after(this.#random.between(0.2, 3) + extraMs, () => {
      const consumer = this.#consumers[name]
      if (consumer?.life.alive) this.#world.at(this.#world.now, consumer.life, () => tell(consumer.handlers))
    })
  }
}
