// What grows with documents, connections and bodies: latency, throughput, memory, disk, start-up and rejoin.
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import { WRITE_BYTES } from '../load/documents.ts'
import { fill, wrkSpread } from '../load/wrk.ts'
import { type Finding, type Row, rowOf } from '../measure/finding.ts'
import { interleaved } from '../measure/rounds.ts'
import type { Contender } from '../measure/turn.ts'
import { weighed, weightCourses, weightOf } from '../measure/weight.ts'
import type { Options } from '../options.ts'
import { type Bench, type Part, pidsOf, withCluster } from '../part.ts'
import { untilWhole } from '../status.ts'
import { endure } from './endurance.ts'

const DOCUMENTS = [1_000, 100_000, 10_000_000]
const CONNECTIONS = [1, 16, 64, 256, 1_000]
const BODY_BYTES = [100, 1_024, 16 * 1_024, 256 * 1_024, 1_024 * 1_024]
/** Where the others grow, this many documents, connections and bytes. */
const USUAL = { documents: 1_000, connections: 64, bytes: WRITE_BYTES }
const WHOLE_MS = 30 * 60_000
const BODIES_BYTES_MAX = 64 * 1024 * 1024
/** A fill that was looked at less often has no course. */
const FILL_LOOKS_MIN = 6
const PREFIX = '/v1/growth/'

export const growth: Part = {
  name: 'growth',
  programs: ['wrk'],
  run: async bench => {
    await byDocuments(bench)
    if (bench.options.largest) return
    await bench.progress.attempt('growth by connections', () => byConnections(bench))
    await bench.progress.attempt('growth by bodies', () => byBody(bench))
  },
}

/** The steps up to the largest store, which is as large as was asked for. */
export function countsOf({ documentsMax, largest }: Pick<Options, 'documentsMax' | 'largest'>): number[] {
  return largest ? [documentsMax] : [...DOCUMENTS.filter(count => count < documentsMax), documentsMax]
}

async function byDocuments(bench: Bench): Promise<void> {
  const rows: Row[] = []
  const figures: Figure[] = []
  const report = (): void =>
    bench.progress.report(findingOf('Growth: documents of 300 B', { axis: 'documents', rows, figures }))
  for (const count of countsOf(bench.options)) {
    bench.tell(`  with ${count} documents`)
    const figure = (name: string, value: number, unit: string): void => {
      figures.push({ name: `${count} documents: ${name}`, value, unit })
      report()
    }
    const step = (what: string, act: () => Promise<void>): Promise<void> =>
      bench.progress.attempt(`${count} documents, ${what}`, act)
    await step('their pair', () =>
      withCluster(bench, async cluster => {
        await filledAndTold(bench, cluster, count, figure)
        await step('requests', async () => {
          rows.push(...(await rowsAt(bench, cluster, count, { ...USUAL, documents: count })))
          report()
        })
        const { minutes, documentsMax } = bench.options
        if (minutes > 0 && count === documentsMax)
          await step('minutes of load', () =>
            endure(
              cluster,
              { minutes, prefix: PREFIX, documents: count },
              finding => bench.progress.report(finding),
              bench.tell,
            ),
          )
        const { residentMib, diskMib } = weightOf(cluster, 0)
        figure('memory of an origin', Math.max(...residentMib), 'MiB')
        figure('disk of an origin', diskMib.whole, 'MiB')
        await step('start', async () => figure('start of an origin until it serves', await restart(cluster), 's'))
        await step('rejoin', async () =>
          figure('rejoin with an empty disk until whole', await rejoinEmpty(cluster), 's'),
        )
      }),
    )
  }
}

async function byConnections(bench: Bench): Promise<void> {
  await withCluster(bench, async cluster => {
    await filled(cluster, USUAL.documents, USUAL.bytes)
    const rows: Row[] = []
    for (const connections of CONNECTIONS) {
      rows.push(...(await rowsAt(bench, cluster, connections, { ...USUAL, connections })))
      bench.progress.report(findingOf('Growth: connections', { axis: 'connections', rows }))
    }
  })
}

