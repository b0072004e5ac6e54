// Who waited is let go in order and not all at once: a primary that has just begun would refuse what it cannot hold.
// A leaky bucket in its virtual-scheduling form (GCRA, ITU-T I.371): one number, no queue and no timer of its own.

/** At once; a group of writes holds as many. */
export const BURST = 512
/** Then so many a millisecond: about what a primary takes. Twenty thousand that waited are through in two and a half seconds. */
export const A_MS = 8

export class Turns {
  #nextAt = Number.NEGATIVE_INFINITY

  /** When the one who asks now may go, in the clock of `now`; never before one who asked earlier. */
  take(now: number): number {
    this.#nextAt = Math.max(this.#nextAt, now - BURST / A_MS) + 1 / A_MS
    return Math.max(now, this.#nextAt)
  }

  /** Some who asked before have not gone yet. */
  pending(now: number): boolean {
    return this.#nextAt > now
  }
}
