// How fast an origin that was away catches up: from the log, and by a snapshot where its disk is gone.
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { bodyOf, keysOfBoth, requestFile, targetOf, WRITE_BYTES } from '../load/documents.ts'
import { fill, wrk } from '../load/wrk.ts'
import { watched } from '../measure/busy.ts'
import { type Finding, measured } from '../measure/finding.ts'
import { type Bench, type Part, withCluster } from '../part.ts'
import { type Status, statusOf, until, untilWhole } from '../status.ts'

const CONNECTIONS = 64
const ALONE_MS = 60_000
const LEVEL_MS = 300_000
const LOOK_MS = 5
/** Of the store that goes over as a snapshot: large enough that its transfer, not its beginning, is what is timed. */
const SNAPSHOT_DOCUMENTS = 8_000
const SNAPSHOT_BODY_BYTES = 32 * 1024
const MIB = 1024 * 1024

export const rejoin: Part = {
  name: 'rejoin',
  programs: ['wrk'],
  run: async bench => {
    const rounds: Round[] = []
    const { foreign } = await watched(async () => {
      for (let round = 0; round < bench.options.rounds; round++)
        rounds.push(await withCluster(bench, cluster => roundOf(bench, cluster)))
    })
    bench.progress.report(findingOf(rounds, foreign))
  },
}

type Round = { readonly live: number; readonly stream: number; readonly snapshot: number; readonly mib: number }

async function roundOf(bench: Bench, cluster: LocalCluster): Promise<Round> {
  const file = requestFile(
    bench.home,
    'rejoin',
    keysOfBoth().map(key => `${targetOf(key)}\t${bodyOf(WRITE_BYTES)}`),
  )
  const url = cluster.origins.a.public
  const put = (seconds: number) =>
    wrk({ url, connections: CONNECTIONS, method: 'PUT', type: 'text/plain', file }, seconds)
  const live = await put(bench.options.seconds)
  await loseB(cluster)
  const missed = await put(bench.options.seconds)
  const streamMs = await untilLevel(cluster, () => cluster.start('origin.b'), 'stream')
  await untilWhole(cluster)

  await fill({
    url,
    prefix: '/v1/snapshot/',
    from: 0,
    count: SNAPSHOT_DOCUMENTS,
    bodyBytes: SNAPSHOT_BODY_BYTES,
  })
  await loseB(cluster)
  cluster.wipe('origin.b')
  const snapshotMs = await untilLevel(cluster, () => cluster.start('origin.b'), 'snapshot')
  const mib = databaseMib(cluster.origins.a.data)
  const round = {
    live: live.requests / live.seconds,
    stream: missed.requests / (streamMs / 1000),
    snapshot: mib / (snapshotMs / 1000),
    mib,
  }
  bench.tell(
    `    stream ${Math.round(round.stream)}/s (live ${Math.round(round.live)}/s), snapshot ${Math.round(round.snapshot)} MiB/s`,
  )
  return round
}

async function loseB(cluster: LocalCluster): Promise<void> {
  await cluster.kill('origin.b')
  const isAlone = async (): Promise<boolean> => {
    const status = await statusOf(cluster, 'a')
    return status?.members.length === 1 && status.shards.every(({ primary }) => primary === 'a')
  }
  await until('a is alone', isAlone, ALONE_MS)
}

async function untilLevel(cluster: LocalCluster, start: () => void, how: 'stream' | 'snapshot'): Promise<number> {
  start()
  const end = performance.now() + LEVEL_MS
  let began: number | null = null
  let first: number | null = null
  while (performance.now() < end) {
    const [a, b] = await Promise.all([statusOf(cluster, 'a'), statusOf(cluster, 'b')])
    if (a !== null && b !== null) {
      first ??= indexOf(b)
      // a snapshot shows no progress before it is there: it begins when b is seen
      if (how === 'snapshot' || indexOf(b) > first) began ??= performance.now()
      if (began !== null && indexOf(b) === indexOf(a)) return performance.now() - began
    }
    await pause(LOOK_MS)
  }
  throw new Error(`b was not level within ${LEVEL_MS / 1000} s`)
}

const indexOf = ({ shards }: Status): number => shards.reduce((sum, shard) => sum + shard.applied.index, 0)

const databaseMib = (data: string): number =>
  globSync(join(data, '*.sqlite')).reduce((sum, file) => sum + statSync(file).size, 0) / MIB

function findingOf(rounds: readonly Round[], foreign: number): Finding {
  const of = (field: keyof Round): number[] => rounds.map(round => round[field])
  const times = rounds.map(({ stream, live }) => stream / live)
  return {
    part: 'rejoin',
    title: 'An origin that was away catches up',
    axis: null,
    rows: [],
    verdicts: [
      measured('by stream, to the live write rate', times, '×', { kind: 'atLeast', value: 5 }, foreign),
      measured('by snapshot', of('snapshot'), 'MiB/s', { kind: 'atLeast', value: 100 }, foreign),
      measured('by stream', of('stream'), 'writes/s', null, foreign),
      measured('live, 64 connections through one host', of('live'), 'writes/s', null, foreign),
    ],
    figures: [{ name: 'size of the snapshot, both shards', value: of('mib')[0] ?? 0, unit: 'MiB' }],
    courses: [],
    notes: [
      'A stream is timed from its first progress, a snapshot from when the returning origin answers, until every entry is on both, while nobody writes. The wait for a stable peer (TANDEM_STABLE_MS) is not in it.',
    ],
  }
}
