import { describe, expect, it } from 'vitest'
import { type Finding, measured } from '../../bench/measure/finding.ts'
import { markdownOf } from '../../bench/report/markdown.ts'
import { plotsOf } from '../../bench/report/plots.ts'
import type { Report } from '../../bench/report/report.ts'

const verdict = measured('p99: a to b', [0.5, 0.25, 2, 0.5, 0.5], '×', { kind: 'atMost', value: 3 }, 0)
const minutes = Array.from({ length: 30 }, (_, at) => at + 1)

const finding: Finding = {
  part: 'part',
  title: 'An hour',
  axis: null,
  rows: [],
  verdicts: [verdict],
  figures: [],
  courses: [
    {
      name: 'part-memory',
      title: 'resident memory',
      unit: 'MiB',
      told: 'highest',
      minutes,
      lines: [{ name: 'origin a', values: minutes.map(minute => (minute === 30 ? Number.NaN : 200 + minute)) }],
    },
    {
      name: 'part-writes',
      title: 'writes',
      unit: 'writes/s',
      told: 'mean',
      minutes,
      lines: [{ name: 'PUT', values: minutes }],
    },
  ],
  notes: [],
}

const report: Report = {
  rounds: 5,
  seconds: 5,
  disk: 'as it is',
  machine: { cores: 2, cpu: 'x', memoryGib: 1, kernel: 'x' },
  versions: {},
  missing: {},
  failures: ['rejoin: not within 120 s'],
  finished: false,
  goals: [verdict],
  findings: [finding],
}

describe('the page', () => {
  const page = markdownOf(report, new Map())

  it('shows the range of the rounds beside their median, and what was concluded', () => {
    expect(page).toContain('| p99: a to b | ≤ 3 × | 0.50 (0.25..2.00) × | met |')
  })

  it('says what could not be measured', () => {
    expect(page).toContain('- Failed: rejoin: not within 120 s')
    expect(page).toContain('- Unfinished')
    expect(markdownOf({ ...report, finished: true }, new Map())).not.toContain('- Unfinished')
  })

  it('tells a course in few lines, each of several moments', () => {
    expect(page).toContain('| until minute | resident memory: origin a, MiB | writes: PUT, writes/s |')
    expect(page).toContain('| 3.0 | 203 | 2.00 |')
    expect(page).toContain('| 30.0 | – | 29.0 |')
  })
})

it('each course has a plot, without the moments that could not be seen', () => {
  const plots = plotsOf(finding)
  expect(plots.map(({ file }) => file)).toEqual(['part-memory.svg', 'part-writes.svg'])
  for (const { svg } of plots) expect(svg).not.toMatch(/NaN|Infinity/)
})
