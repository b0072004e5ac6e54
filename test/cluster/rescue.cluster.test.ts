// When nothing heals by itself: a store that is no member made primary by force, registers that lost their disks rebuilt;
// through the command line, as a person does it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'
import { tandem } from './tandem.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const loadOn = (c: TestCluster): Load => new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 4 })

const reachable = (c: TestCluster, count: number): Promise<void> =>
  until(
    async () => (await c.statusOf('b'))?.registers.reachable === count || 'another number',
    15_000,
    `${count} registers have their vote`,
  )

test('force-primary is refused beside any sign of life; forced, it serves, and what was lost is kept aside', async () => {
  cluster = await startTestCluster(31000, {
    originEnv: { b: { TANDEM_STABLE_MS: '3000' }, a: { TANDEM_STABLE_MS: '3000' } },
  })
  const c = cluster
  const load = loadOn(c)
  await load.more(50)
  await load.stop()
  expect(await tandem(c, 'force-primary', 'b', '--confirm', 'origin a is off')).toMatchObject({
    code: 1,
    out: expect.stringContaining('this store is a member'),
  })
  await c.kill('origin.b')
  const put = (name: 'a' | 'b', body: string): Promise<Response> =>
    fetch(`${c.origins[name].public}/v1/docs/only-there`, { method: 'PUT', body })
  c.start('origin.b')
  await until(async () => (await c.statusOf('b'))?.lineage !== undefined, 10_000, 'b answers')
  expect(await tandem(c, 'force-primary', 'b', '--confirm', 'origin a is off')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/origin a is connected: it lives|takes\s+connections/),
  })

  // whatever b had fetched by now, this it has not
  await c.kill('origin.b')
  expect((await put('a', 'lost')).headers.get('Tandem-Durability')).toBe('solo')
  await c.kill('origin.a')
  c.start('origin.b')
  await until(async () => (await c.statusOf('b'))?.epoch != null, 10_000, 'b has read the register')
  const early = await tandem(c, 'force-primary', 'b', '--confirm', 'origin a is off')
  expect(early).toMatchObject({ code: 1, out: expect.stringMatching(/origin a lives: it called register [abw]/) })
  expect(early.out).toMatch(/every acknowledged write is in store\s+\S+\s+of\s+origin\s+a/)
  expect((await tandem(c, 'force-primary', 'b', '--confirm', 'yes')).code).not.toBe(0)
  await until(
    async () => {
      const { code, out } = await tandem(c, 'force-primary', 'b', '--confirm', 'origin a is off')
      return code === 0 || out
    },
    30_000,
    'it is no longer heard of a',
  )
  expect((await put('b', 'goes on')).status).toBe(201)
  expect((await c.statusOf('b'))?.members).toEqual(['b'])

  c.start('origin.a')
  await c.untilWhole()
  expect(await (await fetch(`${c.origins.a.public}/v1/docs/only-there`)).text()).toBe('goes on')
  await c.compareCopies()
  const { data } = c.origins.a
  expect(existsSync(join(data, 'aside')) || existsSync(join(data, 'quarantine'))).toBe(true)
  expect(await load.verify()).toEqual([])
})

test('registers that lost their disks are rebuilt: two under load, then all three with both origins down', async () => {
  cluster = await startTestCluster(31000)
  const c = cluster
  await c.untilWhole()
  expect(await tandem(c, 'registers', 'rebuild')).toMatchObject({
    code: 1,
    out: expect.stringContaining('nothing to rebuild'),
  })
  const load = loadOn(c)
  await load.more(50)
  for (const name of ['register.a', 'register.w'] as const) {
    await c.kill(name)
    c.wipe(name)
    c.start(name)
  }
  await reachable(c, 1)
  expect(await tandem(c, 'registers', 'rebuild')).toMatchObject({
    code: 0,
    out: expect.stringContaining('3 of 3 registers'),
  })
  await reachable(c, 3)
  await load.more(50)
  expect(load.failures).toEqual([])
  expect(load.answers.every(one => one.durability === 'mirrored')).toBe(true)
  await c.kill('origin.a')
  await load.more(50)
  expect(load.answers.at(-1)?.durability).toBe('solo')
  await load.stop()

  await c.kill('origin.b')
  for (const name of ['register.a', 'register.b', 'register.w'] as const) {
    await c.kill(name)
    c.wipe(name)
    c.start(name)
  }
  // b alone has what was acknowledged last: it is a that is asked, and a that must not win
  c.start('origin.a')
  c.start('origin.b')
  await until(
    async () => (await c.statusOf('a'))?.why.join().includes('registers rebuild') || 'no reason yet',
    15_000,
    'a says what to do',
  )
  await until(
    async () => {
      const { code, out } = await tandem(c, 'registers', 'rebuild', '--json')
      return code === 0 || out
    },
    15_000,
    'the registers are rebuilt',
  )
  await c.untilWhole()
  expect(await load.verify()).toEqual([])
  await c.compareCopies()
})
