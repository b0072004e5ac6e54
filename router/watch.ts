// Gives up forwards whose primary has moved, or whose origin has fallen silent. A host that lost its power answers nothing,
// not even a reset: without this a request sent to it would wait for its whole deadline although the takeover is long over.

import type { Whereabouts } from './whereabouts.ts'
import type { OriginName, ShardName } from './words.ts'

/** The old primary may still be answering what it committed before a handover: give it this long. */
const MOVED_GRACE_MS = 50
/** To a write that has no second life its answer is worth more of a wait: without it the outcome stays unknown. */
const LAST_CHANCE_MS = 1_000
/** A look at the whereabouts even when no change was announced. */
const LOOK_MS = 1_000

type Flight = {
  readonly shard: ShardName
  readonly primary: OriginName
  /** where it went: the other one, where that was asked to relay */
  readonly asked: OriginName
  /** it was asked all the same, for want of a better one */
  readonly knownSilent: boolean
  readonly graceMs: number
  readonly abandon: () => void
  movedAt: number | null
}

export class Watch {
  readonly #whereabouts: Whereabouts
  readonly #isSilent: (origin: OriginName) => boolean
  readonly #now: () => number
  readonly #flights = new Set<Flight>()
  #running = false
  readonly #never = new AbortController().signal

  constructor(whereabouts: Whereabouts, isSilent: (origin: OriginName) => boolean, now: () => number) {
    this.#whereabouts = whereabouts
    this.#isSilent = isSilent
    this.#now = now
  }

  /**
   * Calls `abandon` some time after another origin than this primary became the shard's, or the one that was asked fell
   * silent. Returns how to end the watch.
   * @param repeatable it can be asked elsewhere
   */
  over(shard: ShardName, primary: OriginName, asked: OriginName, repeatable: boolean, abandon: () => void): () => void {
    const graceMs = repeatable ? MOVED_GRACE_MS : LAST_CHANCE_MS
    const knownSilent = this.#isSilent(asked)
    const flight: Flight = { shard, primary, asked, knownSilent, graceMs, abandon, movedAt: null }
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

  #moved({ shard, primary, asked, knownSilent }: Flight): boolean {
    if (!knownSilent && this.#isSilent(asked)) return true
    const where = this.#whereabouts.where(shard)
    if (where.kind === 'here') return true
    return where.kind === 'there' && where.view.primaries[shard] !== primary
  }
}
