// What a part of the benchmark found: rows of figures, what they are measured against, and whether they conclude anything.
import { ratios, type Summary, summary } from './stats.ts'
import type { Sample } from './turn.ts'

/**
 * So many rounds that all lie on one side of a goal conclude, however far apart they are: where the truth lies at the
 * goal, that is a chance of 1 in 32. Fewer conclude only where they agree as closely as SPREAD_MAX says.
 */
export const ROUNDS_TO_CONCLUDE = 5
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
  readonly p999Ms: Summary
  readonly longestMs: Summary
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
  readonly goal: Goal | null
  readonly outcome: Outcome
}

export type Goal = { readonly kind: 'atLeast' | 'atMost'; readonly value: number }

/** `noisy`: measured, but too close to the goal, or the machine not quiet enough, to conclude. `none`: without a goal. */
export type Outcome = 'met' | 'missed' | 'noisy' | 'none'

/** What was looked at again and again while something ran; all of one unit, so that one plot holds it. */
export type Course = {
  readonly name: string
  readonly title: string
  readonly unit: string
  /** what stands for several moments in one line of a table */
  readonly told: 'mean' | 'highest'
  readonly minutes: readonly number[]
  /** a value of each moment; NaN where it could not be seen */
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
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
  readonly courses: readonly Course[]
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
    p999Ms: of('p999Ms'),
    longestMs: of('longestMs'),
    cpuMs: of('cpuMs'),
    loadCpuMs: of('loadCpuMs'),
    foreign: Math.max(...samples.map(sample => sample.foreign)),
    failures: samples.reduce((sum, sample) => sum + sample.failures, 0),
    samples,
  }
}

/** Why this row's figures are not to be relied on; null where they are. */
export function noiseOf({ foreign, perSecond: { spread } }: Row): string | null {
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
  goal: Goal | null,
): Verdict | null {
  const find = (name: string): Row | undefined => rows.find(row => row.contender === name && row.at === at)
  const [mine, theirs] = [find(of), find(against)]
  if (mine === undefined || theirs === undefined) return null
  const [ours, others] = [mine, theirs].map(row => row.samples.map(sample => sample[measure]))
  // less CPU is better: turned round, so that more is better in every ratio but those of latencies
  const values = measure === 'cpuMs' ? ratios(others ?? [], ours ?? []) : ratios(ours ?? [], others ?? [])
  const foreign = Math.max(mine.foreign, theirs.foreign)
  return { ...measured(`${WORDS[measure]}: ${of} to ${against}`, values, '×', goal, foreign), at }
}

const WORDS: Readonly<Record<Measure, string>> = {
  perSecond: 'requests a second',
  p50Ms: 'p50',
  p99Ms: 'p99',
  cpuMs: 'requests a second of CPU',
}

/** A sign test over the rounds: it concludes where all of them lie on one side of the goal. */
export function judged(values: readonly number[], goal: Goal | null, foreign: number): Outcome {
  if (goal === null) return 'none'
  if (foreign > FOREIGN_MAX || values.length === 0 || !values.every(Number.isFinite)) return 'noisy'
  if (values.length < ROUNDS_TO_CONCLUDE && summary(values).spread > SPREAD_MAX) return 'noisy'
  const meeting = values.filter(value => (goal.kind === 'atLeast' ? value >= goal.value : value <= goal.value)).length
  if (meeting === 0) return 'missed'
  return meeting === values.length ? 'met' : 'noisy'
}

/** @param values one of each round, best paired with another contender's of the same round */
export function measured(
  what: string,
  values: readonly number[],
  unit: string,
  goal: Goal | null,
  foreign: number,
): Verdict {
  return { what, at: null, value: summary(values), unit, goal, outcome: judged(values, goal, foreign) }
}
