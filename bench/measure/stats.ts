// Figures of several rounds as one: the median, and how far the rounds lie apart.

export type Summary = {
  readonly median: number
  readonly lowest: number
  readonly highest: number
  /** (highest - lowest) / median: 0 where all rounds agree */
  readonly spread: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function summary(values: readonly number[]): Summary {
  const middle = median(values)
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  const spread = middle === 0 ? 0 : (highest - lowest) / Math.abs(middle)
  return { median: middle, lowest, highest, spread }
}

/** Of each round, what one contender did to what the other did: noise that meets both cancels out. */
export const ratios = (of: readonly number[], against: readonly number[]): number[] =>
  of.map((value, round) => value / (against[round] ?? Number.NaN))

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export type Point = { readonly x: number; readonly y: number }

/** Of the straight line that lies closest to the points (least squares): how much y grows with each x. */
export function slopeOf(points: readonly Point[]): number {
  const middle = { x: mean(points.map(({ x }) => x)), y: mean(points.map(({ y }) => y)) }
  const sum = (of: (point: Point) => number): number => points.reduce((total, point) => total + of(point), 0)
  return sum(({ x, y }) => (x - middle.x) * (y - middle.y)) / sum(({ x }) => (x - middle.x) ** 2)
}

/** Several loads at once as one distribution; each gives its values at evenly spaced quantiles. */
export type Quantiles = { readonly count: number; readonly valuesMs: readonly number[] }

export function quantileOf(parts: readonly Quantiles[], fraction: number): number {
  const points = parts
    .flatMap(({ count, valuesMs }) => valuesMs.map(value => ({ value, weight: count / valuesMs.length })))
    .sort((x, y) => x.value - y.value)
  const total = points.reduce((sum, point) => sum + point.weight, 0)
  let seen = 0
  for (const { value, weight } of points) {
    seen += weight
    if (seen >= total * fraction) return value
  }
  return points.at(-1)?.value ?? Number.NaN
}
