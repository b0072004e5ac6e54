// Gives up forwards whose primary has moved. A host that lost its power answers nothing, not even a reset: without
// this a request sent to it would wait for its whole deadline although the takeover is long over.

import type { Whereabouts } from './whereabouts.ts'
import type { OriginName, ShardName } from './words.ts'

/** The old primary may still be answering what it committed before a handover: give it this long. */
const READ_MOVED_GRACE_MS = 50
const WRITE_MOVED_GRACE_MS = 1_000
/** A look at the whereabouts even when no change was announced. */
const LOOK_MS = 1_000

type Flight = {
  readonly shard: ShardName
  readonly origin: OriginName
  readonly graceMs: number
  readonly abandon: () => void
  movedAt: number | null
}

export class Watch {
  readonly #whereabouts: Whereabouts
  readonly #now: () => number
  readonly #flights = new Set<Flight>()
  #running = false
  readonly #never = new AbortController().signal

  constructor(whereabouts: Whereabouts, now: () => number) {
    this.#whereabouts = whereabouts
    this.#now = now
  }

  /** Calls `abandon` some time after another origin than this one became the shard's primary. Returns how to end the watch. */
  over(shard: ShardName, origin: OriginName, safe: boolean, abandon: () => void): () => void {
    const graceMs = safe ? READ_MOVED_GRACE_MS : WRITE_MOVED_GRACE_MS
    const flight: Flight = { shard, origin, graceMs, abandon, movedAt: null }
    this.#flights.add(flight)
    if (!this.#running) void this.#run()
    return () => this.#flights.delete(flight)
  }

  /** Runs only while something is in flight, one loop for all. `changed` never rejects. */
  async #run(): Promise<void> {
    this.#running = true
    let nextLookMs = LOOK_MS
    while (this.#flights.size > 0) {
      await this.#whereabouts.changed(nextLookMs, this.#never)
      nextLookMs = this.#look()
    }
    this.#running = false
  }

  #look(): number {
    const now = this.#now()
    let nextLookMs = LOOK_MS
    for (const flight of this.#flights) {
      if (!this.#moved(flight)) {
        flight.movedAt = null
        continue
      }
      flight.movedAt ??= now
      const leftMs = flight.movedAt + flight.graceMs - now
      if (leftMs > 0) {
        nextLookMs = Math.min(nextLookMs, leftMs)
        continue
      }
      this.#flights.delete(flight)
      flight.abandon()
    }
    return Math.max(1, nextLookMs)
  }

  #moved(flight: Flight): boolean {
    const where = this.#whereabouts.where(flight.shard)
    if (where.kind === 'here') return true
    return where.kind === 'there' && where.view.primaries[flight.shard] !== flight.origin
  }
}
