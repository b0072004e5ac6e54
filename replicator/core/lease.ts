// Leases between the two origins: what this one holds (as primary) and what it promised (as standby). And the other way round, for
// a standby that answers strong reads: its primary promises to commit nothing without it. Monotonic clock only.
import { GRACE_PER_LEASE, READ_LEASE_SHARE, type Timing } from './limits.ts'

/** Beats without an answer that are remembered: far more than fit into a lease. */
const BEATS_MAX = 64

/** What the peer's answer to a beat says. */
export type Answered = { readonly granted: boolean; readonly reads: boolean }

export class Lease {
  readonly #timing: Timing
  #seq = 0
  #sentAt = new Map<number, number>()
  #heldUntil = Number.NEGATIVE_INFINITY
  #promisedUntil = Number.NEGATIVE_INFINITY
  #readsHeldUntil = Number.NEGATIVE_INFINITY
  #readsPromisedUntil = Number.NEGATIVE_INFINITY
  #rttMs: number | null = null
  #lastGrantSentAt = Number.NEGATIVE_INFINITY
  #lastAnsweredSentAt = Number.NEGATIVE_INFINITY

  constructor(timing: Timing) {
    this.#timing = timing
  }

  /** Notes a beat that leaves now; its number goes with it. */
  beat(now: number): number {
    this.#seq++
    this.#sentAt.set(this.#seq, now)
    if (this.#sentAt.size > BEATS_MAX) this.#sentAt.delete(this.#seq - BEATS_MAX)
    return this.#seq
  }

  /** A beat was answered. The lease runs from when the beat was SENT: what the standby promised began no earlier. */
  answered(seq: number, { granted, reads }: Answered, now: number): void {
    const sentAt = this.#sentAt.get(seq)
    if (sentAt === undefined) return
    this.#sentAt.delete(seq)
    this.#rttMs = now - sentAt
    this.#lastAnsweredSentAt = Math.max(this.#lastAnsweredSentAt, sentAt)
    if (reads) this.#readsHeldUntil = Math.max(this.#readsHeldUntil, sentAt + this.readMs)
    if (!granted) return
    this.#lastGrantSentAt = Math.max(this.#lastGrantSentAt, sentAt)
    this.#heldUntil = Math.max(this.#heldUntil, sentAt + this.#timing.leaseMs)
  }

  /** Answers of an ended session no longer count; what was granted before stays granted. */
  sessionEnded(): void {
    this.#sentAt.clear()
    this.#rttMs = null
    this.#lastGrantSentAt = Number.NEGATIVE_INFINITY
    this.#lastAnsweredSentAt = Number.NEGATIVE_INFINITY
  }

  /** The standby answers a beat that names a lease: it will not serve before the grace is over. */
  promise(leaseMs: number, now: number): void {
    const graceMs = Math.max(this.#timing.graceMs, leaseMs * GRACE_PER_LEASE)
    this.#promisedUntil = Math.max(this.#promisedUntil, now + graceMs)
  }

  /** Until when a primary would commit nothing without a standby that asks for so much now. */
  readsPromise(readMs: number, now: number): number {
    return now + readMs * GRACE_PER_LEASE
  }
  promiseReads(readMs: number, now: number): void {
    this.#readsPromisedUntil = Math.max(this.#readsPromisedUntil, this.readsPromise(readMs, now))
  }

  /** number of the last beat */
  get seq(): number {
    return this.#seq
  }
  get heldUntil(): number {
    return this.#heldUntil
  }
  get promisedUntil(): number {
    return this.#promisedUntil
  }
  /** What a standby asks for. */
  get readMs(): number {
    return Math.floor(this.#timing.leaseMs * READ_LEASE_SHARE)
  }
  get readsHeldUntil(): number {
    return this.#readsHeldUntil
  }
  get readsPromisedUntil(): number {
    return this.#readsPromisedUntil
  }
  get rttMs(): number | null {
    return this.#rttMs
  }
  /** Has the peer granted a beat of this session that was sent within the last lease? */
  runsInSession(now: number): boolean {
    return now < this.#lastGrantSentAt + this.#timing.leaseMs
  }
  /** Has the peer answered a beat of this session that was sent at that time or later, granted or not? */
  answeredSince(at: number): boolean {
    return this.#lastAnsweredSentAt >= at
  }
}
