// A status that a scrape reads, and the names of all that a scrape then holds.
import { Metrics } from '../../../origin/observe/metrics.ts'
import { Traffic } from '../../../origin/observe/traffic.ts'
import { Writes } from '../../../origin/observe/writes.ts'

const place = { epoch: 1, index: 4 }
const shard = (name: 's0' | 's1') => ({
  shard: name,
  home: 'a' as const,
  primary: 'a' as const,
  members: ['a' as const],
  role: 'primary',
  serving: true,
  lease: { remainingMs: 500 },
  readLease: { remainingMs: null },
  committed: place,
  applied: place,
  lag: { entries: 2, bytes: 700, ms: 30 },
  rejoin: 'live' as const,
  progress: null,
  leftMs: null,
  quarantined: 0,
})
export const statusForMetrics = () => ({
  name: 'a' as const,
  version: '1',
  state: 'serving' as const,
  lineage: 'l',
  epoch: 7,
  members: ['a' as const],
  stores: [{ name: 'a' as const, store: 'A' }],
  store: 'A',
  incarnation: 'a-1',
  shards: [shard('s0'), shard('s1')],
  peer: { reachable: false, rttMs: null },
  redis: {
    master: null,
    replicas: 0,
    nodes: [],
    sentinels: 3,
    answering: { sentinels: 2, of: 3 },
    quorum: 2,
    maxmemoryPolicy: null,
    workerIdleMs: 1500,
    rebuilds: 2,
  },
  registers: { reachable: 2, of: 3, each: { a: 'votes', b: 'votes', w: 'silent' } },
  lane: 'direct',
  addresses: [
    { address: '192.0.2.21', home: 'a' as const, held: true },
    { address: '192.0.2.22', home: 'b' as const, held: false },
  ],
  canLoseAHost: false,
  why: ['alone'],
})

export const noChanges = (): ReadonlyMap<string, number> => new Map()

/** Also the series of histograms. */
export async function metricNames(): Promise<ReadonlySet<string>> {
  const traffic = new Traffic(
    () => 0,
    () => 0,
  )
  const text = await new Metrics({ status: statusForMetrics, traffic, writes: new Writes(), changes: noChanges }).text()
  traffic.close()
  return new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map(end => name + end) : [name],
    ),
  )
}
