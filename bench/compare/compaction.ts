// Pairs that differ in nothing but when they tidy up: one compacts its logs all the time, one never, one brings its
// WAL into the database after the load only. Does tidying stop anybody, and does it keep the disk bounded?
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import { WRITE_BYTES } from '../load/documents.ts'
import { fill, wrkSpread } from '../load/wrk.ts'
import { type Finding, type Goal, measured, type Row, rowOf, type Verdict } from '../measure/finding.ts'
import { type Latencies, latenciesOf, type Sample, turnOf } from '../measure/turn.ts'
import { diskOf } from '../measure/weight.ts'
import { type Bench, type Part, pidsOf, withCluster } from '../part.ts'

const BOUNDED_ORIGIN = fileURLToPath(new URL('../origin/bounded.ts', import.meta.url))
const ALL = Number.MAX_SAFE_INTEGER
const KEEPS_ALL = { logEntriesKept: ALL, logBytesKept: ALL }
/** Reached within a second: from then on the most that one group may drop goes at once, whenever as much has come. */
const FEW_ENTRIES = 200
const TIDYING = {
  compacts: { logEntriesKept: FEW_ENTRIES },
  keeps: KEEPS_ALL,
  'keeps, no checkpoint': { ...KEEPS_ALL, walFramesMax: ALL },
} as const
type Kind = keyof typeof TIDYING
const KINDS: readonly Kind[] = ['compacts', 'keeps', 'keeps, no checkpoint']

const BODY_BYTES = [WRITE_BYTES, 16 * 1024]
const DOCUMENTS = 2_000
const PREFIX = '/v1/compaction/'
const WRITERS_EACH = 8
/** A few, that tell how long a read waits beside the writes. */
const READERS_EACH = 2
const WARM_UP_SECONDS = 3
/** Each pair has ports of its own, as far apart as a local cluster needs. */
const PORTS_EACH = 450
/** When a load has ended, the store waits for quiet and then brings its WAL home: not in the next one's turn. */
const TIDY_MS = 2_000

const ADDED: Goal = { kind: 'atMost', value: 50 }
/** Of long bodies. Idempotency records are kept for ten minutes, so that disk grows a little with every write. */
const GROWN: Goal = { kind: 'atMost', value: 0.1 }
const LONG_BYTES = 16 * 1024

type Pair = { readonly kind: Kind; readonly cluster: LocalCluster }
type Turn = {
  readonly put: Sample
  readonly get: Latencies
  /** database of origin a: grown by so much for each byte of the bodies that were written */
  readonly grown: number
}
type Turns = Readonly<Record<Kind, readonly Turn[]>>

export const compaction: Part = {
  name: 'compaction',
  programs: ['wrk'],
  run: bench => withPairs(bench, KINDS, [], pairs => comparePairs(bench, pairs)),
}

async function withPairs(
  bench: Bench,
  kinds: readonly Kind[],
  pairs: readonly Pair[],
  act: (pairs: readonly Pair[]) => Promise<void>,
): Promise<void> {
  const [kind, ...others] = kinds
  if (kind === undefined) return act(pairs)
  const env = { BENCH_STORE_LIMITS: JSON.stringify(TIDYING[kind]) }
  const portBase = bench.options.portBase + PORTS_EACH * pairs.length
  await withCluster(bench, cluster => withPairs(bench, others, [...pairs, { kind, cluster }], act), {
    portBase,
    originScript: BOUNDED_ORIGIN,
    originEnv: { a: env, b: env },
  })
}

async function comparePairs(bench: Bench, pairs: readonly Pair[]): Promise<void> {
  const rows: Row[] = []
  const verdicts: Verdict[] = []
  const figures: Finding['figures'][number][] = []
  for (const bytes of BODY_BYTES) {
    bench.tell(`  with ${bytes} bytes`)
    const turns = await turnsAt(bench, pairs, bytes)
    rows.push(
      ...KINDS.map(kind =>
        rowOf(
          kind,
          bytes,
          turns[kind].map(({ put }) => put),
        ),
      ),
    )
    verdicts.push(...verdictsOf(turns, bytes).map(verdict => ({ ...verdict, at: bytes })))
    for (const { kind, cluster } of pairs)
      figures.push({
        name: `databases of an origin after ${bytes} bytes: ${kind}`,
        value: diskOf(cluster).databases,
        unit: 'MiB',
      })
    bench.progress.report({
      part: 'compaction',
      title: 'Compaction and checkpoints: PUT at 16 connections, GET beside it',
      axis: 'bytes',
      rows: [...rows],
      verdicts: [...verdicts],
      figures: [...figures],
      courses: [],
      notes: [
        `compacts: ${FEW_ENTRIES} entries are kept, so that the most that a group may drop goes at once, again and again. keeps: nothing is ever dropped. Without a checkpoint: the WAL goes to the database when the load has ended.`,
        'What is added is the difference of two pairs in the same round.',
      ],
    })
  }
}

