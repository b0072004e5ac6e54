// How far the other origin's disk is behind this one, for people: entries, bytes, and the age of the oldest that it lacks.

/** Entries that are remembered one by one; what is older is reckoned at the mean size. */
const REMEMBERED = 4096

export type Lag = { readonly entries: number; readonly bytes: number; readonly ms: number }

export class LagMeter {
  /** of each remembered entry, by index modulo REMEMBERED: the bytes of all before it, and when it was made */
  readonly #before = new Float64Array(REMEMBERED)
  readonly #at = new Float64Array(REMEMBERED)
  #first = 1
  #last = 0
  #bytes = 0

  appended(index: number, bytes: number, now: number): void {
    if (index !== this.#last + 1) this.#first = index
    this.#first = Math.max(this.#first, index - REMEMBERED + 1)
    this.#last = index
    this.#before[index % REMEMBERED] = this.#bytes
    this.#at[index % REMEMBERED] = now
    this.#bytes += bytes
  }

  /** @param at the newest entry that is known to be there; @param last the newest here */
  behind(at: number, last: number, now: number): Lag {
    const entries = Math.max(0, last - at)
    const from = Math.max(at + 1, this.#first)
    if (entries === 0 || from > this.#last) return { entries, bytes: 0, ms: 0 }
    const known = this.#bytes - (this.#before[from % REMEMBERED] ?? 0)
    const bytes = Math.round((known * entries) / (this.#last - from + 1))
    return { entries, bytes, ms: Math.max(0, Math.round(now - (this.#at[from % REMEMBERED] ?? now))) }
  }
}
