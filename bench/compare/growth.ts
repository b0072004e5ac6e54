// What grows with documents, connections and bodies: latency, throughput, memory, disk, start-up and rejoin.
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import { bodyOf, requestFile, WRITE_BYTES } from '../load/documents.ts'
import { fill, wrk } from '../load/wrk.ts'
import { type Finding, rowOf } from '../measure/finding.ts'
import { residentOf } from '../measure/memory.ts'
import { interleaved } from '../measure/rounds.ts'
import type { Contender } from '../measure/turn.ts'
import { type Bench, type Part, pidsOf, withCluster } from '../part.ts'
import { untilWhole } from '../status.ts'

const DOCUMENTS = [1_000, 100_000, 1_000_000, 10_000_000]
const CONNECTIONS = [1, 16, 64, 256, 1_000]
const BODY_BYTES = [100, 1_024, 16 * 1_024, 256 * 1_024, 1_024 * 1_024]
/** Where the others grow, this many documents, connections and bytes. */
const USUAL = { documents: 1_000, connections: 64, bytes: WRITE_BYTES }
/** Distinct documents that are asked for, spread over all. */
const ASKED_MAX = 2_000
const WHOLE_MS = 30 * 60_000
const MIB = 1024 * 1024
const PREFIX = '/v1/growth/'

export const growth: Part = {
  name: 'growth',
  programs: ['wrk'],
  run: async bench => [...(await byDocuments(bench)), await byConnections(bench), await byBody(bench)],
}

async function byDocuments(bench: Bench): Promise<readonly Finding[]> {
  const rows: Finding['rows'][number][] = []
  const figures: Finding['figures'][number][] = []
  for (const count of DOCUMENTS.filter(documents => documents <= bench.options.documentsMax)) {
    bench.tell(`  with ${count} documents`)
    await withCluster(bench, async cluster => {
      await filled(cluster, count, USUAL.bytes)
      rows.push(...(await rowsAt(bench, cluster, count, { ...USUAL, documents: count })))
      const figure = (name: string, value: number, unit: string) =>
        figures.push({ name: `${count} documents: ${name}`, value, unit })
      figure('memory of an origin', Math.max(...memoryOf(cluster)), 'MiB')
      figure('disk of an origin', diskMib(cluster.origins.a.data), 'MiB')
      figure('start of an origin until it serves', await restart(cluster), 's')
      cluster.restart('origin.b', false)
      await cluster.kill('origin.b')
      cluster.wipe('origin.b')
      const from = performance.now()
      cluster.start('origin.b')
      await untilWhole(cluster, WHOLE_MS)
      figure('rejoin with an empty disk until whole', (performance.now() - from) / 1000, 's')
    })
  }
  return [finding('Growth: documents of 300 B', 'documents', rows, figures)]
}

async function byConnections(bench: Bench): Promise<Finding> {
  return withCluster(bench, async cluster => {
    await filled(cluster, USUAL.documents, USUAL.bytes)
    const rows: Finding['rows'][number][] = []
    for (const connections of CONNECTIONS)
      rows.push(...(await rowsAt(bench, cluster, connections, { ...USUAL, connections })))
    return finding('Growth: connections', 'connections', rows, [])
  })
}

async function byBody(bench: Bench): Promise<Finding> {
  return withCluster(bench, async cluster => {
    const rows: Finding['rows'][number][] = []
    for (const bytes of BODY_BYTES) {
      const documents = Math.min(USUAL.documents, Math.ceil((64 * MIB) / bytes))
      await filled(cluster, documents, bytes)
      rows.push(...(await rowsAt(bench, cluster, bytes, { ...USUAL, documents, bytes })))
    }
    return finding('Growth: bodies', 'bytes', rows, [])
  })
}

const finding = (title: string, axis: string, rows: Finding['rows'], figures: Finding['figures']): Finding => ({
  part: 'growth',
  title,
  axis,
  rows,
  verdicts: [],
  figures,
  notes: [],
})

/** Half of them through each host. */
async function filled(cluster: LocalCluster, count: number, bodyBytes: number): Promise<void> {
  const half = Math.ceil(count / 2)
  await Promise.all(
    ORIGINS.map((name, at) =>
      fill({ url: cluster.origins[name].public, prefix: PREFIX, from: at * half, count: half, bodyBytes }),
    ),
  )
}

type Size = { readonly documents: number; readonly connections: number; readonly bytes: number }

async function rowsAt(bench: Bench, cluster: LocalCluster, at: number, size: Size) {
  const asked = Math.min(ASKED_MAX, size.documents)
  const targets = Array.from({ length: asked }, (_, n) => PREFIX + Math.floor((n * size.documents) / asked))
  const gets = requestFile(bench.home, 'growth-get', targets)
  const puts = requestFile(
    bench.home,
    'growth-put',
    targets
      .slice(0, Math.max(1, Math.floor((64 * MIB) / size.bytes)))
      .map(target => `${target}\t${bodyOf(size.bytes)}`),
  )
  const contender = (method: string, file: string): Contender => ({
    name: method,
    pids: () => pidsOf(cluster),
    load: seconds =>
      Promise.all(
        ORIGINS.slice(0, size.connections === 1 ? 1 : 2).map(name =>
          wrk(
            {
              url: cluster.origins[name].public,
              connections: Math.max(1, size.connections / 2),
              method,
              type: 'text/plain',
              file,
            },
            seconds,
          ),
        ),
      ),
  })
  const samples = await interleaved([contender('GET', gets), contender('PUT', puts)], bench.options, bench.tell)
  return [...samples].map(([name, taken]) => rowOf(name, at, taken))
}

const memoryOf = (cluster: LocalCluster): number[] =>
  ORIGINS.map(name => residentOf(cluster.origins[name].pid ?? 0).now)

const diskMib = (data: string): number =>
  globSync(join(data, '**')).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0) /
  MIB

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
