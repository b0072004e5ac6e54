// Where requests wait while a takeover or handover runs. Bounded: beyond it a client had better ask another router.
import { Turns } from './turns.ts'
import type { ShardName } from './words.ts'

/** A takeover ends within two seconds; a server takes some 10 000 requests a second. */
export const PARKED_REQUESTS_MAX = 20_000
/** Memory that the bodies of waiting requests may hold. */
export const PARKED_BYTES_MAX = 64 * 1024 * 1024
/** TANDEM_PARK_MS: how long a request may wait in all. */
export const PARK_MS_DEFAULT = 10_000

export type ParkingLimits = {
  readonly parkMs: number
  readonly requestsMax: number
  readonly bytesMax: number
}

export const PARKING_LIMITS: ParkingLimits = {
  parkMs: PARK_MS_DEFAULT,
  requestsMax: PARKED_REQUESTS_MAX,
  bytesMax: PARKED_BYTES_MAX,
}

export class Parking {
  readonly limits: ParkingLimits
  readonly #turns: Readonly<Record<ShardName, Turns>> = { s0: new Turns(), s1: new Turns() }
  #requests = 0
  #bytes = 0

  constructor(limits: ParkingLimits) {
    this.limits = limits
  }

  /** Requests that wait now. */
  get requests(): number {
    return this.#requests
  }

  get bytes(): number {
    return this.#bytes
  }

  /** False where there is no room. Each true needs one `leave` with the same bytes. */
  enter(bytes: number): boolean {
    if (this.#requests >= this.limits.requestsMax || this.#bytes + bytes > this.limits.bytesMax) return false
    this.#requests += 1
    this.#bytes += bytes
    return true
  }

  /** The wait is over: when this request may go, in order, in the clock of `now`. */
  turn(shard: ShardName, now: number): number {
    return this.#turns[shard].take(now)
  }

  /** Requests that waited are still being let go: a new one waits behind them. */
  isReleasing(shard: ShardName, now: number): boolean {
    return this.#turns[shard].pending(now)
  }

  leave(bytes: number): void {
    this.#requests -= 1
    this.#bytes -= bytes
  }
}
