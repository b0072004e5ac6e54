// The view of one isolate, shared by all of its requests. Learnt from signed answers alone; a cold one assumes homes.
import type { Known } from './asked.ts'
import { newerView, type View } from './view.ts'
import { homeOf } from './words.ts'

/** What holds in fair weather. Never sent, and replaced by the first view that is learnt. */
const ASSUMED: View = { lineage: '', epoch: 0, primaries: { s0: homeOf('s0'), s1: homeOf('s1') } }

/**
 * A restore from a backup begins another lineage, whose epochs cannot be compared. It is believed when no origin has
 * spoken for the known one for so long: while both speak, a straggler of the old history cannot flip views to and fro.
 * Meanwhile requests find their way by 421 and relays; answers are right in either case, since origins decide.
 */
const LINEAGE_QUIET_MS = 5_000

export class EdgeViews {
  #view: View | null = null
  #confirmedAt = 0

  get view(): View {
    return this.#view ?? ASSUMED
  }

  get knows(): Known | null {
    return this.#view
  }

  /** An origin answered a request that named the view and had nothing newer to say. */
  confirmed(now: number): void {
    this.#confirmedAt = now
  }

  /** The view's signature was checked. */
  learn(view: View, now: number): void {
    const known = this.#view
    if (known !== null && known.lineage !== view.lineage) {
      if (now - this.#confirmedAt < LINEAGE_QUIET_MS) return
      this.#view = view
    } else {
      this.#view = newerView(known, view)
    }
    this.#confirmedAt = now
  }
}
