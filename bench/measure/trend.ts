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

/** Null where there is too little to tell. */
export function trendOf(points: readonly { readonly minute: number; readonly value: number }[]): Trend | null {
  if (points.length < MOMENTS_MIN) return null
  const quarter = Math.floor(points.length / 4)
  const meanOf = (part: typeof points): number => mean(part.map(({ value }) => value))
  const half = points.slice(2 * quarter).map(({ minute, value }) => ({ x: minute / 60, y: value }))
  return {
    grownTo: meanOf(points.slice(-quarter)) / meanOf(points.slice(quarter, 2 * quarter)),
    anHour: slopeOf(half),
  }
}
