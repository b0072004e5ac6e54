// Canary load for a drill: a few writers with keys of their own on each shard, through this host's router, as a client
// would. Every acknowledged value is read back; how long each request took tells what clients would have waited.
import { setTimeout as delay } from 'node:timers/promises'
import { SHARDS, type ShardName } from '../../router/words.ts'

/** Enough that every moment has a request under way, and nobody else's waits for them. */
const WRITERS_A_SHARD = 2
const PAUSE_MS = 10
/** Every so often the value that was acknowledged last is read back. */
const READ_EVERY = 4

export type CanaryAnswer = { readonly status: number; readonly text: string }
/** One request, through the router of this host. */
export type Request = (
  method: 'GET' | 'PUT' | 'DELETE',
  shard: ShardName,
  id: string,
  body: string | null,
) => Promise<CanaryAnswer>

export type Seen = {
  readonly requests: number
  readonly failures: readonly string[]
  /** the longest that a request took, by shard */
  readonly worstMs: Readonly<Record<ShardName, number>>
}

type Trip = {
  readonly writer: string
  readonly shard: ShardName
  readonly beganAt: number
  readonly ms: number
  readonly failure: string | null
}

/** What a drill of some minutes leaves; older ones are forgotten. */
const TRIPS_MAX = 100_000

export class Canary {
  readonly #request: Request
  readonly #now: () => number
  readonly #trips: Trip[] = []
  readonly #running: Promise<void>[] = []
  #stopped = false

  /** @param now monotonic milliseconds */
  constructor(request: Request, now: () => number) {
    this.#request = request
    this.#now = now
  }

  start(): void {
    for (const shard of SHARDS)
      for (let writer = 0; writer < WRITERS_A_SHARD; writer++)
        this.#running.push(this.#write(shard, `canary-${writer}`))
  }

  /** Has each writer an answer to something that it asked since then? Whatever was asked before is answered then. */
  answeredSince(at: number): boolean {
    const writers = new Set(this.#trips.filter(trip => trip.beganAt >= at).map(trip => trip.writer))
    return writers.size === WRITERS_A_SHARD * SHARDS.length
  }

  /** What was asked between the two moments: a wait belongs to what was going on when it began. */
  between(from: number, to: number): Seen {
    const trips = this.#trips.filter(trip => trip.beganAt >= from && trip.beganAt < to)
    const worst = (shard: ShardName): number =>
      Math.round(Math.max(0, ...trips.filter(trip => trip.shard === shard).map(trip => trip.ms)))
    return {
      requests: trips.length,
      failures: trips.flatMap(trip => trip.failure ?? []),
      worstMs: { s0: worst('s0'), s1: worst('s1') },
    }
  }

  /** Ends the load, and removes its documents. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
    for (const shard of SHARDS)
      for (let writer = 0; writer < WRITERS_A_SHARD; writer++)
        await this.#request('DELETE', shard, `canary-${writer}`, null)
  }

  async #write(shard: ShardName, id: string): Promise<void> {
    for (let n = 1; !this.#stopped; n++) {
      const written = await this.#trip(
        shard,
        id,
        () => this.#request('PUT', shard, id, String(n)),
        ({ status }) => (status === 200 || status === 201 ? null : `${shard}: a write was answered ${status}`),
      )
      if (written && n % READ_EVERY === 0)
        await this.#trip(
          shard,
          id,
          () => this.#request('GET', shard, id, null),
          ({ status, text }) =>
            status === 200 && text === String(n)
              ? null
              : `${shard}: value ${n} was acknowledged, read was ${status} ${text.slice(0, 20)}`,
        )
      await delay(PAUSE_MS)
    }
  }

  async #trip(
    shard: ShardName,
    id: string,
    ask: () => Promise<CanaryAnswer>,
    judge: (answer: CanaryAnswer) => string | null,
  ): Promise<boolean> {
    const beganAt = this.#now()
    const failure = judge(await ask())
    this.#trips.push({ writer: `${shard} ${id}`, shard, beganAt, ms: this.#now() - beganAt, failure })
    if (this.#trips.length > TRIPS_MAX) this.#trips.shift()
    return failure === null
  }
}
