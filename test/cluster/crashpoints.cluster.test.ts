// kill -9 at every named point of the write path and of a proposal, and a restart within the grace: no epoch is
// continued, nothing acknowledged is lost, nothing tentative is shown.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

let cluster: TestCluster
let load: Load
beforeAll(async () => {
  // It dies some forty times here, which is what the doubling of the stable time is against.
  const originEnv = { TANDEM_STABLE_MS: '20' }
  cluster = await startTestCluster(21300, { originEnv: { a: originEnv, b: originEnv } })
  load = new Load({ urls: ORIGINS.map(name => cluster.origins[name].public), clients: 6 })
  await load.more(50)
}, 60_000)
afterAll(async () => {
  await load.stop()
  await cluster.close()
})

const epochNow = async (): Promise<number> =>
  Math.max(...(await Promise.all(ORIGINS.map(async name => (await cluster.statusOf(name))?.epoch ?? 0))))

/** Before and after each disk write and each message of a write, as its primary and as its standby. */
const WRITE_PATH = [
  'write.before-commit:20',
  'write.after-commit:20',
  'group.before-ship:20',
  'queue.add:5',
  'queue.added:5',
  'group.after-ship:20',
  'group.on-disk:20',
  'link.received.ack:20',
  'group.committed:20',
  'queue.received:20',
  'apply.before-commit:20',
  'apply.after-commit:20',
  'link.send.ack:20',
  'link.sent.ack:20',
  'link.send.grant:3',
  'link.received.beat:3',
]

test.each(WRITE_PATH)('a dies at %s and is back within the grace', async point => {
  await dieAndReturn(point, async () => {})
})

test.each(['link.send.entries:1', 'link.sent.entries:1'])('a dies at %s while it brings b level', async point => {
  await dieAndReturn(point, async () => {
    // Its return may have made it send entries already: then it is dead by now.
    if (!(await serves())) return
    await cluster.kill('origin.b')
    await until(
      async () => dead() || (await cluster.statusOf('a'))?.members.length === 1,
      10_000,
      'a is alone, or died at the point',
    )
    if (!dead()) await load.more(20)
    cluster.start('origin.b')
  })
})

/** Each phase of a round asks three registers. */
const PROPOSAL = [
  'identity.before-rename:1',
  'identity.after-rename:1',
  'identity.before-rename:2',
  'identity.after-rename:2',
  'register.send.prepare.sync:1',
  'register.send.prepare.sync:2',
  'register.replied.prepare.sync:2',
  'register.send.accept.sync:1',
  'register.send.accept.sync:2',
  'register.replied.accept.sync:1',
  'register.replied.accept.sync:2',
]

test.each(PROPOSAL)('a dies at %s of its round at the start', async point => {
  await dieAndReturn(point, async () => {})
})

const SOLO = [
  'register.send.prepare.solo:1',
  'register.replied.prepare.solo:2',
  'register.send.accept.solo:1',
  'register.send.accept.solo:2',
  'register.replied.accept.solo:1',
  'register.replied.accept.solo:2',
]

test.each(SOLO)('a dies at %s of the proposal that records it alone', async point => {
  await dieAndReturn(point, async () => {
    expect(await serves()).toBe(true)
    await cluster.kill('origin.b')
  })
})

async function dieAndReturn(point: string, provoke: () => Promise<void>): Promise<void> {
  const before = await epochNow()
  await cluster.kill('origin.a')
  cluster.start('origin.a', { TANDEM_FAILPOINT: point })
  await provoke()
  await until(dead, 20_000, `a dies at ${point}`)
  cluster.start('origin.a', { TANDEM_FAILPOINT: '' })
  if (cluster.pid('origin.b') === null) cluster.start('origin.b')
  await cluster.untilWhole()
  expect(await epochNow()).toBeGreaterThan(before)
  await load.more(20)
  expect(load.anomalies).toEqual([])
}

test('after all of it: everything acknowledged is there, both copies are equal', async () => {
  await load.stop()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

const dead = (): boolean => cluster.pid('origin.a') === null

/** Waits until a serves something; false where it died first. */
async function serves(): Promise<boolean> {
  await until(
    async () => dead() || ((await cluster.statusOf('a'))?.shards.some(shard => shard.serving) ?? false),
    20_000,
    'a serves, or died at the point',
  )
  return !dead()
}
