// Whether what was looked at for a long time stays where it is.
import { mean, slopeOf } from './stats.ts'

/**
 * The last quarter may lie so much above the second one: caches and the heap fill in the first, and a collection more
 * or less moves the mean of a quarter by a few per cent. What leaks goes on growing, so that a longer run shows it.
 */
export const FLAT_MAX = 1.05
/** Fewer moments make no quarters. */
export const MOMENTS_MIN = 8

export type Trend = {
  /** mean of the last quarter, as a multiple of the second quarter's */
  readonly grownTo: number
  /** of the straight line through the second half */
  readonly anHour: number
}

/** Null where there is too little to tell. @param minutes when each value was seen */
export function trendOf(minutes: readonly number[], values: readonly number[]): Trend | null {
  if (values.length < MOMENTS_MIN) return null
  const quarter = Math.floor(values.length / 4)
  const points = values.map((y, at) => ({ x: (minutes[at] ?? Number.NaN) / 60, y }))
  return {
    grownTo: mean(values.slice(-quarter)) / mean(values.slice(quarter, 2 * quarter)),
    anHour: slopeOf(points.slice(2 * quarter)),
  }
}
