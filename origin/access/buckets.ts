// A token bucket for each client: full at first, it empties by one a request and fills evenly. Bounded: what is forgotten
// is the bucket that nobody touched for longest, which is full again in all but a flood of strangers.

export type Rate = {
  /** requests in a window, and the most at once */
  readonly quota: number
  /** whole seconds */
  readonly windowMs: number
}

/** What became of one request. */
export type Taken = {
  readonly admitted: boolean
  /** requests that may follow at once */
  readonly remaining: number
  /** until there is one more than that */
  readonly nextMs: number
}

/** Some 100 bytes each. */
export const CLIENTS_MAX = 50_000

type Bucket = { level: number; at: number }

export class Buckets {
  readonly rate: Rate
  readonly #clientsMax: number
  readonly #now: () => number
  /** in the order of their last use */
  readonly #buckets = new Map<string, Bucket>()

  /** @param now monotonic milliseconds */
  constructor(rate: Rate, now: () => number, clientsMax: number = CLIENTS_MAX) {
    this.rate = rate
    this.#clientsMax = clientsMax
    this.#now = now
  }

  get clients(): number {
    return this.#buckets.size
  }

  take(client: string): Taken {
    const { quota, windowMs } = this.rate
    const now = this.#now()
    const bucket = this.#buckets.get(client)
    const filled = bucket === undefined ? quota : Math.min(quota, bucket.level + ((now - bucket.at) * quota) / windowMs)
    const admitted = filled >= 1
    const level = admitted ? filled - 1 : filled
    this.#keep(client, { level, at: now })
    const remaining = Math.floor(level)
    return { admitted, remaining, nextMs: ((remaining + 1 - level) * windowMs) / quota }
  }

  #keep(client: string, bucket: Bucket): void {
    this.#buckets.delete(client)
    this.#buckets.set(client, bucket)
    if (this.#buckets.size <= this.#clientsMax) return
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest)
      return
    }
  }
}
