// GET of 200 bytes through either host, keys over both: Tandem, proxies in front of the same two origins, and what none
// can beat: clients that know whom to ask.
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { keysOf, keysOfBoth, READ_BYTES, requestFile, targetOf, write } from '../load/documents.ts'
import { wrk } from '../load/wrk.ts'
import { compared, rowOf } from '../measure/finding.ts'
import { interleaved } from '../measure/rounds.ts'
import type { Contender } from '../measure/turn.ts'
import { type Bench, type Part, pidsOf, withCluster } from '../part.ts'
import { type Front, type ProxyPlan, startHaproxy, startNginx } from '../peers/proxies.ts'

const CONNECTIONS = 64
const TITLE = 'GET 200 B, keys over both origins, two times 64 connections'

export const reads: Part = {
  name: 'reads',
  programs: ['wrk', 'nginx', 'haproxy'],
  run: bench => withCluster(bench, cluster => compareReads(bench, cluster)),
}

async function compareReads(bench: Bench, cluster: LocalCluster): Promise<void> {
  const proxies = await startProxies(bench, cluster)
  try {
    await write(cluster.origins.a.public, keysOfBoth(), READ_BYTES)
    const samples = await interleaved(contendersOf(bench, cluster, proxies), bench.options, bench.tell)
    const rows = [...samples].map(([name, taken]) => rowOf(name, null, taken))
    const against = (name: string, value: number) =>
      compared(rows, 'tandem', name, null, 'perSecond', { kind: 'atLeast', value })
    const cpu = (name: string) => compared(rows, 'tandem', name, null, 'cpuMs', null)
    bench.progress.report({
      part: 'reads',
      title: TITLE,
      axis: null,
      rows,
      verdicts: [
        against('nginx', 1.2),
        against('haproxy', 1.2),
        against('direct', 0.62),
        cpu('nginx'),
        cpu('haproxy'),
      ].filter(verdict => verdict !== null),
      figures: [],
      courses: [],
      notes: [
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

function contendersOf(bench: Bench, cluster: LocalCluster, proxies: ReadonlyMap<string, Front>): Contender[] {
  const both = requestFile(bench.home, 'both', keysOfBoth().map(targetOf))
  const own = {
    a: requestFile(bench.home, 'own-a', keysOf('a').map(targetOf)),
    b: requestFile(bench.home, 'own-b', keysOf('b').map(targetOf)),
  }
  const get = (url: string, file: string, seconds: number) =>
    wrk({ url, connections: CONNECTIONS, method: 'GET', type: null, file }, seconds)
  const urls = ORIGINS.map(name => cluster.origins[name].public)
  return [
    {
      name: 'tandem',
      pids: () => pidsOf(cluster),
      load: seconds => Promise.all(urls.map(url => get(url, both, seconds))),
    },
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
