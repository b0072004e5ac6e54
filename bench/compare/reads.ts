// GET of 200 bytes through either host, keys over both: Tandem, also where standbys answer reads, proxies in front of the same two
// origins, and clients that know whom to ask.
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { keysOf, keysOfBoth, READ_BYTES, requestFile, targetOf, write } from '../load/documents.ts'
import { wrk } from '../load/wrk.ts'
import { compared, rowOf } from '../measure/finding.ts'
import { interleaved } from '../measure/rounds.ts'
import type { Contender } from '../measure/turn.ts'
import { type Bench, type Part, PEER_PORTS, pidsOf, withCluster } from '../part.ts'
import { type Front, type ProxyPlan, startHaproxy, startNginx } from '../peers/proxies.ts'

const CONNECTIONS = 64
const TANDEM = 'tandem'
const SPARING = 'tandem, both'
const BOTH = { TANDEM_READS: 'both' }
const TITLE = 'GET 200 B, keys over both origins, two times 64 connections'

export const reads: Part = {
  name: 'reads',
  programs: ['wrk', 'nginx', 'haproxy'],
  run: bench =>
    withCluster(bench, cluster =>
      withCluster(bench, sparing => compareReads(bench, { cluster, sparing }), {
        portBase: bench.options.portBase + 2 * PEER_PORTS,
        originEnv: { a: BOTH, b: BOTH },
      }),
    ),
}

type Pairs = {
  readonly cluster: LocalCluster
  /** a standby answers reads */
  readonly sparing: LocalCluster
}

async function compareReads(bench: Bench, pairs: Pairs): Promise<void> {
  const { cluster, sparing } = pairs
  const proxies = await startProxies(bench, cluster)
  try {
    for (const { origins } of [cluster, sparing]) await write(origins.a.public, keysOfBoth(), READ_BYTES)
    const samples = await interleaved(contendersOf(bench, pairs, proxies), bench.options, bench.tell)
    const rows = [...samples].map(([name, taken]) => rowOf(name, null, taken))
    const against = (of: string, name: string, value: number) =>
      compared(rows, of, name, null, 'perSecond', { kind: 'atLeast', value })
    const cpu = (of: string, name: string) => compared(rows, of, name, null, 'cpuMs', null)
    bench.progress.report({
      part: 'reads',
      title: TITLE,
      axis: null,
      rows,
      verdicts: [TANDEM, SPARING]
        .flatMap(of => [
          against(of, 'nginx', 1.2),
          against(of, 'haproxy', 1.2),
          against(of, 'direct', 0.62),
          cpu(of, 'nginx'),
          cpu(of, 'haproxy'),
        ])
        .filter(verdict => verdict !== null),
      figures: [],
      courses: [],
      notes: [
        `${SPARING}: another pair, whose standbys answer strong reads as well (TANDEM_READS=both).`,
        'direct: each key is asked of its right origin, by clients that know where it lives.',
        'CPU is that of all processes of a side; the origins and their Redis are in all of them.',
      ],
    })
  } finally {
    await Promise.all([...proxies.values()].map(proxy => proxy.stop()))
  }
}

export function planFor(bench: Bench, cluster: LocalCluster, n: number): ProxyPlan {
  const portOf = (name: OriginName): number => Number(new URL(cluster.origins[name].public).port)
  return { home: bench.home, port: bench.port(n), originA: portOf('a'), originB: portOf('b') }
}

async function startProxies(bench: Bench, cluster: LocalCluster): Promise<ReadonlyMap<string, Front>> {
  const { nginx, haproxy } = bench.found.programs
  const proxies = new Map<string, Front>()
  if (nginx !== undefined) proxies.set('nginx', await startNginx(nginx, planFor(bench, cluster, 0)))
  if (haproxy !== undefined) proxies.set('haproxy', await startHaproxy(haproxy, planFor(bench, cluster, 1)))
  return proxies
}

function contendersOf(bench: Bench, { cluster, sparing }: Pairs, proxies: ReadonlyMap<string, Front>): Contender[] {
  const both = requestFile(bench.home, 'both', keysOfBoth().map(targetOf))
  const own = {
    a: requestFile(bench.home, 'own-a', keysOf('a').map(targetOf)),
    b: requestFile(bench.home, 'own-b', keysOf('b').map(targetOf)),
  }
  const get = (url: string, file: string, seconds: number) =>
    wrk({ url, connections: CONNECTIONS, method: 'GET', type: null, file }, seconds)
  const through = (name: string, pair: LocalCluster): Contender => ({
    name,
    pids: () => pidsOf(pair),
    load: seconds => Promise.all(ORIGINS.map(origin => get(pair.origins[origin].public, both, seconds))),
  })
  return [
    through(TANDEM, cluster),
    through(SPARING, sparing),
    ...[...proxies].map(([name, proxy]) => ({
      name,
      pids: () => [...pidsOf(cluster), proxy.pid],
      load: (seconds: number) => Promise.all([get(proxy.url, both, seconds), get(proxy.url, both, seconds)]),
    })),
    {
      name: 'direct',
      pids: () => pidsOf(cluster),
      load: seconds => Promise.all(ORIGINS.map(name => get(cluster.origins[name].public, own[name], seconds))),
    },
  ]
}
