// When to dial again.

const FIRST_MS = 100
const LONGEST_MS = 1000
/** A session that ends sooner counts as a failed dial: two ends that replace each other must not spin. */
export const SETTLED_MS = 1000

/**
 * Milliseconds to wait after `failures` dials in a row that failed, the last one included; 0 after none.
 * `chance` in [0, 1) spreads the upper half, so that ends that fail together do not dial together.
 */
export function redialDelayMs(failures: number, chance: number): number {
  if (failures === 0) return 0
  const fullMs = Math.min(FIRST_MS * 2 ** Math.min(failures, 10), LONGEST_MS)
  return fullMs / 2 + (fullMs / 2) * chance
}
