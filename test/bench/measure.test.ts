import { describe, expect, it } from 'vitest'
import { countsOf } from '../../bench/compare/growth.ts'
import { compared, judged, measured, noiseOf, rowOf } from '../../bench/measure/finding.ts'
import { median, quantileOf, ratios, slopeOf, summary } from '../../bench/measure/stats.ts'
import { FLAT_MAX, trendOf } from '../../bench/measure/trend.ts'
import type { Sample } from '../../bench/measure/turn.ts'
import { optionsFrom, UsageError } from '../../bench/options.ts'
import { linesOf, minutesOf } from '../../bench/report/svg.ts'

const sample = (perSecond: number, more: Partial<Sample> = {}): Sample => ({
  perSecond,
  p50Ms: 1,
  p99Ms: 2,
  p999Ms: 3,
  longestMs: 4,
  cpuMs: 10,
  loadCpuMs: 1,
  failures: 0,
  foreign: 0,
  ...more,
})

describe('figures of several rounds', () => {
  it('are their median, and how far they lie apart', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(summary([8, 12, 10])).toEqual({ median: 10, lowest: 8, highest: 12, spread: 0.4 })
  })

  it('are compared round by round: what slowed both cancels out', () => {
    expect(ratios([100, 50, 10], [50, 25, 5])).toEqual([2, 2, 2])
  })

  it('distributions of several loads count by their requests', () => {
    const slow = { count: 1, valuesMs: [100, 100] }
    const fast = { count: 99, valuesMs: [1, 1] }
    expect(quantileOf([slow, fast], 0.5)).toBe(1)
    expect(quantileOf([slow, fast], 0.999)).toBe(100)
  })
})

describe('a verdict', () => {
  const rows = [
    rowOf('tandem', null, [sample(120), sample(130)]),
    rowOf('nginx', null, [sample(100), sample(100, { cpuMs: 20 })]),
  ]

  it('compares round by round; less CPU counts as more', () => {
    const at = (value: number) => ({ kind: 'atLeast', value }) as const
    expect(compared(rows, 'tandem', 'nginx', null, 'perSecond', at(1.2))?.outcome).toBe('met')
    expect(compared(rows, 'tandem', 'nginx', null, 'perSecond', at(1.31))?.outcome).toBe('missed')
    expect(compared(rows, 'tandem', 'nginx', null, 'cpuMs', null)?.value.median).toBe(1.5)
    expect(compared(rows, 'tandem', 'haproxy', null, 'perSecond', null)).toBeNull()
  })

  const atLeast = { kind: 'atLeast', value: 1 } as const
  const atMost = { kind: 'atMost', value: 1 } as const

  it('concludes where five rounds lie on one side of the goal, however far apart they are', () => {
    expect(judged([0.2, 0.9, 0.3, 0.5, 0.4], atLeast, 0)).toBe('missed')
    expect(judged([0.2, 0.9, 0.3, 0.5, 0.4], atMost, 0)).toBe('met')
    expect(judged([1, 9, 3, 5, 4], atLeast, 0)).toBe('met')
    expect(judged([1.1, 9, 3, 5, 4], atMost, 0)).toBe('missed')
  })

  it('concludes nothing where one round lies on the other side, however close it is', () => {
    expect(judged([0.99, 1.1, 1.1, 1.1, 1.1], atLeast, 0)).toBe('noisy')
    expect(judged([0.9, 0.9, 0.9, 0.9, 1.01], atLeast, 0)).toBe('noisy')
  })

  it('concludes from fewer rounds only where they lie close together', () => {
    expect(judged([2, 2.2, 2.4, 2.1], atLeast, 0)).toBe('met')
    expect(judged([2, 2.2, 4, 2.1], atLeast, 0)).toBe('noisy')
    expect(judged([], atLeast, 0)).toBe('noisy')
  })

  it('is none where others used the machine, a round has no figure, or there is no goal', () => {
    expect(judged([2, 2, 2, 2, 2], atLeast, 0.2)).toBe('noisy')
    expect(judged([2, 2, 2, 2, Number.NaN], atLeast, 0)).toBe('noisy')
    expect(measured('x', [2, 2, 2, 2, 2], 's', null, 0)).toMatchObject({ outcome: 'none', value: { median: 2 } })
    const busy = rowOf('busy', null, [sample(200, { foreign: 0.2 }), sample(200)])
    expect(compared([...rows, busy], 'busy', 'nginx', null, 'perSecond', atLeast)?.outcome).toBe('noisy')
  })

  it('a row says why it is not to be relied on', () => {
    expect(noiseOf(rowOf('x', null, [sample(1, { foreign: 0.2 })]))).toMatch(/others used 20 %/)
    expect(noiseOf(rowOf('x', null, [sample(100), sample(140)]))).toMatch(/33 % apart/)
    expect(noiseOf(rowOf('x', null, [sample(100), sample(110)]))).toBeNull()
  })
})

