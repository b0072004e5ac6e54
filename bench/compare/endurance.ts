// The heaviest load for many minutes, over a whole store: does anything pile up, does anything come to a stop?
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import { WRITE_BYTES } from '../load/documents.ts'
import { wrkSpread } from '../load/wrk.ts'
import { watched } from '../measure/busy.ts'
import { type Course, type Finding, measured, type Verdict } from '../measure/finding.ts'
import { residentOf } from '../measure/memory.ts'
import { FLAT_MAX, trendOf } from '../measure/trend.ts'
import { type Load, latenciesOf } from '../measure/turn.ts'
import { LOOK_SECONDS, type Weight, weightCourses, weightOf } from '../measure/weight.ts'

const WRITERS_EACH = 128
/** A few: they tell how long a read waits beside the writes. */
const READERS_EACH = 4
const MEMORY_MIB_MAX = 350

type Interval = Weight & {
  readonly writes: number
  readonly writeMs: number
  readonly readMs: number
  readonly failures: number
  /** share of the machine that others used: it explains a dip or a long wait */
  readonly foreign: number
}

export type Endured = { readonly minutes: number; readonly prefix: string; readonly documents: number }

/** @param report called again and again: what was seen until then */
export async function endure(
  cluster: LocalCluster,
  { minutes, prefix, documents }: Endured,
  report: (finding: Finding) => void,
  tell: (line: string) => void,
): Promise<void> {
  const loads = (method: 'GET' | 'PUT', connections: number): Promise<Load[]> =>
    Promise.all(
      ORIGINS.map(name =>
        wrkSpread(
          { url: cluster.origins[name].public, connections, method, prefix, documents, bodyBytes: WRITE_BYTES },
          LOOK_SECONDS,
        ),
      ),
    )
  const intervals: Interval[] = []
  const from = performance.now()
  while (performance.now() - from < minutes * 60_000) {
    const { result, foreign } = await watched(() =>
      Promise.all([loads('PUT', WRITERS_EACH), loads('GET', READERS_EACH)]),
    )
    const weight = weightOf(cluster, (performance.now() - from) / 60_000)
    const interval: Interval = { ...weight, ...seenBy(...result), foreign }
    intervals.push(interval)
    tell(
      `    minute ${interval.minute.toFixed(1)}: ${Math.round(interval.writes)} writes/s, longest ${Math.round(interval.writeMs)} ms, ${interval.residentMib.map(Math.round).join(' and ')} MiB`,
    )
    const highest = ORIGINS.map(name => residentOf(cluster.origins[name].pid).highest)
    report(findingOf(documents, minutes, intervals, highest))
  }
}

function seenBy(puts: readonly Load[], gets: readonly Load[]): Omit<Interval, keyof Weight | 'foreign'> {
  const [put, get] = [latenciesOf(puts), latenciesOf(gets)]
  return {
    writes: put.perSecond,
    writeMs: put.longestMs,
    readMs: get.longestMs,
    failures: put.failures + get.failures,
  }
}

function findingOf(
  documents: number,
  minutes: number,
  intervals: readonly Interval[],
  highest: readonly number[],
): Finding {
  const moments = intervals.map(({ minute }) => minute)
  const [memory, disk] = weightCourses('growth-load', intervals)
  const course = (name: string, title: string, unit: string, told: Course['told'], lines: Lines): Course => ({
    name: `growth-load-${name}`,
    title,
    unit,
    told,
    minutes: moments,
    lines: Object.entries(lines).map(([line, of]) => ({ name: line, values: intervals.map(of) })),
  })
  const trends = (memory?.lines ?? []).flatMap(({ name, values }) => {
    const trend = trendOf(moments, values)
    return trend === null ? [] : [{ name, ...trend }]
  })
  return {
    part: 'growth',
    title: `Growth: ${documents} documents under PUT 300 B at 256 connections for ${minutes} minutes`,
    axis: null,
    rows: [],
    verdicts: verdictsOf(
      moments.at(-1) ?? 0,
      trends.map(({ grownTo }) => grownTo),
      highest,
    ),
    figures: [
      ...trends.map(({ name, anHour }) => ({
        name: `memory of ${name}, slope of the second half`,
        value: anHour,
        unit: 'MiB/h',
      })),
      { name: 'failed requests', value: intervals.reduce((sum, { failures }) => sum + failures, 0), unit: 'requests' },
    ],
    courses: [
      ...[memory, disk].filter(one => one !== undefined),
      course('writes', 'writes a second', 'writes/s', 'mean', { PUT: ({ writes }) => writes }),
      course('longest', 'longest wait', 'ms', 'highest', {
        PUT: ({ writeMs }) => writeMs,
        GET: ({ readMs }) => readMs,
      }),
      course('others', 'the machine', '%', 'highest', { 'used by others': ({ foreign }) => foreign * 100 }),
    ],
    notes: [
      `Documents by chance out of all. The generators connect anew every ${LOOK_SECONDS} s; ${ORIGINS.length * READERS_EACH} more connections read.`,
    ],
  }
}

type Lines = Readonly<Record<string, (interval: Interval) => number>>

/**
 * @param minutes so far
 * @param grown how flat each origin's memory was; none where the load was too short
 */
function verdictsOf(minutes: number, grown: readonly number[], highest: readonly number[]): Verdict[] {
  return [
    measured('highest memory, of the fill and the load', highest, 'MiB', { kind: 'atMost', value: MEMORY_MIB_MAX }, 0),
    ...(grown.length === 0
      ? []
      : [
          measured(
            `memory flat over ${Math.round(minutes)} minutes: last quarter to second quarter`,
            grown,
            '×',
            { kind: 'atMost', value: FLAT_MAX },
            0,
          ),
        ]),
  ]
}
