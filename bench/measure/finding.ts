// What a part of the benchmark found: rows of figures, what they are measured against, and whether they conclude anything.
import { ratio, type Summary, summary } from './stats.ts'
import type { Sample } from './turn.ts'

/** Rounds further apart than this say more about the machine than about the contenders. */
export const SPREAD_MAX = 0.25
/** Share of the machine that others may use before the figures are theirs as well. */
export const FOREIGN_MAX = 0.1

export type Measure = 'perSecond' | 'p50Ms' | 'p99Ms' | 'cpuMs'

export type Row = {
  readonly contender: string
  /** connections, documents or bytes, where the part runs at several */
  readonly at: number | null
  readonly perSecond: Summary
  readonly p50Ms: Summary
  readonly p99Ms: Summary
  readonly cpuMs: Summary
  readonly loadCpuMs: Summary
  readonly foreign: number
  readonly failures: number
  readonly samples: readonly Sample[]
}

export type Verdict = {
  readonly what: string
  readonly at: number | null
  readonly value: Summary
  readonly unit: string
  readonly goal: { readonly kind: 'atLeast' | 'atMost'; readonly value: number } | null
  /** `noisy`: measured, but the machine was not quiet enough to conclude */
  readonly outcome: 'met' | 'missed' | 'noisy' | 'none'
}

export type Finding = {
  readonly part: string
  readonly title: string
  /** what `at` counts */
  readonly axis: string | null
  readonly rows: readonly Row[]
  readonly verdicts: readonly Verdict[]
  /** figures by name, one line of a table each */
  readonly figures: readonly { readonly name: string; readonly value: number; readonly unit: string }[]
  readonly notes: readonly string[]
}

export function rowOf(contender: string, at: number | null, samples: readonly Sample[]): Row {
  const of = (measure: keyof Sample): Summary => summary(samples.map(sample => sample[measure]))
  return {
    contender,
    at,
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuMs: of('cpuMs'),
    loadCpuMs: of('loadCpuMs'),
    foreign: Math.max(...samples.map(sample => sample.foreign)),
    failures: samples.reduce((sum, sample) => sum + sample.failures, 0),
    samples,
  }
}

/** Why nothing should be concluded from these rows; null where it may. */
export function noiseOf(rows: readonly Row[], spread: number): string | null {
  const foreign = Math.max(...rows.map(row => row.foreign))
  if (foreign > FOREIGN_MAX)
    return `others used ${percent(foreign)} of the machine, the limit is ${percent(FOREIGN_MAX)}`
  if (spread > SPREAD_MAX) return `the rounds lie ${percent(spread)} apart, the limit is ${percent(SPREAD_MAX)}`
  return null
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`

/** One contender's measure to another's, round by round, against a goal. Null where one of them was not there. */
export function compared(
  rows: readonly Row[],
  of: string,
  against: string,
  at: number | null,
  measure: Measure,
  goal: Verdict['goal'],
): Verdict | null {
  const find = (name: string): Row | undefined => rows.find(row => row.contender === name && row.at === at)
  const [mine, theirs] = [find(of), find(against)]
  if (mine === undefined || theirs === undefined) return null
  const [ours, others] = [mine, theirs].map(row => row.samples.map(sample => sample[measure]))
  // less CPU is better: turned round, so that more is better in every ratio but those of latencies
  const value = measure === 'cpuMs' ? ratio(others ?? [], ours ?? []) : ratio(ours ?? [], others ?? [])
  const what = `${WORDS[measure]}: ${of} to ${against}`
  return {
    what,
    at,
    value,
    unit: '×',
    goal,
    outcome: judged(value.median, goal, noiseOf([mine, theirs], value.spread)),
  }
}

const WORDS: Readonly<Record<Measure, string>> = {
  perSecond: 'requests a second',
  p50Ms: 'p50',
  p99Ms: 'p99',
  cpuMs: 'requests a second of CPU',
}

export function judged(value: number, goal: Verdict['goal'], noise: string | null): Verdict['outcome'] {
  if (goal === null) return 'none'
  if (noise !== null) return 'noisy'
  const met = goal.kind === 'atLeast' ? value >= goal.value : value <= goal.value
  return met ? 'met' : 'missed'
}

/** A figure that has no rows: judged by its own spread, and by how busy the machine was. */
export function measured(
  what: string,
  values: readonly number[],
  unit: string,
  goal: Verdict['goal'],
  foreign: number,
): Verdict {
  const value = summary(values)
  const quiet = foreign <= FOREIGN_MAX && value.spread <= SPREAD_MAX
  return { what, at: null, value, unit, goal, outcome: judged(value.median, goal, quiet ? null : 'noise') }
}
