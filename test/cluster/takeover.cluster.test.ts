// kill -9 of an origin, of both, and their return: nothing acknowledged is lost, and the pair becomes whole by itself.
import { afterEach, expect, test } from 'vitest'
import { ORIGINS, peerOf } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const urlsOf = (c: TestCluster): string[] => ORIGINS.map(name => c.origins[name].public)

test('400 writes through both hosts: readable through both, each origin served half', async () => {
  cluster = await startTestCluster(25300)
  const urls = urlsOf(cluster)
  const served: Record<string, number> = { a: 0, b: 0 }
  await Promise.all(
    Array.from({ length: 400 }, async (_, n) => {
      const response = await fetch(`${urls[n % 2]}/v1/docs/d${n}`, { method: 'PUT', body: `value ${n}` })
      expect(response.status).toBe(201)
      expect(response.headers.get('tandem-durability')).toBe('mirrored')
      const origin = response.headers.get('tandem-origin') ?? ''
      served[origin] = (served[origin] ?? 0) + 1
    }),
  )
  for (const url of urls)
    for (let n = 0; n < 400; n++) {
      const response = await fetch(`${url}/v1/docs/d${n}`)
      expect(await response.text()).toBe(`value ${n}`)
    }
  expect(served.a).toBeGreaterThan(160)
  expect(served.b).toBeGreaterThan(160)
  await cluster.compareCopies()
})

test('kill -9 of either origin under write load, its return, and then the other', async () => {
  cluster = await startTestCluster(25300)
  const load = new Load({ urls: urlsOf(cluster), clients: 8 })
  await load.more(200)
  for (const victim of ORIGINS) {
    const survivor = peerOf(victim)
    await cluster.kill(`origin.${victim}`)
    const from = load.answers.length
    await load.more(200)
    const after = load.answers.slice(from)
    await until(
      () => after.concat(load.answers.slice(from)).some(one => one.durability === 'solo'),
      10_000,
      'solo acknowledgements',
    )
    expect(load.answers.slice(-20).every(one => one.origin === survivor)).toBe(true)
    cluster.start(`origin.${victim}`)
    await cluster.untilWhole()
    await load.more(100)
    expect(load.answers.at(-1)?.durability).toBe('mirrored')
  }
  await load.stop()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})

test('kill -9 of both at once, then restart', async () => {
  cluster = await startTestCluster(25300)
  const load = new Load({ urls: urlsOf(cluster), clients: 8 })
  await load.more(300)
  await Promise.all(ORIGINS.map(name => cluster?.kill(`origin.${name}`)))
  for (const name of ORIGINS) cluster.start(`origin.${name}`)
  await cluster.untilWhole()
  await load.more(100)
  await load.stop()
  expect(await load.verify()).toEqual([])
  await cluster.compareCopies()
})
