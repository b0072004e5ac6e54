// What a lone write costs on an idle pair beyond what cannot be saved: the two disks and one round trip between them.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { bodyOf, keysOf, requestFile, targetOf, WRITE_BYTES, write } from '../load/documents.ts'
import { wrk } from '../load/wrk.ts'
import { watched } from '../measure/busy.ts'
import { measured } from '../measure/finding.ts'
import { median } from '../measure/stats.ts'
import { type Bench, type Part, withCluster } from '../part.ts'
import { statusOf } from '../status.ts'

/** A group of one writes so much to its log: a page or two, and their headers. */
const SYNCED_BYTES = 8 * 1024
const SYNCS = 200

export const lone: Part = {
  name: 'lone',
  programs: ['wrk'],
  run: bench => withCluster(bench, cluster => measureLone(bench, cluster)),
}

async function measureLone(bench: Bench, cluster: LocalCluster): Promise<void> {
  const keys = keysOf('a')
  const { public: url } = cluster.origins.a
  await write(url, keys, WRITE_BYTES)
  const puts = requestFile(
    bench.home,
    'lone',
    keys.map(key => `${targetOf(key)}\t${bodyOf(WRITE_BYTES)}`),
  )
  const gets = requestFile(bench.home, 'lone-reads', keys.map(targetOf))
  const p50Of = async (method: string, file: string): Promise<number> => {
    const load = await wrk({ url, connections: 1, method, type: 'text/plain', file }, bench.options.seconds)
    return median(load.latency.valuesMs)
  }
  const rounds: { put: number; get: number; sync: number; rtt: number }[] = []
  const { foreign } = await watched(async () => {
    for (let round = 0; round < bench.options.rounds; round++) {
      const sync = syncMs(join(bench.home, 'synced'))
      const rtt = (await statusOf(cluster, 'a'))?.peer.rttMs ?? 0
      rounds.push({ put: await p50Of('PUT', puts), get: await p50Of('GET', gets), sync, rtt })
    }
  })
  const of = (field: 'put' | 'get' | 'sync' | 'rtt'): number => median(rounds.map(round => round[field]))
  const overhead = rounds.map(({ put, sync, rtt }) => put - 2 * sync - rtt)
  const figure = (name: string, value: number) => ({ name, value, unit: 'ms' })
  bench.progress.report({
    part: 'lone',
    title: 'A lone write on an idle pair',
    axis: null,
    rows: [],
    verdicts: [
      measured('added to two fsyncs and one round trip', overhead, 'ms', { kind: 'atMost', value: 0.5 }, foreign),
    ],
    figures: [
      figure('PUT 300 B, p50', of('put')),
      figure('GET of the same document, p50: what HTTP costs of it', of('get')),
      figure(`fdatasync of ${SYNCED_BYTES} bytes, median`, of('sync')),
      figure('round trip on the link', of('rtt')),
    ],
    courses: [],
    notes: [],
  })
}

/** The median of some syncs of an append. */
function syncMs(file: string): number {
  const fd = openSync(file, 'w')
  const page = Buffer.alloc(SYNCED_BYTES, 'x')
  const times: number[] = []
  for (let i = 0; i < SYNCS; i++) {
    writeSync(fd, page)
    const from = performance.now()
    fdatasyncSync(fd)
    times.push(performance.now() - from)
  }
  closeSync(fd)
  rmSync(file)
  return median(times)
}