async function byBody(bench: Bench): Promise<void> {
  await withCluster(bench, async cluster => {
    const rows: Row[] = []
    for (const bytes of BODY_BYTES) {
      const documents = Math.min(USUAL.documents, Math.ceil(BODIES_BYTES_MAX / bytes))
      await filled(cluster, documents, bytes)
      rows.push(...(await rowsAt(bench, cluster, bytes, { ...USUAL, documents, bytes })))
      bench.progress.report(findingOf('Growth: bodies', { axis: 'bytes', rows }))
    }
  })
}

type Figure = Finding['figures'][number]

type Grown = Partial<Pick<Finding, 'axis' | 'rows' | 'figures' | 'courses'>>

const findingOf = (title: string, { axis = null, rows = [], figures = [], courses = [] }: Grown): Finding => ({
  part: 'growth',
  title,
  axis,
  rows: [...rows],
  verdicts: [],
  figures: [...figures],
  courses,
  notes: [],
})

/** Half of them through each host. Returns how many of the writes were refused. */
async function filled(cluster: LocalCluster, count: number, bodyBytes: number): Promise<number> {
  const half = Math.ceil(count / 2)
  const refused = await Promise.all(
    ORIGINS.map((name, at) =>
      fill({ url: cluster.origins[name].public, prefix: PREFIX, from: at * half, count: half, bodyBytes }),
    ),
  )
  return refused.reduce((sum, one) => sum + one, 0)
}

async function filledAndTold(
  bench: Bench,
  cluster: LocalCluster,
  count: number,
  figure: (name: string, value: number, unit: string) => void,
): Promise<void> {
  let refused = 0
  const weights = await weighed(cluster, async () => {
    refused = await filled(cluster, count, USUAL.bytes)
  })
  const seconds = (weights.at(-1)?.minute ?? 0) * 60
  figure('filled at', count / seconds, 'writes/s')
  if (refused > 0) figure('refused of the fill', refused, 'writes')
  if (weights.length < FILL_LOOKS_MIN) return
  const courses = weightCourses(`growth-fill-${count}`, weights)
  bench.progress.report(findingOf(`Growth: the fill of ${count} documents`, { courses }))
}

type Size = { readonly documents: number; readonly connections: number; readonly bytes: number }

async function rowsAt(bench: Bench, cluster: LocalCluster, at: number, size: Size): Promise<Row[]> {
  const { documents, connections, bytes } = size
  const contender = (method: 'GET' | 'PUT'): Contender => ({
    name: method,
    pids: () => pidsOf(cluster),
    load: seconds =>
      Promise.all(
        ORIGINS.slice(0, connections === 1 ? 1 : 2).map(name =>
          wrkSpread(
            {
              url: cluster.origins[name].public,
              connections: Math.max(1, connections / 2),
              method,
              prefix: PREFIX,
              documents,
              bodyBytes: bytes,
            },
            seconds,
          ),
        ),
      ),
  })
  const samples = await interleaved([contender('GET'), contender('PUT')], bench.options, bench.tell)
  return [...samples].map(([name, taken]) => rowOf(name, at, taken))
}

/** Seconds from the start of b's process until it says that it serves. */
async function restart(cluster: LocalCluster): Promise<number> {
  await cluster.stop('origin.b')
  const from = performance.now()
  cluster.start('origin.b')
  await cluster.waitReady('origin.b', WHOLE_MS)
  const seconds = (performance.now() - from) / 1000
  await untilWhole(cluster, WHOLE_MS)
  return seconds
}

/** Seconds from the start of b's process without a store until both are members and at home. */
async function rejoinEmpty(cluster: LocalCluster): Promise<number> {
  cluster.restart('origin.b', false)
  await cluster.kill('origin.b')
  cluster.wipe('origin.b')
  const from = performance.now()
  cluster.start('origin.b')
  await untilWhole(cluster, WHOLE_MS)
  return (performance.now() - from) / 1000
}
