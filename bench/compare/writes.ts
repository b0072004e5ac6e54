// PUT of 300 bytes, on two disks before the answer: Tandem with both hosts taking half, etcd, PostgreSQL.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import { bodyOf, keysOfBoth, requestFile, targetOf, WRITE_BYTES, write } from '../load/documents.ts'
import { wrk } from '../load/wrk.ts'
import { compared, type Finding, type Row, rowOf, type Verdict } from '../measure/finding.ts'
import { interleaved } from '../measure/rounds.ts'
import type { Contender } from '../measure/turn.ts'
import { type Bench, type Part, pidsOf, withCluster } from '../part.ts'
import { putOf, startEtcd } from '../peers/etcd.ts'
import { startPostgres } from '../peers/postgres.ts'

const CONNECTIONS = [1, 16, 64, 256] as const
const ETCD_GOALS: Readonly<Record<number, number>> = { 1: 1, 16: 1.5, 64: 2, 256: 2.5 }
const POSTGRES_GOALS: Readonly<Record<number, number>> = { 64: 1.2, 256: 2.5 }
const ETCD_PORTS = 10
const POSTGRES_PORTS = 20

/** A contender at any number of connections. */
type Writer = { readonly name: string; at(connections: number): Contender }

export const writes: Part = {
  name: 'writes',
  programs: ['wrk', 'etcd', 'postgres'],
  run: bench => withCluster(bench, cluster => compareWrites(bench, cluster)),
}

async function compareWrites(bench: Bench, cluster: LocalCluster): Promise<void> {
  const writers: Writer[] = [tandem(bench, cluster)]
  const stops: (() => Promise<void>)[] = []
  try {
    const { etcd, postgres } = bench.found.programs
    const home = mkdtempSync(join(bench.home, 'writes-'))
    if (etcd !== undefined) {
      const started = await startEtcd(etcd, home, bench.port(ETCD_PORTS))
      stops.push(started.stop)
      const lines = keysOfBoth().map(key => `/v3/kv/put\t${putOf(key, bodyOf(WRITE_BYTES))}`)
      const file = requestFile(home, 'etcd', lines)
      writers.push({
        name: 'etcd',
        at: connections => ({
          name: 'etcd',
          pids: () => started.pids,
          load: async seconds => [
            await wrk({ url: started.url, connections, method: 'POST', type: 'application/json', file }, seconds),
          ],
        }),
      })
    }
    if (postgres !== undefined) {
      const started = await startPostgres(postgres, bench.home, bench.port(POSTGRES_PORTS))
      stops.push(started.stop)
      writers.push({
        name: 'postgres',
        at: connections => ({
          name: 'postgres',
          pids: () => started.pids,
          load: async seconds => [await started.load(connections, seconds, bodyOf(WRITE_BYTES))],
        }),
      })
    }
    await write(cluster.origins.a.public, keysOfBoth(), WRITE_BYTES)
    await atEachLoad(bench, writers)
  } finally {
    for (const stop of stops) await stop()
  }
}

function tandem(bench: Bench, cluster: LocalCluster): Writer {
  const file = requestFile(
    bench.home,
    'puts',
    keysOfBoth().map(key => `${targetOf(key)}\t${bodyOf(WRITE_BYTES)}`),
  )
  const put = (url: string, connections: number, seconds: number) =>
    wrk({ url, connections, method: 'PUT', type: 'text/plain', file }, seconds)
  const urls = ORIGINS.map(name => cluster.origins[name].public)
  return {
    name: 'tandem',
    at: connections => ({
      name: 'tandem',
      pids: () => pidsOf(cluster),
      load: seconds =>
        connections === 1
          ? Promise.all([put(cluster.origins.a.public, 1, seconds)])
          : Promise.all(urls.map(url => put(url, connections / 2, seconds))),
    }),
  }
}

async function atEachLoad(bench: Bench, writers: readonly Writer[]): Promise<void> {
  const rows: Row[] = []
  const verdicts: (Verdict | null)[] = []
  for (const at of CONNECTIONS) {
    bench.tell(`  at ${at} connections`)
    const samples = await interleaved(
      writers.map(writer => writer.at(at)),
      bench.options,
      bench.tell,
    )
    rows.push(...[...samples].map(([name, taken]) => rowOf(name, at, taken)))
    const faster = (name: string, goal: number | undefined) =>
      compared(rows, 'tandem', name, at, 'perSecond', goal === undefined ? null : { kind: 'atLeast', value: goal })
    verdicts.push(faster('etcd', ETCD_GOALS[at]), faster('postgres', POSTGRES_GOALS[at]))
    verdicts.push(compared(rows, 'tandem', 'etcd', at, 'p99Ms', { kind: 'atMost', value: 1 }))
    bench.progress.report(findingOf(rows, verdicts))
  }
}

function findingOf(rows: readonly Row[], verdicts: readonly (Verdict | null)[]): Finding {
  return {
    part: 'writes',
    title: 'PUT 300 B, on two disks before the answer',
    axis: 'connections',
    rows: [...rows],
    verdicts: verdicts.filter(verdict => verdict !== null),
    figures: [],
    courses: [],
    notes: [
      'tandem: keys over both origins, half of the connections to each, so half of the writes are forwarded as well.',
      'etcd: three members on this machine, asked at the leader by its HTTP gateway. postgres: a synchronous standby, asked by pgbench over its own protocol.',
    ],
  }
}
