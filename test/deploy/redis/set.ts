// What the tests of the queue Redis ask of a running set, by redis-cli.
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { LocalCluster } from '../../../deploy/local/cluster.ts'
import { HOSTS, type Host } from '../../../deploy/redis/render.ts'

const run = promisify(execFile)

/** The reply as redis-cli prints it, or null when there is none. */
export async function cli(port: number, ...command: string[]): Promise<string | null> {
  try {
    const { stdout } = await run('timeout', ['1', 'redis-cli', '-p', String(port), ...command])
    return stdout.trim()
  } catch {
    return null
  }
}

/** Waits for a condition; says what it waited for when it does not come. */
export async function until(what: string, ms: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await delay(50)
  }
}

export const queuePort = (cluster: LocalCluster, host: Host): number => cluster.plan.set.queue[host].port

export const role = async (cluster: LocalCluster, host: Host): Promise<string | null> =>
  (await cli(queuePort(cluster, host), 'ROLE'))?.split('\n')[0] ?? null

/** Whom all three Sentinels name, or null while they do not agree. */
export async function named(cluster: LocalCluster): Promise<Host | null> {
  const answers = await Promise.all(
    HOSTS.map(host => cli(cluster.plan.set.sentinels[host].port, 'SENTINEL', 'get-master-addr-by-name', 'tandem')),
  )
  const ports = new Set(answers.map(answer => answer?.split('\n')[1]))
  if (ports.size !== 1) return null
  const [port] = ports
  return HOSTS.find(host => String(queuePort(cluster, host)) === port) ?? null
}

/** No Sentinel leads a failover or misses the master. */
async function calm(cluster: LocalCluster): Promise<boolean> {
  const flags = await Promise.all(
    HOSTS.map(async host => {
      const fields =
        (await cli(cluster.plan.set.sentinels[host].port, 'SENTINEL', 'MASTER', 'tandem'))?.split('\n') ?? []
      return fields[fields.indexOf('flags') + 1]
    }),
  )
  return flags.every(each => each === 'master')
}

/** One master, named by all, with two replicas that have copied from it and may be promoted. */
export async function settled(cluster: LocalCluster, ms = 25_000): Promise<Host> {
  let master: Host | null = null
  await until('one named master with two replicas in step', ms, async () => {
    master = await named(cluster)
    if (master === null || !(await calm(cluster))) return false
    const info = (await cli(queuePort(cluster, master), 'INFO', 'replication')) ?? ''
    const priorities = await Promise.all(
      HOSTS.map(host => cli(queuePort(cluster, host), 'CONFIG', 'GET', 'replica-priority')),
    )
    return (
      info.includes('role:master') &&
      info.includes('connected_slaves:2') &&
      (info.match(/state=online/g) ?? []).length === 2 &&
      priorities.every(each => each?.endsWith('\n100'))
    )
  })
  if (master === null) throw new Error('no master')
  return master
}
