// A copy that differs, and entries that are damaged: found out, refused, healed; nothing is half applied.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { mirrorQueueName, openQueue } from '../../replicator/queue/bullmq.ts'
import { MasterClients, OPEN } from '../../replicator/redis.ts'
import { shardOf } from '../../router/hash.ts'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const keyOn = (shard: 's0' | 's1'): string => {
  for (let n = 0; ; n++) if (shardOf(`docs/d${n}`) === shard) return `docs/d${n}`
}

test('a row that was changed behind the store’s back is found by the next entry that touches it', async () => {
  cluster = await startTestCluster(22300)
  const c = cluster
  const load = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 4 })
  const key = keyOn('s0')
  const put = async (body: string): Promise<Response> =>
    fetch(`${c.origins.a.public}/v1/${key}`, { method: 'PUT', body })
  expect((await put('one')).status).toBe(201)
  const before = (await c.statusOf('b'))?.store

  const db = new DatabaseSync(join(c.origins.b.data, 's0.sqlite'))
  db.exec('PRAGMA busy_timeout = 5000')
  expect(
    db.prepare('UPDATE documents SET body = ? WHERE key = ?').run(new TextEncoder().encode('uno'), key).changes,
  ).toBe(1)
  db.close()

  expect((await put('two')).status).toBe(200)
  await until(
    async () => existsSync(join(c.origins.b.data, 'aside')) || 'no file aside',
    20_000,
    'the old file is kept aside',
  )
  await c.untilWhole()
  expect(readdirSync(join(c.origins.b.data, 'aside')).length).toBe(1)
  expect((await c.statusOf('b'))?.store).not.toBe(before)
  expect(c.logText('b')).toMatch(/entry refused: drift/)
  await load.more(50)
  await load.stop()
  expect(load.failures).toEqual([])
  expect(await load.verify()).toEqual([])
  await c.compareCopies()
})

test('corrupted, truncated and foreign entries are refused with a clear log line; nothing is half applied', async () => {
  cluster = await startTestCluster(22300)
  const c = cluster
  const key = keyOn('s0')
  const put = async (body: string): Promise<Response> =>
    fetch(`${c.origins.a.public}/v1/${key}`, { method: 'PUT', body })
  expect((await put('one')).status).toBe(201)
  const status = await c.statusOf('a')
  const index = status?.shards[0]?.applied.index ?? 0
  const incarnation = status?.incarnation ?? ''

  // The last good entry, as b's own log has it, is the material.
  const db = new DatabaseSync(join(c.origins.b.data, 's0.sqlite'), { readOnly: true })
  const row = db.prepare('SELECT bytes FROM log WHERE idx = ?').get(index)
  db.close()
  const good = row?.bytes
  if (!(good instanceof Uint8Array)) throw new Error('b has the entry in its log')
  const flipped = Uint8Array.from(good)
  flipped[good.length >> 1] = (flipped[good.length >> 1] ?? 0) ^ 1
  const versioned = Uint8Array.from(good)
  versioned[4] = 250

  const sentinels = ORIGINS.map(name => c.plan.set.sentinels[name])
  const clients = new MasterClients(
    { sentinels, name: c.plan.set.name, login: OPEN, sentinelLogin: OPEN },
    'queue',
    () => {},
  )
  const queue = openQueue(mirrorQueueName('b'), clients.client, () => {})
  try {
    for (const [n, bytes] of [flipped, good.subarray(0, good.length - 7), versioned].entries()) {
      const next = (await c.statusOf('b'))?.shards[0]?.applied.index ?? 0
      const data = {
        shard: 's0',
        epoch: 1,
        index: next + 1,
        incarnation,
        size: bytes.length,
        entry: Buffer.from(bytes).toString('base64'),
      }
      await queue.add('entry', data, { jobId: `forged-${n}` })
      await until(
        () => (c.logText('b').match(/entry refused|malformed/g)?.length ?? 0) > n || c.logText('b').slice(-300),
        10_000,
        `forged entry ${n} is refused with a log line`,
      )
      expect((await c.statusOf('b'))?.shards[0]?.applied.index).toBe(next)
      expect((await put(`after ${n}`)).status).toBe(200)
    }
  } finally {
    await queue.close()
    await clients.close()
  }
  expect(await (await fetch(`${c.origins.b.public}/v1/${key}`)).text()).toBe('after 2')
  await c.untilWhole()
  await c.compareCopies()
})
