// The queue lane over Redis, Sentinel and BullMQ at their worst: jobs are lost, repeated, late, out of order, or come back
// from an older copy long after; the queue is silent or refuses.

import type { EntryJob, QueueHandlers, QueueLane } from '../../replicator/queue/lane.ts'
import { type OriginName, peerOf } from '../../router/words.ts'
import type { Life } from './life.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export type QueueMode =
  | 'up'
  /** adds fail, some are delivered all the same */
  | 'refusing'
  /** adds vanish: the master is cut off, or its tail is dropped by a failover */
  | 'silent'

/** Jobs that an older copy of the queue may bring back. */
const OLD_JOBS_MAX = 200

type Consumer = { readonly life: Life; readonly handlers: QueueHandlers }

export class Queues {
  readonly #world: World
  readonly #random: Random
  readonly #consumers: Record<OriginName, Consumer | null> = { a: null, b: null }
  readonly #old: Record<OriginName, EntryJob[]> = { a: [], b: [] }
  mode: QueueMode = 'up'
  /** share of jobs to which something happens */
  trouble = 0
  /** jobs are taken and kept until they are released: their consumer stalls */
  holds = false
  readonly #held: (() => void)[] = []

  constructor(world: World) {
    this.#world = world
    this.#random = world.random.fork()
  }

  attach(life: Life, handlers: QueueHandlers): QueueLane {
    const peer = peerOf(life.name)
    this.#consumers[life.name] = { life, handlers }
    return {
      peer,
      add: job => {
        if (life.touch())
          life.departs(0, () =>
            this.#carry(life, handlers, () => this.#enqueue(peer, { ...job, bytes: job.bytes.slice() })),
          )
      },
      probe: nonce => {
        if (life.touch())
          life.departs(0, () =>
            this.#carry(life, handlers, () => this.#to(peer, 0, consumer => consumer.onProbe(nonce))),
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

  /** An old master wakes, or a stale copy is promoted: what it still held is delivered (again). */
  bringBack(name: OriginName, count: number): void {
    const old = this.#old[name]
    for (let n = 0; n < count && old.length > 0; n++) {
      const job = this.#random.pick(old)
      this.#to(name, this.#random.between(0, 200), handlers => void handlers.onEntry(job))
    }
  }

  release(): void {
    this.holds = false
    for (const deliver of this.#held.splice(0)) deliver()
  }

  #carry(life: Life, handlers: QueueHandlers, deliver: () => void): void {
    const random = this.#random
    if (this.mode === 'up') return deliver()
    if (this.mode === 'silent') return
    if (random.chance(0.3)) deliver()
    life.later(random.between(1, 1000), () => handlers.onTrouble('the queue does not answer'))
  }

  #enqueue(to: OriginName, job: EntryJob): void {
    if (this.holds) {
      this.#held.push(() => this.#deliver(to, job, 0))
      return
    }
    const old = this.#old[to]
    if (old.length < OLD_JOBS_MAX) old.push(job)
    else old[this.#random.int(0, OLD_JOBS_MAX - 1)] = job
    const random = this.#random
    const bad = this.trouble > 0 && random.chance(this.trouble)
    if (!bad) return this.#deliver(to, job, 0)
    switch (random.int(0, 3)) {
      case 0:
        return
      case 1:
        this.#deliver(to, job, 0)
        return this.#deliver(to, job, random.between(0, 3000))
      case 2:
        return this.#deliver(to, job, random.between(20, 800))
      default:
        return this.#deliver(to, job, random.between(1000, 15_000))
    }
  }

  #deliver(to: OriginName, job: EntryJob, extraMs: number): void {
    this.#to(to, extraMs, handlers => void handlers.onEntry(job))
  }

  #to(name: OriginName, extraMs: number, tell: (handlers: QueueHandlers) => void): void {
    // Whoever is the consumer when it arrives gets it: a job outlives the process that it was meant for.
    this.#world.after(this.#random.between(0.2, 3) + extraMs, () => {
      const consumer = this.#consumers[name]
      if (consumer?.life.alive) this.#world.at(this.#world.now, consumer.life, () => tell(consumer.handlers))
    })
  }
}
