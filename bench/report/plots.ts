// Which plots a finding has.
import type { Course, Finding, Row } from '../measure/finding.ts'
import { barsOf, linesOf, minutesOf } from './svg.ts'

export type Plot = { readonly file: string; readonly svg: string }

const DRAWN = [
  { measure: 'perSecond', words: 'requests a second' },
  { measure: 'p99Ms', words: 'p99, milliseconds' },
] as const

export const plotsOf = (finding: Finding): Plot[] => [...rowPlots(finding), ...finding.courses.map(course)]

function rowPlots({ part, title, axis, rows }: Finding): Plot[] {
  if (rows.length === 0) return []
  const name = axis === null ? part : `${part}-${axis}`
  return DRAWN.map(({ measure, words }) => {
    const whole = `${title}: ${words}`
    const svg = axis === null ? bars(whole, rows, measure) : lines(whole, axis, rows, measure)
    return { file: `${name}-${measure}.svg`, svg }
  })
}

function course({ name, title, unit, minutes, lines: drawn }: Course): Plot {
  const series = drawn.map(line => ({
    name: line.name,
    points: line.values.map((y, at) => ({ x: minutes[at] ?? 0, y })).filter(({ y }) => Number.isFinite(y)),
  }))
  return { file: `${name}.svg`, svg: minutesOf(`${title}, ${unit}`, series) }
}

type Drawn = (typeof DRAWN)[number]['measure']

function bars(title: string, rows: readonly Row[], measure: Drawn): string {
  return barsOf(
    title,
    rows.map(({ contender, samples, [measure]: { median } }) => {
      const values = samples.map(sample => sample[measure])
      return { name: contender, low: Math.min(...values), median, high: Math.max(...values) }
    }),
  )
}

function lines(title: string, axis: string, rows: readonly Row[], measure: Drawn): string {
  const contenders = [...new Set(rows.map(({ contender }) => contender))]
  const series = contenders.map(name => ({
    name,
    points: rows.filter(row => row.contender === name).map(row => ({ x: row.at ?? 1, y: row[measure].median })),
  }))
  return linesOf(title, axis, series)
}