describe('what is looked at for a long time', () => {
  const minutes = Array.from({ length: 60 }, (_, minute) => minute)

  it('has the slope of the line closest to it', () => {
    expect(slopeOf([1, 2, 3].map(x => ({ x, y: 5 - 2 * x })))).toBeCloseTo(-2)
  })

  it('is flat where it only filled at the beginning', () => {
    const trend = trendOf(
      minutes,
      minutes.map(minute => Math.min(300, 100 + 20 * minute)),
    )
    expect(trend?.grownTo).toBeLessThan(FLAT_MAX)
    expect(trend?.anHour).toBeCloseTo(0)
  })

  it('is not flat where it goes on growing', () => {
    const trend = trendOf(
      minutes,
      minutes.map(minute => 200 + minute),
    )
    expect(trend?.grownTo).toBeGreaterThan(FLAT_MAX)
    expect(trend?.anHour).toBeCloseTo(60)
  })

  it('tells nothing after a few moments', () => {
    expect(trendOf(minutes.slice(0, 7), minutes.slice(0, 7))).toBeNull()
  })
})

describe('its arguments', () => {
  const parts = ['reads', 'writes']
  it('are checked at once', () => {
    expect(optionsFrom(['--only', 'reads', '--rounds', '3'], parts)).toMatchObject({
      only: ['reads'],
      rounds: 3,
      seconds: 5,
    })
    expect(optionsFrom(['--quick'], parts)).toMatchObject({ rounds: 2, seconds: 2 })
    expect(optionsFrom(['--largest', '--minutes', '90'], parts)).toMatchObject({ largest: true, minutes: 90 })
    for (const wrong of [['--only', 'x'], ['--rounds', '0'], ['--seconds', 'x'], ['--what']])
      expect(() => optionsFrom(wrong, parts)).toThrow(UsageError)
  })

  it('say in which steps a store grows', () => {
    const counts = (documentsMax: number, largest = false) => countsOf({ documentsMax, largest })
    expect(counts(10_000_000)).toEqual([1_000, 100_000, 10_000_000])
    expect(counts(2_000)).toEqual([1_000, 2_000])
    expect(counts(500)).toEqual([500])
    expect(counts(10_000_000, true)).toEqual([10_000_000])
  })
})

it('a plot names its series and shows every point, markup in names harmless', () => {
  const svg = linesOf('A & B', 'connections', [{ name: '<tandem>', points: [1, 16, 64].map(x => ({ x, y: x * 2 })) }])
  expect(svg.match(/<circle/g)).toHaveLength(3)
  expect(svg).toContain('&lt;tandem&gt;')
  expect(svg).not.toMatch(/NaN|Infinity/)
})

it('a plot over minutes begins at zero and takes a single moment', () => {
  const svg = minutesOf('memory', [{ name: 'a', points: [{ x: 10, y: 5 }] }])
  expect(svg).toContain('>0.00</text>')
  expect(svg).toContain('<polyline')
  expect(svg).not.toMatch(/NaN|Infinity/)
})
