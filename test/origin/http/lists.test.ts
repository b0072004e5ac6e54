// Lists over two origins that really forward: one answer, whichever is asked, and whatever becomes of the other.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SHARDS } from '../../../router/words.ts'
import { pathIn } from './keys.ts'
import { FAIR, LIMITS, type Pair, startPair, viewOf } from './pair.ts'
import { until } from './rawclient.ts'

const BASE = 26_880
const PARK_MS = 1_000
let pair: Pair

beforeAll(async () => {
  pair = await startPair(BASE, { ...LIMITS, parkMs: PARK_MS })
})
afterAll(() => pair.stop())
beforeEach(() => {
  pair.a.whereabouts.set(FAIR, ['s0'])
  pair.b.whereabouts.set(FAIR, ['s1'])
  pair.rows.clear()
  for (const shard of SHARDS)
    for (let n = 0; n < 30; n++) {
      const key = pathIn(shard, n).slice('/v1/'.length)
      const row = { type: 't', body: new Uint8Array(1), epoch: 1, index: 1, n: 0, modified: 0, expires: null }
      pair.rows.set(key, { key, ...row })
    }
})

const collection = (): string => pathIn('s0', 0).split('/')[2] ?? ''
const ids = (): string[] => [...pair.rows.keys()].map(key => key.slice(collection().length + 1)).sort()

type Page = { readonly items: { readonly id: string }[]; readonly next: string | null }

describe('a list', () => {
  it('is the same on both, page by page along its links, and each id comes once', async () => {
    const all: string[][] = []
    for (const { url } of [pair.a, pair.b]) {
      const seen: string[] = []
      for (let path: string | null = `/v1/${collection()}?limit=7`; path !== null; ) {
        const response: Response = await fetch(url + path)
        expect(response.status).toBe(200)
        expect(response.headers.get('tandem-shard')).toBe('s0, s1')
        expect(response.headers.get('tandem-origin')).toBe('a, b')
        const { items, next } = (await response.json()) as Page
        seen.push(...items.map(({ id }) => id))
        const link = response.headers.get('link')
        expect(link === null).toBe(next === null)
        path = /^<([^>]+)>; rel="next"$/.exec(link ?? '')?.[1] ?? null
        if (next !== null) expect(path).toContain(next)
      }
      all.push(seen)
    }
    expect(all[0]).toEqual(ids())
    expect(all[1]).toEqual(all[0])
  })

  it('has a head like its body', async () => {
    const target = `${pair.a.url}/v1/${collection()}?limit=3`
    const [get, head] = [await fetch(target), await fetch(target, { method: 'HEAD' })]
    const names = ['content-type', 'content-length', 'link', 'tandem-shard', 'tandem-origin', 'cache-control']
    const of = (response: Response) => names.map(name => response.headers.get(name))
    expect(of(head)).toEqual(of(get))
    expect(await head.text()).toBe('')
    expect(get.headers.get('content-length')).toBe(String((await get.arrayBuffer()).byteLength))
  })

  it('asks nothing of the other origin where one has both shards', async () => {
    pair.b.whereabouts.set(viewOf(2, 'b', 'b'), ['s0', 's1'])
    const response = await fetch(`${pair.b.url}/v1/${collection()}`)
    expect([response.headers.get('tandem-origin'), response.headers.get('proxy-status')]).toEqual(['b', null])
  })

  it('waits for a takeover of one half', async () => {
    pair.a.whereabouts.set(viewOf(2, 'a', 'b'), [])
    const waits = fetch(`${pair.b.url}/v1/${collection()}?limit=1000`)
    pair.b.whereabouts.set(null, ['s1'])
    await until('half of it is parked', () => pair.b.parking.requests > 0)
    pair.b.whereabouts.set(viewOf(3, 'b', 'b'), ['s0', 's1'])
    const { items } = (await (await waits).json()) as Page
    expect(items.map(({ id }) => id)).toEqual(ids())
  })

  it('is refused as a whole where one half cannot be had, and tells of no parts', async () => {
    pair.b.whereabouts.set(null, ['s1'])
    const target = `/v1/${collection()}?limit=5`
    const response = await fetch(pair.b.url + target)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject({ type: 'https://tandem.dev/problems/no-primary', instance: target })
  })

  it.each(['limit=0', 'cursor=x', 'values=1', 'prefix=%e9'])('refuses %s', async query => {
    const response = await fetch(`${pair.a.url}/v1/${collection()}?${query}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ type: 'https://tandem.dev/problems/bad-request' })
  })
})
