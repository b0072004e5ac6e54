// When to give up on a worker or a queue and build it anew. BullMQ's isRunning() stays true in a wedged worker (issues
// 4378, 4479, 4585), so progress is watched: a small job goes through the own queue every BEAT_MS. Pure.

export const BEAT_MS = 2000
/** Longer than the socket timeout of a worker's connections (4 s), which cure themselves by then. */
export const WEDGED_MS = 5000
/** Fewer failed adds are no series. */
const FAILED_MIN = 3

/** Adds to one queue that failed in a row, without any that was answered between them. */
export type Failures = { readonly count: number; readonly firstAt: number; readonly lastAt: number }

export const NO_FAILURES: Failures = { count: 0, firstAt: 0, lastAt: 0 }

export const oneMore = (failures: Failures, now: number): Failures => ({
  count: failures.count + 1,
  firstAt: failures.count === 0 ? now : failures.firstAt,
  lastAt: now,
})

/** Times of the monotonic clock, in milliseconds. */
export type Pulse = {
  readonly now: number
  readonly workerBuiltAt: number
  /** a job was taken */
  readonly workerProgressAt: number
  /** when the oldest beat was added that the worker has made no progress after; null where there is none */
  readonly beatWaitsSince: number | null
  readonly queues: readonly Failures[]
}

export type Suspicion = 'none' | 'queue' | 'worker'

export function suspect(pulse: Pulse): Suspicion {
  if (pulse.queues.some(({ count, firstAt, lastAt }) => count >= FAILED_MIN && lastAt - firstAt >= WEDGED_MS))
    return 'queue'
  if (pulse.beatWaitsSince === null) return 'none'
  const since = Math.max(pulse.beatWaitsSince, pulse.workerBuiltAt, pulse.workerProgressAt)
  return pulse.now - since >= WEDGED_MS ? 'worker' : 'none'
}

/**
 * A part is rebuilt when it is suspected twice in a row while Redis answered a new connection both times: after an
 * outage the old connections need a moment, and are not to blame.
 */
export const mayRebuild = (before: Suspicion, now: Suspicion): boolean => now !== 'none' && before === now
