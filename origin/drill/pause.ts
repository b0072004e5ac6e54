// The fault of a drill: this process stands still for a while, as if it had been stopped. Its loop is blocked, so link, lease
// and HTTP are silent; then it wakes by itself, finds its lease over, and rejoins. Nothing has to start it again.

/** Longer would only keep those waiting who are connected to this host. */
export const PAUSE_MS_MAX = 10_000
/** The one who asked gets an answer first. */
const ANSWER_MS = 50

export function standStill(ms: number): void {
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(ms, PAUSE_MS_MAX)), ANSWER_MS)
}
