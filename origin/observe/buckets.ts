// Counts by size, as Prometheus histograms have them: some numbers, no object for an observation.

/** Seconds: from an answer out of memory to the end of parking. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
/** Writes in one group, at most 512. */
export const WRITES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const

export class Buckets {
  /** upper bounds, ascending; what is above the last is counted too */
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let at = 0
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at++
    this.counts[at] = (this.counts[at] ?? 0) + 1
    this.sum += value
  }
}

/** The value below which `share` of the observations lie, interpolated within a bucket; null without any. */
export function quantile(bounds: readonly number[], counts: ArrayLike<number>, share: number): number | null {
  let total = 0
  for (let at = 0; at < counts.length; at++) total += counts[at] ?? 0
  if (total === 0) return null
  let left = share * total
  for (let at = 0; at < bounds.length; at++) {
    const count = counts[at] ?? 0
    const low = at === 0 ? 0 : (bounds[at - 1] ?? 0)
    if (left <= count && count > 0) return low + (((bounds[at] ?? 0) - low) * left) / count
    left -= count
  }
  // above the last bound nothing more is known than that
  return bounds.at(-1) ?? null
}
