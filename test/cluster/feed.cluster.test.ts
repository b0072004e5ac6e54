// Feeds across kill -9 and rejoin, over both hosts and the edge: every acknowledged change is seen, per key in order.
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { type Consumer, Follower, Poller, Writers } from './consumers.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

test('consumers see every acknowledged change across kill -9 and the return of each origin', async () => {
  cluster = await startTestCluster(30_500, { edge: true })
  const c = cluster
  const hosts = ORIGINS.map(name => c.origins[name].public)
  const edge = c.edge?.url ?? ''
  const writers = new Writers([...hosts, edge], 6)
  const throughEdge = new Follower([edge])
  const consumers: readonly Consumer[] = [
    new Poller([...hosts, edge]),
    new Poller([edge]),
    new Follower(hosts),
    new Follower([...hosts].reverse()),
    throughEdge,
  ]
  await writers.more(200)
  for (const victim of ORIGINS) {
    await c.kill(`origin.${victim}`)
    await writers.more(200)
    c.start(`origin.${victim}`)
    await c.untilWhole()
    await writers.more(200)
  }
  await writers.stop()
  await until(
    () => {
      const left = consumers.map(consumer => consumer.wrong(writers.acked).length)
      return left.every(count => count === 0) || left.join()
    },
    15_000,
    'all have seen all',
  )
  await Promise.all(consumers.map(consumer => consumer.stop()))
  for (const consumer of consumers) expect(consumer.wrong(writers.acked)).toEqual([])
  // one stream to its client, whatever became of the origins behind it
  expect(throughEdge.resumed).toBeLessThanOrEqual(1)
})

test('a stream ends cleanly where its host leaves, and goes on at the other', async () => {
  cluster = await startTestCluster(30_500)
  const c = cluster
  const follower = new Follower(ORIGINS.map(name => c.origins[name].public))
  const writers = new Writers([c.origins.b.public], 2)
  await writers.more(50)
  await c.stop('origin.a')
  await writers.more(50)
  await writers.stop()
  await until(
    () => follower.wrong(writers.acked).length === 0 || follower.wrong(writers.acked).slice(0, 3).join(),
    10_000,
    'it has seen all',
  )
  await follower.stop()
  expect(follower.wrong(writers.acked)).toEqual([])
})
