// The register: one of three may be gone and nothing differs; without a majority nothing can change, and nothing breaks.
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

test('one register gone: no difference, takeover included; a wiped one gets its vote back from the two others', async () => {
  cluster = await startTestCluster(24800)
  const load = new Load({ urls: ORIGINS.map(name => cluster?.origins[name].public ?? ''), clients: 4 })
  await load.more(100)
  await cluster.kill('register.w')
  await load.more(100)
  expect(load.failures).toEqual([])
  await cluster.kill('origin.a')
  await load.more(100)
  expect(load.answers.at(-1)?.durability).toBe('solo')
  cluster.start('origin.a')
  await cluster.untilWhole()
  expect((await cluster.statusOf('a'))?.registers.reachable).toBe(2)

  cluster.wipe('register.w')
  cluster.start('register.w')
  await until(
    async () => (await cluster?.statusOf('a'))?.registers.reachable === 3,
    15_000,
    'the wiped register votes again',
  )
  await until(
    () => /register w was empty and has its vote back/.test(ORIGINS.map(name => cluster?.logText(name)).join()),
    5_000,
    'it says so',
  )

  // Now it counts: with another one gone, it and the third must be a majority.
  await cluster.kill('register.a')
  await cluster.kill('origin.b')
  await load.more(100)
  expect(load.answers.at(-1)?.durability).toBe('solo')
  cluster.start('origin.b')
  await cluster.untilWhole()
  await load.stop()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

test('two registers gone: service goes on until an origin dies, then waits for one of them', async () => {
  cluster = await startTestCluster(24800)
  const load = new Load({ urls: ORIGINS.map(name => cluster?.origins[name].public ?? ''), clients: 4 })
  await load.more(100)
  await cluster.kill('register.a')
  await cluster.kill('register.w')
  await load.more(300)
  expect(load.failures).toEqual([])
  expect(load.answers.every(one => one.durability === 'mirrored')).toBe(true)
  await until(
    async () => (await cluster?.statusOf('b'))?.canLoseAHost === false,
    10_000,
    'it says that a host could not be lost now',
  )

  await cluster.kill('origin.a')
  // Longer than lease, grace and every round together: nothing may be acknowledged by one copy without the register.
  const alone = load.acked
  await until(async () => (await fetch(`${cluster?.origins.b.public}/readyz`)).status === 503, 5_000, 'b is not ready')
  const answers = load.answers.length
  await until(() => load.failures.length > 0, 20_000, 'writes are refused after parking')
  expect(load.answers.slice(answers)).toEqual([])
  expect(load.acked - alone).toBeLessThan(8)

  cluster.start('register.a')
  await load.more(100)
  expect(load.answers.at(-1)?.durability).toBe('solo')
  cluster.start('origin.a')
  cluster.start('register.w')
  await cluster.untilWhole()
  await load.stop()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})