async function turnsAt(bench: Bench, pairs: readonly Pair[], bytes: number): Promise<Turns> {
  const turns: Record<Kind, Turn[]> = { compacts: [], keeps: [], 'keeps, no checkpoint': [] }
  const { rounds, seconds } = bench.options
  for (const { cluster } of pairs) {
    const { public: url } = cluster.origins.a
    await fill({ url, prefix: PREFIX, from: 0, count: DOCUMENTS, bodyBytes: bytes })
    await turnOn(cluster, bytes, WARM_UP_SECONDS)
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { kind, cluster } of pairs) {
      const turn = await turnOn(cluster, bytes, seconds)
      turns[kind].push(turn)
      const { perSecond, p999Ms, longestMs } = turn.put
      bench.tell(
        `    ${round}/${rounds} ${kind}: ${Math.round(perSecond)}/s, p99.9 ${p999Ms.toFixed(1)} ms, longest ${longestMs.toFixed(1)} ms, GET ${turn.get.longestMs.toFixed(1)} ms, disk ${turn.grown.toFixed(2)} of what was written`,
      )
    }
  }
  return turns
}

async function turnOn(cluster: LocalCluster, bytes: number, seconds: number): Promise<Turn> {
  const loads = (method: 'GET' | 'PUT', connections: number) =>
    Promise.all(
      ORIGINS.map(name =>
        wrkSpread(
          {
            url: cluster.origins[name].public,
            connections,
            method,
            prefix: PREFIX,
            documents: DOCUMENTS,
            bodyBytes: bytes,
          },
          seconds,
        ),
      ),
    )
  const before = diskOf(cluster).databases
  const put = { name: 'PUT', pids: () => pidsOf(cluster), load: () => loads('PUT', WRITERS_EACH) }
  const [sample, gets] = await Promise.all([turnOf(put, seconds), loads('GET', READERS_EACH)])
  await pause(TIDY_MS)
  const grownBytes = (diskOf(cluster).databases - before) * 1024 * 1024
  return { put: sample, get: latenciesOf(gets), grown: grownBytes / (sample.perSecond * seconds * bytes) }
}

function verdictsOf(turns: Turns, bytes: number): Verdict[] {
  const foreignOf = (...kinds: Kind[]): number =>
    Math.max(...kinds.flatMap(kind => turns[kind].map(({ put }) => put.foreign)))
  const waits = (by: string, kind: Kind, without: Kind): Verdict[] => {
    const added = (what: string, of: (turn: Turn) => number): Verdict => {
      const others = turns[without].map(of)
      const values = turns[kind].map((turn, round) => of(turn) - (others[round] ?? Number.NaN))
      return measured(`${by}: added to ${what}`, values, 'ms', ADDED, foreignOf(kind, without))
    }
    return [
      added('the p99.9 of PUT', ({ put }) => put.p999Ms),
      added('the longest PUT', ({ put }) => put.longestMs),
      added('the longest GET', ({ get }) => get.longestMs),
    ]
  }
  return [
    ...waits('compaction', 'compacts', 'keeps'),
    ...waits('checkpoints', 'keeps', 'keeps, no checkpoint'),
    ...KINDS.map(kind =>
      measured(
        `disk grown by what was written: ${kind}`,
        turns[kind].map(({ grown }) => grown),
        '×',
        kind === 'compacts' && bytes >= LONG_BYTES ? GROWN : null,
        foreignOf(kind),
      ),
    ),
    ...KINDS.map(kind =>
      measured(
        `GET beside it, p99: ${kind}`,
        turns[kind].map(({ get }) => get.p99Ms),
        'ms',
        null,
        foreignOf(kind),
      ),
    ),
  ]
}
