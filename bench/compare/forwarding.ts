// Forwarding alone: every request is for the other origin, and what counts is the CPU of the one that passes it on.
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { keysOf, READ_BYTES, requestFile, targetOf, write } from '../load/documents.ts'
import { wrk } from '../load/wrk.ts'
import { compared, rowOf } from '../measure/finding.ts'
import { interleaved } from '../measure/rounds.ts'
import type { Contender } from '../measure/turn.ts'
import { type Bench, type Part, withCluster } from '../part.ts'
import { ensureNodeProxies, type Front, startNginx, startNodeProxy } from '../peers/proxies.ts'
import { planFor } from './reads.ts'

const CONNECTIONS = 64

export const forwarding: Part = {
  name: 'forwarding',
  programs: ['wrk', 'nginx'],
  run: bench => withCluster(bench, cluster => compareForwarding(bench, cluster)),
}

async function compareForwarding(bench: Bench, cluster: LocalCluster): Promise<void> {
  const { proxies, notes } = await startProxies(bench, cluster)
  try {
    await write(cluster.origins.b.public, keysOf('b'), READ_BYTES)
    const file = requestFile(bench.home, 'forwarded', keysOf('b').map(targetOf))
    const contender = (name: string, url: string, pid: () => number): Contender => ({
      name,
      pids: () => [pid()],
      load: async seconds => [await wrk({ url, connections: CONNECTIONS, method: 'GET', type: null, file }, seconds)],
    })
    const a = cluster.origins.a
    const samples = await interleaved(
      [
        contender('tandem', a.public, () => a.pid ?? 0),
        ...[...proxies].map(([name, proxy]) => contender(name, proxy.url, () => proxy.pid)),
      ],
      bench.options,
      bench.tell,
    )
    const rows = [...samples].map(([name, taken]) => rowOf(name, null, taken))
    const against = (name: string, value: number) =>
      compared(rows, 'tandem', name, null, 'cpuMs', { kind: 'atLeast', value })
    const verdicts = [against('nginx', 0.9), against('@fastify/http-proxy', 3), against('hono/proxy', 10)]
    bench.progress.report({
      part: 'forwarding',
      title: 'Forwarding alone: GET 200 B of the other origin, 64 connections',
      axis: null,
      rows,
      verdicts: verdicts.filter(verdict => verdict !== null),
      figures: [],
      courses: [],
      notes: ['CPU is that of the process that forwards, so the figure is what one core of it would do.', ...notes],
    })
  } finally {
    await Promise.all([...proxies.values()].map(proxy => proxy.stop()))
  }
}

async function startProxies(
  bench: Bench,
  cluster: LocalCluster,
): Promise<{ proxies: ReadonlyMap<string, Front>; notes: readonly string[] }> {
  const proxies = new Map<string, Front>()
  const { nginx } = bench.found.programs
  if (nginx !== undefined) proxies.set('nginx', await startNginx(nginx, planFor(bench, cluster, 0)))
  const absent = ensureNodeProxies(bench.options.install)
  const upstream = cluster.origins.b.public
  if (absent === null)
    proxies.set('@fastify/http-proxy', await startNodeProxy('fastify.mjs', bench.home, bench.port(2), upstream))
  proxies.set('hono/proxy', await startNodeProxy('hono.mjs', bench.home, bench.port(3), upstream))
  return { proxies, notes: absent === null ? [] : [`@fastify/http-proxy was skipped: ${absent}`] }
}
