// The start rule of the queue Redis, on real ones with real Sentinels: whatever is killed and wiped, they come back
// by themselves, and an empty one never becomes master while another one has data.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type LocalCluster, startLocal } from '../../../deploy/local/cluster.ts'
import { HOSTS, type Host } from '../../../deploy/redis/render.ts'
import { cli, named, queuePort, role, settled, until } from './set.ts'

const home = mkdtempSync(join(tmpdir(), 'tandem-wrapper-'))
let cluster: LocalCluster

beforeAll(async () => {
  cluster = await startLocal({ home, portBase: 19_300, restartMs: 'never', parts: 'redis', log: () => {} })
})

afterAll(async () => {
  await cluster?.close()
  rmSync(home, { recursive: true, force: true })
})

afterEach(context => {
  if (context.task.result?.state !== 'fail') return
  for (const host of HOSTS) console.error(`redis.${host}`, cluster.pid(`redis.${host}`), cluster.log(`redis.${host}`))
})

const others = (host: Host): Host[] => HOSTS.filter(each => each !== host)

/** A key on all three. */
async function write(key: string): Promise<void> {
  const master = await settled(cluster)
  expect(await cli(queuePort(cluster, master), 'SET', key, 'kept')).toBe('OK')
  for (const host of HOSTS) {
    await until(`${key} on ${host}`, 5000, async () => (await cli(queuePort(cluster, host), 'GET', key)) === 'kept')
  }
}

async function killAll(): Promise<void> {
  await Promise.all(HOSTS.map(host => cluster.kill(`redis.${host}`)))
}

const start = (...hosts: Host[]): void => {
  for (const host of hosts) cluster.start(`redis.${host}`)
}

async function allHold(key: string): Promise<void> {
  for (const host of HOSTS) expect(await cli(queuePort(cluster, host), 'GET', key), `${key} on ${host}`).toBe('kept')
}

test('the first start is quick, and a is master', async () => {
  expect(await settled(cluster, 5000)).toBe('a')
})

test('a master that comes back empty at once becomes a replica and copies', async () => {
  await write('once')
  await cluster.kill('redis.a')
  cluster.wipe('redis.a')
  start('a')
  const master = await settled(cluster)
  expect(master).not.toBe('a')
  await allHold('once')
})

test('a master that comes back with its data, while its replicas live, becomes a replica', async () => {
  await write('data')
  const old = await settled(cluster)
  await cluster.kill(`redis.${old}`)
  start(old)
  expect(await settled(cluster)).not.toBe(old)
  await allHold('data')
})

test('all three gone, the master wiped: one that has data becomes master', async () => {
  await write('all-master')
  const old = await settled(cluster)
  await killAll()
  cluster.wipe(`redis.${old}`)
  start(...HOSTS)
  expect(await settled(cluster)).not.toBe(old)
  await allHold('all-master')
})

test('all three gone, a replica wiped and back first: it waits for one that has data', async () => {
  await write('all-replica')
  const old = await settled(cluster)
  const [first, second] = others(old)
  if (first === undefined || second === undefined) throw new Error('three hosts')
  await killAll()
  cluster.wipe(`redis.${first}`)
  start(first)
  // The Sentinels have given the master up by then, and looked for another.
  await until('the empty one is up', 5000, async () => (await role(cluster, first)) === 'slave')
  await until('a Sentinel misses the master', 10_000, async () => {
    const flags = await cli(cluster.plan.set.sentinels.a.port, 'SENTINEL', 'MASTER', 'tandem')
    return flags?.includes('o_down') ?? false
  })
  start(second, old)
  expect(await settled(cluster)).not.toBe(first)
  await allHold('all-replica')
})

test('all three and all Sentinels gone, as when the hosts reboot, the master wiped', async () => {
  await write('reboot')
  const old = await settled(cluster)
  await Promise.all(HOSTS.map(host => cluster.kill(`sentinel.${host}`)))
  await killAll()
  cluster.wipe(`redis.${old}`)
  for (const host of HOSTS) cluster.start(`sentinel.${host}`)
  start(...HOSTS)
  expect(await settled(cluster)).not.toBe(old)
  await allHold('reboot')
})

test('all three wiped: they come back empty', async () => {
  await killAll()
  for (const host of HOSTS) cluster.wipe(`redis.${host}`)
  start(...HOSTS)
  const master = await settled(cluster)
  expect(await named(cluster)).toBe(master)
  expect(await cli(queuePort(cluster, master), 'DBSIZE')).toBe('0')
})

test('a Sentinel that names a replica as master in the same epoch is brought back by the others', async () => {
  const master = await settled(cluster)
  const [wrong, outvoted] = others(master)
  if (wrong === undefined || outvoted === undefined) throw new Error('three hosts')
  await cluster.stop(`sentinel.${outvoted}`)
  const conf = join(home, `sentinel.${outvoted}`, 'sentinel.conf')
  const at = (host: Host): string => `127.0.0.1 ${queuePort(cluster, host)}`
  const text = readFileSync(conf, 'utf8')
  expect(text).toContain(`sentinel monitor tandem ${at(master)} 2`)
  writeFileSync(
    conf,
    text
      .replace(`sentinel known-replica tandem ${at(wrong)}`, `sentinel known-replica tandem ${at(master)}`)
      .replace(`sentinel monitor tandem ${at(master)} 2`, `sentinel monitor tandem ${at(wrong)} 2`),
  )
  cluster.start(`sentinel.${outvoted}`)
  const port = cluster.plan.set.sentinels[outvoted].port
  await until('it names the wrong one', 5000, async () => {
    const answer = await cli(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'tandem')
    return answer?.endsWith(String(queuePort(cluster, wrong))) ?? false
  })
  expect(await settled(cluster)).toBe(master)
})
