// The queue may lose anything at any time: only a moment is lost with it, and it comes back by itself.
import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { ProcessName } from '../../deploy/local/plan.ts'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const HOSTS = ['a', 'b', 'w'] as const
/** CONTRACT: a queue Redis that is gone costs a moment, far below the solo bound (1000 ms), so that nobody goes solo. */
const QUEUE_OUTAGE_WAIT_MS = 900
/** The issue: all three queue Redis are gone for this long. */
const ALL_GONE_MS = 20_000

async function masterOf(c: TestCluster): Promise<(typeof HOSTS)[number]> {
  let found: (typeof HOSTS)[number] | undefined
  await until(
    async () => {
      const address = (await c.statusOf('a'))?.redis.master
      found = HOSTS.find(host => address === `127.0.0.1:${c.plan.set.queue[host].port}`)
      return found !== undefined || String(address)
    },
    20_000,
    'the queue has a master',
  )
  if (found === undefined) throw new Error('no master')
  return found
}

const untilQueueLane = (c: TestCluster): Promise<void> =>
  until(
    async () => {
      const lanes = await Promise.all(ORIGINS.map(async name => (await c.statusOf(name))?.lane))
      return lanes.every(lane => lane === 'queue') || lanes.join()
    },
    30_000,
    'both lanes go through the queue',
  )

/** The longest wait of a write that began after `at`. */
const longestSince = (load: Load, at: number): number =>
  Math.max(...load.answers.filter(one => one.at >= at).map(one => one.ms))

test('kill -9 of the master, of a Sentinel, SENTINEL FAILOVER: writes go on over the direct lane', async () => {
  cluster = await startTestCluster(24300)
  await untilQueueLane(cluster)
  const load = new Load({ urls: ORIGINS.map(name => cluster?.origins[name].public ?? ''), clients: 4 })
  await load.more(100)

  const master = await masterOf(cluster)
  const killedAt = performance.now()
  await cluster.kill(`redis.${master}`)
  await load.more(300)
  cluster.start(`redis.${master}`)
  await untilQueueLane(cluster)
  expect(longestSince(load, killedAt)).toBeLessThan(QUEUE_OUTAGE_WAIT_MS)
  expect(await masterOf(cluster)).not.toBe(master)

  await cluster.kill('sentinel.w')
  await load.more(100)
  cluster.start('sentinel.w')
  await cluster.waitReady('sentinel.w')

  const before = await masterOf(cluster)
  const sentinelPort = String(cluster.plan.set.sentinels.a.port)
  const ask = (...words: string[]): string =>
    execFileSync('redis-cli', ['-p', sentinelPort, 'sentinel', ...words], { encoding: 'utf8', timeout: 2000 }).trim()
  const failedOverAt = performance.now()
  // One that has begun may be given up (-failover-abort-no-good-slave) while the replicas still reconnect.
  await until(
    () => {
      const port = ask('get-master-addr-by-name', 'tandem').split('\n')[1]
      if (port !== String(cluster?.plan.set.queue[before].port)) return true
      return `${port}: ${ask('failover', 'tandem')}`
    },
    30_000,
    'Sentinel fails over on command',
  )
  await load.more(300)
  await until(async () => cluster !== null && (await masterOf(cluster)) !== before, 20_000, 'another master')
  await untilQueueLane(cluster)
  expect(longestSince(load, failedOverAt)).toBeLessThan(QUEUE_OUTAGE_WAIT_MS)

  await load.stop()
  expect(load.answers.every(one => one.durability === 'mirrored')).toBe(true)
  expect(load.failures).toEqual([])
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

test('all three queue Redis gone for 20 s, one comes back empty', async () => {
  cluster = await startTestCluster(24300)
  await untilQueueLane(cluster)
  const load = new Load({ urls: ORIGINS.map(name => cluster?.origins[name].public ?? ''), clients: 4 })
  await load.more(100)
  const master = await masterOf(cluster)
  const names = HOSTS.map((host): ProcessName => `redis.${host}`)
  await Promise.all(names.map(name => cluster?.kill(name)))
  const goneAt = performance.now()
  await load.more(300)
  await pause(Math.max(0, goneAt + ALL_GONE_MS - performance.now()))
  await load.more(50)
  cluster.wipe(`redis.${master}`)
  for (const name of names) cluster.start(name)
  await load.more(100)
  await untilQueueLane(cluster)
  await load.more(100)
  await load.stop()
  expect(longestSince(load, goneAt)).toBeLessThan(QUEUE_OUTAGE_WAIT_MS)
  expect(load.answers.every(one => one.durability === 'mirrored')).toBe(true)
  expect(load.failures).toEqual([])
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
  await cluster.untilWhole()
})
