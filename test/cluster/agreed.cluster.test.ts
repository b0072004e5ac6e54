// Planned changes: latency, never an error.
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { primaryOf, startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

test('SIGTERM hands over and drains without a failed request, through either host', async () => {
  cluster = await startTestCluster(20800)
  for (const leaver of ORIGINS) {
    // Through the host that stays every request is answered; the one that leaves answers all that it accepted.
    const stays = leaver === 'a' ? 'b' : 'a'
    const load = new Load({ urls: [cluster.origins[stays].public], clients: 8 })
    await load.more(200)
    await cluster.stop(`origin.${leaver}`)
    await load.more(200)
    expect(load.failures).toEqual([])
    cluster.start(`origin.${leaver}`)
    await cluster.untilWhole()
    await load.more(100)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(await load.verify()).toEqual([])
  }
  await cluster.compareCopies()
})

test('what a leaving host has accepted is answered', async () => {
  cluster = await startTestCluster(20800)
  const load = new Load({ urls: [cluster.origins.a.public], clients: 8 })
  await load.more(200)
  await cluster.stop('origin.a')
  await load.stop()
  // New connections are refused once it is gone, as they must be; nothing that it took was dropped or left unknown.
  expect(load.failures.filter(one => one.status !== null || !/fetch failed/.test(one.text))).toEqual([])
  cluster.start('origin.a')
  await cluster.untilWhole()
  expect(await load.verify(ORIGINS.map(name => cluster?.origins[name].public ?? ''))).toEqual([])
})

test('handover by hand stays until sent back; drain and ready', async () => {
  cluster = await startTestCluster(20800)
  const load = new Load({ urls: ORIGINS.map(name => cluster?.origins[name].public ?? ''), clients: 8 })
  await load.more(100)
  const act = async (name: 'a' | 'b', path: string, body?: unknown): Promise<void> => {
    const response = await cluster?.control(name, 'POST', path, body)
    expect([response?.status, await response?.text()]).toEqual([200, expect.any(String)])
  }
  await act('a', '/_tandem/handover', { shard: 's0' })
  await until(async () => primaryOf((await cluster?.statusOf('a')) ?? null, 's0') === 'b', 5_000, 's0 is on b')
  await load.more(100)
  expect(load.answers.slice(-20).every(one => one.origin === 'b')).toBe(true)
  await act('b', '/_tandem/handover', { shard: 's0' })
  await cluster.untilWhole()

  await act('b', '/_tandem/drain')
  await until(async () => primaryOf((await cluster?.statusOf('a')) ?? null, 's1') === 'a', 10_000, 'a serves both')
  expect((await cluster.statusOf('b'))?.state).toBe('draining')
  await load.more(100)
  await act('b', '/_tandem/ready')
  await cluster.untilWhole()
  await load.more(100)
  await load.stop()
  expect(load.failures).toEqual([])
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})
