// Which plots a finding has.
import type { Finding, Row } from '../measure/finding.ts'
import { barsOf, linesOf } from './svg.ts'

export type Plot = { readonly file: string; readonly svg: string }

const DRAWN = [
  { measure: 'perSecond', words: 'requests a second' },
  { measure: 'p99Ms', words: 'p99, milliseconds' },
] as const

export function plotsOf({ part, title, axis, rows }: Finding): Plot[] {
  if (rows.length === 0) return []
  const name = axis === null ? part : `${part}-${axis}`
  return DRAWN.map(({ measure, words }) => {
    const whole = `${title}: ${words}`
    const svg = axis === null ? bars(whole, rows, measure) : lines(whole, axis, rows, measure)
    return { file: `${name}-${measure}.svg`, svg }
  })
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
