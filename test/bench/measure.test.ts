import { describe, expect, it } from 'vitest'
import { compared, judged, noiseOf, rowOf } from '../../bench/measure/finding.ts'
import { median, quantileOf, ratio, summary } from '../../bench/measure/stats.ts'
import type { Sample } from '../../bench/measure/turn.ts'
import { optionsFrom, UsageError } from '../../bench/options.ts'
import { linesOf } from '../../bench/report/svg.ts'

const sample = (perSecond: number, more: Partial<Sample> = {}): Sample => ({
  perSecond,
  p50Ms: 1,
  p99Ms: 2,
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
    expect(summary([8, 10, 12])).toEqual({ median: 10, spread: 0.4 })
  })

  it('are compared round by round: what slowed both cancels out', () => {
    expect(ratio([100, 50, 10], [50, 25, 5])).toEqual({ median: 2, spread: 0 })
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

  it('is met or missed by the median of the ratios; less CPU counts as more', () => {
    const at = (value: number) => ({ kind: 'atLeast', value }) as const
    expect(compared(rows, 'tandem', 'nginx', null, 'perSecond', at(1.2))?.outcome).toBe('met')
    expect(compared(rows, 'tandem', 'nginx', null, 'perSecond', at(1.3))?.outcome).toBe('missed')
    expect(compared(rows, 'tandem', 'nginx', null, 'cpuMs', null)?.value.median).toBe(1.5)
    expect(compared(rows, 'tandem', 'haproxy', null, 'perSecond', null)).toBeNull()
  })

  it('is none where others used the machine, or the rounds disagree', () => {
    expect(noiseOf([rowOf('x', null, [sample(1, { foreign: 0.2 })])], 0)).toMatch(/others used 20 %/)
    expect(noiseOf(rows, 0.3)).toMatch(/30 % apart/)
    expect(judged(2, { kind: 'atLeast', value: 1 }, 'noise')).toBe('noisy')
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
    for (const wrong of [['--only', 'x'], ['--rounds', '0'], ['--seconds', 'x'], ['--what']])
      expect(() => optionsFrom(wrong, parts)).toThrow(UsageError)
  })
})

it('a plot names its series and shows every point, markup in names harmless', () => {
  const svg = linesOf('A & B', 'connections', [{ name: '<tandem>', points: [1, 16, 64].map(x => ({ x, y: x * 2 })) }])
  expect(svg.match(/<circle/g)).toHaveLength(3)
  expect(svg).toContain('&lt;tandem&gt;')
  expect(svg).not.toMatch(/NaN|Infinity/)
})
