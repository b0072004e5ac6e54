// How many retries after failures an isolate may make: without it, a dead origin would double the load on the other.

/** Enough for all requests that a dying origin takes with it. */
const TOKENS_MAX = 200
const TOKENS_PER_SECOND = 20

export class RetryBudget {
  #tokens = TOKENS_MAX
  #at = 0

  /** False where it is spent. `now` in milliseconds. */
  take(now: number): boolean {
    this.#tokens = Math.min(TOKENS_MAX, this.#tokens + ((now - this.#at) / 1000) * TOKENS_PER_SECOND)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
