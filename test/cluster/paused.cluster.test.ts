// A process that was stopped past its lease finds that out before it answers anything (I5).
import { afterEach, expect, test } from 'vitest'
import { shardOf } from '../../router/hash.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

test.each(['lease', 'confirm'])('SIGSTOP past the lease, then SIGCONT: no old read (reads: %s)', async reads => {
  const env = { TANDEM_READS: reads }
  cluster = await startTestCluster(23800, { originEnv: { a: env, b: env } })
  const c = cluster
  const key = ['one', 'two', 'three', 'four', 'five', 'six']
    .map(id => `docs/${id}`)
    .find(name => shardOf(name) === 's0')
  const at = (name: 'a' | 'b'): string => `${c.origins[name].public}/v1/${key}`
  expect((await fetch(at('a'), { method: 'PUT', body: 'old' })).status).toBe(201)
  expect(await (await fetch(at('a'))).text()).toBe('old')

  c.pause('origin.a')
  // Asked while it is stopped: answered after it has woken up, and by then it is history.
  const asked = Array.from({ length: 20 }, () => fetch(at('a'), { signal: AbortSignal.timeout(30_000) }))
  await until(async () => (await c.statusOf('b'))?.members.length === 1, 15_000, 'b took over')
  const written = await fetch(at('b'), { method: 'PUT', body: 'new' })
  expect([written.status, written.headers.get('tandem-durability')]).toEqual([200, 'solo'])
  c.resume('origin.a')
  for (const response of await Promise.all(asked)) expect(await response.text()).toBe('new')
  expect(await (await fetch(at('a'))).text()).toBe('new')
  await c.untilWhole()
  expect(await (await fetch(at('a'))).text()).toBe('new')
  await c.compareCopies()
})
