// Page walks while takeovers run and documents come and go: no id twice, and none missing that was there all along.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster } from './cluster.ts'

const BASE = 30_000
const LONG = 200
/** A document, so that a page of LONG is some 200 KiB. */
const BODY = 'x'.repeat(1000)
const PAGE = z.object({ items: z.array(z.object({ id: z.string(), etag: z.string() })), next: z.string().nullable() })

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const idOf = (n: number): string => `d${String(n).padStart(4, '0')}`

/** One list, page by page, each page from another door; a door that is shut is left out, with the same cursor. */
async function walk(doors: readonly string[], limit: number, down: () => string | null): Promise<readonly string[]> {
  const ids: string[] = []
  // pages that are longer than what a router collects before it passes it on
  const values = limit > LONG ? '&values=true' : ''
  let cursor = ''
  for (let turn = 0; ; turn++) {
    const door = doors[turn % doors.length] ?? ''
    if (door === down()) continue
    const response = await fetch(`${door}/v1/walk?limit=${limit}${values}${cursor}`, {
      signal: AbortSignal.timeout(15_000),
    }).catch((error: unknown) => {
      // it went down under this very request
      if (door !== down()) throw error
      return null
    })
    if (response === null) continue
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${door}: ${response.status} ${text}`)
    const { items, next } = PAGE.parse(JSON.parse(text))
    ids.push(...items.map(({ id }) => id))
    if (next === null) return ids
    cursor = `&cursor=${next}`
  }
}

test('walks over both hosts and the edge while each origin is killed and returns', async () => {
  cluster = await startTestCluster(BASE, { edge: true })
  const c = cluster
  const doors = [...ORIGINS.map(name => c.origins[name].public), c.edge?.url ?? '']
  const stay = Array.from({ length: 200 }, (_, n) => idOf(2 * n))
  for (const [n, id] of stay.entries()) {
    const response = await fetch(`${doors[n % 2]}/v1/walk/${id}`, { method: 'PUT', body: BODY })
    expect(response.status).toBe(201)
  }
  let running = true
  let down: string | null = null
  const wrong: string[] = []
  let walks = 0
  const walkers = [1, 17, 60].map(async limit => {
    while (running) {
      const ids = await walk(limit === 1 ? doors.slice(2) : doors, 5 * limit, () => down)
      walks += 1
      if (new Set(ids).size < ids.length) wrong.push(`twice: ${ids.filter((id, at) => ids.indexOf(id) < at)}`)
      const missing = stay.filter(id => !ids.includes(id))
      if (missing.length > 0) wrong.push(`missing: ${missing}`)
      if ([...ids].sort().join() !== ids.join()) wrong.push('not in order')
    }
  })
  const churn = (async () => {
    for (let n = 0; running; n++) {
      const url = `${doors[2]}/v1/walk/${idOf(2 * (n % 200) + 1)}`
      await fetch(url, { method: 'PUT', body: 'x' }).then(response => response.text())
      await fetch(url, { method: 'DELETE' }).then(response => response.text())
      await pause(2)
    }
  })()
  const more = async (count: number): Promise<void> => {
    const target = walks + count
    while (walks < target) await Promise.race([pause(20), ...walkers])
  }
  const all = Promise.allSettled([...walkers, churn])
  try {
    await more(3)
    for (const victim of ORIGINS) {
      down = c.origins[victim].public
      await c.kill(`origin.${victim}`)
      await more(6)
      c.start(`origin.${victim}`)
      await c.untilWhole()
      down = null
      await more(6)
    }
  } finally {
    running = false
  }
  for (const end of await all) expect(end).toMatchObject({ status: 'fulfilled' })
  expect(wrong).toEqual([])
})

test('a copy on this host answers without a hop, and says how far it may be behind', async () => {
  cluster = await startTestCluster(BASE)
  const c = cluster
  const local = { Prefer: 'consistency=local' }
  const doors = ORIGINS.map(name => [name, c.origins[name].public] as const)
  await Promise.all(stayed().map(path => fetch(doors[0]?.[1] + path, { method: 'PUT', body: path })))
  const read = async (door: string, path: string) => {
    const response = await fetch(door + path, { headers: local })
    return { response, text: await response.text() }
  }
  for (const [name, door] of doors) {
    for (const path of stayed()) {
      // on the standby it is known within a beat that all of it is there to stay
      for (;;) {
        const { response, text } = await read(door, path)
        expect([response.status, text]).toEqual([200, path])
        if (response.headers.get('tandem-origin') !== name) continue
        expect(response.headers.get('proxy-status')).toBeNull()
        expect(response.headers.get('preference-applied')).toBe('consistency=local')
        expect(Number(response.headers.get('tandem-lag-ms'))).toBeLessThan(1_000)
        break
      }
    }
    const { response, text } = await read(door, '/v1/near?limit=3')
    expect(response.headers.get('tandem-origin')).toBe(name)
    expect(response.headers.get('preference-applied')).toBe('consistency=local')
    expect(PAGE.parse(JSON.parse(text)).items.map(({ id }) => id)).toEqual(['n0', 'n1', 'n10'])
    const missing = await read(door, '/v1/near/none')
    expect(missing.response.status).toBe(404)
  }
  // a host that has just come back knows of its copy before anything is written again
  await c.kill('origin.b')
  c.start('origin.b')
  await c.untilWhole()
  const [, b] = doors[1] ?? ['b', '']
  const { response } = await read(b, '/v1/near?limit=20')
  expect([response.headers.get('tandem-origin'), response.headers.get('preference-applied')]).toEqual([
    'b',
    'consistency=local',
  ])
})

const stayed = (): string[] => Array.from({ length: 20 }, (_, n) => `/v1/near/n${n}`)
