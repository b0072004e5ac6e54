// The edge's choice: the primary, asked to answer itself. Where it cannot be reached, the other one is asked to relay; where it
// does not serve, the other one may know better, and is asked that.
import type { Aim, Target } from './aim.ts'
import type { Health } from './health.ts'
import type { RetryBudget } from './retrybudget.ts'
import type { View } from './view.ts'
import { type OriginName, peerOf, type ShardName } from './words.ts'

/**
 * How long an origin keeps a request that it cannot serve yet. It hears of a takeover at once, so that is better than
 * to ask again and again; but it may be the one that is cut off, so not for long.
 */
const PARK_THERE_MS = 250

export class EdgeAim implements Aim {
  readonly #health: Health
  readonly #budget: RetryBudget
  readonly #now: () => number

  constructor(health: Health, budget: RetryBudget, now: () => number) {
    this.#health = health
    this.#budget = budget
    this.#now = now
  }

  choose(shard: ShardName, view: View, tried: OriginName | null, replayable: boolean): Target {
    const primary = view.primaries[shard]
    const origin = this.#pick(primary, tried)
    // a stream flows once: it goes where it is passed on, and stays parked there as long as it takes
    if (!replayable) return { origin, relay: true, parkMs: null }
    return { origin, relay: origin !== primary && this.#health.isEjected(primary), parkMs: PARK_THERE_MS }
  }

  #pick(primary: OriginName, tried: OriginName | null): OriginName {
    const other = peerOf(primary)
    const primaryOut = this.#health.isEjected(primary)
    if (primaryOut !== this.#health.isEjected(other)) return primaryOut ? other : primary
    return tried === primary ? other : primary
  }

  isSilent(origin: OriginName): boolean {
    // both silent is an edge, or a machine, that is too slow itself
    return this.#health.isSilent(origin) && !this.#health.isEjected(peerOf(origin))
  }

  mayRetry(): boolean {
    return this.#budget.take(this.#now())
  }
}
