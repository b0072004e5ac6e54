// Figures of several rounds as one: the median, and how far the rounds lie apart.

export type Summary = {
  readonly median: number
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
  const spread = middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / Math.abs(middle)
  return { median: middle, spread }
}

/** Of each round, what one contender did to what the other did: noise that meets both cancels out. */
export function ratio(of: readonly number[], against: readonly number[]): Summary {
  return summary(of.map((value, round) => value / (against[round] ?? Number.NaN)))
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
