// Who may serve: only a store that holds every acknowledged write. What must be discarded is kept aside first.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ORIGIN_SCRIPT, originSpec } from '../../deploy/local/spec.ts'
import { HOSTS } from '../../deploy/redis/render.ts'
import { shardOf } from '../../router/hash.ts'
import { homeOf, ORIGINS, type OriginName } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { startWire, type Wire } from './cuttable.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
let wires: Wire[] = []
afterEach(async () => {
  await cluster?.close()
  for (const wire of wires) await wire.close()
  cluster = null
  wires = []
})

/** A document's id that is at home there. */
const keyAt = (name: OriginName): string => {
  for (let n = 0; ; n++) if (homeOf(shardOf(`load/kept-${n}`)) === name) return `kept-${n}`
}

const loadOn = (c: TestCluster): Load => new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 6 })

const isolated = (c: TestCluster, name: OriginName, why: RegExp): Promise<void> =>
  until(
    async () => {
      const response = await fetch(`${c.origins[name].public}/readyz`).catch(String)
      if (typeof response === 'string') return response
      const text = await response.text()
      return (response.status === 503 && why.test(text)) || `${response.status} ${text}`
    },
    15_000,
    `${name} is not ready and says why`,
  )

test('entries that were never acknowledged are quarantined and undone, without a reseed', async () => {
  wires = [await startWire(23395, 23401), await startWire(23396, 23402)]
  cluster = await startTestCluster(23300, { peerUrl: { a: wires[1]?.url, b: wires[0]?.url } })
  const c = cluster
  const load = loadOn(c)
  await load.more(50)
  await load.stop()
  // Dies with an entry on its own disk that neither lane could bring anywhere.
  for (const host of HOSTS) c.pause(`redis.${host}`)
  for (const wire of wires) wire.cut()
  const { a } = c.origins
  const lost = fetch(`${a.public}/v1/load/${keyAt('a')}`, { method: 'PUT', body: 'nobody was told' }).catch(String)
  await until(
    async () => {
      const s0 = (await c.statusOf('a'))?.shards.find(({ shard }) => shard === 's0')
      return (s0 !== undefined && s0.applied.index > s0.committed.index) || JSON.stringify(s0)
    },
    2_000,
    'it is on the disk of a, and not committed',
  )
  await c.kill('origin.a')
  expect(typeof (await lost)).toBe('string')
  await until(async () => (await c.statusOf('b'))?.members.length === 1, 10_000, 'b took over')
  for (const host of HOSTS) c.resume(`redis.${host}`)
  for (const wire of wires) wire.heal()
  const after = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 6, collection: 'after' })
  await after.more(50)
  c.start('origin.a')
  await c.untilWhole()
  await after.stop()
  const files = (await (await cluster.control('a', 'GET', '/_tandem/quarantine')).json()) as {
    files: { file: string }[]
  }
  expect(files.files.length).toBeGreaterThan(0)
  const shown = (await (await cluster.control('a', 'GET', `/_tandem/quarantine/${files.files[0]?.file}`)).json()) as {
    records: { key: string }[]
  }
  expect(shown.records.map(({ key }) => key)).toContain(`load/${keyAt('a')}`)
  expect(existsSync(join(a.data, 'aside'))).toBe(false)
  for (const one of [load, after]) expect(await one.verify()).toEqual([])
  await cluster.compareCopies()
})

test('an empty disk is reseeded and never a source; alone it refuses and says why', async () => {
  cluster = await startTestCluster(23300)
  const load = loadOn(cluster)
  await load.more(200)
  await cluster.kill('origin.b')
  cluster.wipe('origin.b')
  await load.more(50)
  cluster.start('origin.b')
  await cluster.untilWhole()
  await load.more(50)
  await load.stop()
  await cluster.compareCopies()

  // The other copy is dead: the empty one must not pretend to be the pair.
  await Promise.all(ORIGINS.map(name => cluster?.kill(`origin.${name}`)))
  cluster.wipe('origin.b')
  cluster.start('origin.b')
  await isolated(cluster, 'b', /not a member/)
  const write = await fetch(`${cluster.origins.b.public}/v1/load/x`, { method: 'PUT', body: 'no' })
  expect(write.status).toBe(503)
  expect(await write.json()).toMatchObject({ committed: 'no', retryable: true })
  expect((await cluster.statusOf('b'))?.state).toBe('isolated')
  cluster.start('origin.a')
  await cluster.untilWhole()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

test('an origin outside the members refuses to serve alone', async () => {
  cluster = await startTestCluster(23300)
  const load = loadOn(cluster)
  await load.more(100)
  await cluster.kill('origin.b')
  await load.more(50)
  expect(load.answers.at(-1)?.durability).toBe('solo')
  await load.stop()
  await cluster.kill('origin.a')
  cluster.start('origin.b')
  await isolated(cluster, 'b', /not a member/)
  cluster.start('origin.a')
  await cluster.untilWhole()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

test('a copied store under a member’s name refuses to serve alone: of the other origin, and an older one of its own', async () => {
  cluster = await startTestCluster(23300)
  const load = loadOn(cluster)
  await load.more(100)
  const { a, b } = cluster.origins
  await cluster.stop('origin.b')
  cpSync(b.data, `${b.data}.older`, { recursive: true })
  cluster.start('origin.b')
  await cluster.untilWhole()
  await load.more(100)
  await load.stop()

  await Promise.all(ORIGINS.map(name => cluster?.kill(`origin.${name}`)))
  rmSync(b.data, { recursive: true })
  cpSync(`${b.data}.older`, b.data, { recursive: true })
  cluster.start('origin.b')
  await isolated(cluster, 'b', /not a member/)
  await cluster.kill('origin.b')

  rmSync(b.data, { recursive: true })
  cpSync(a.data, b.data, { recursive: true })
  cluster.start('origin.b')
  await isolated(cluster, 'b', /not a member/)
  expect(readdirSync(join(b.data, 'aside')).length).toBe(1)
  cluster.start('origin.a')
  await cluster.untilWhole()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

test('a second process on one data directory refuses to start', async () => {
  cluster = await startTestCluster(23300)
  const spec = originSpec(cluster.plan, cluster.home, 'a', {
    script: ORIGIN_SCRIPT,
    secret: cluster.secret,
    peerUrl: undefined,
    env: {},
  })
  const env = {
    ...spec.env,
    TANDEM_PUBLIC: '127.0.0.1:23391',
    TANDEM_PRIVATE: '127.0.0.1:23392',
    PATH: process.env.PATH ?? '',
  }
  const second = spawnSync(spec.command, [...spec.args], { env, encoding: 'utf8', timeout: 10_000 })
  expect(second.status).not.toBe(0)
  expect(second.stderr).toMatch(/is in use by the process \d+: one origin runs on it at a time/)
  await cluster.untilWhole()
})
