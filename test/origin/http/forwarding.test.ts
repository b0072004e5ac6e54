import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pathIn } from './keys.ts'
import { type Pair, startPair } from './pair.ts'

const BASE = 19100
let pair: Pair
beforeAll(async () => {
  pair = await startPair(BASE)
})
afterAll(() => pair.stop())

describe('two origins, one service', () => {
  it('answers for both shards through both doors', async () => {
    for (const origin of [pair.a, pair.b]) {
      for (const shard of ['s0', 's1'] as const) {
        const url = origin.url + pathIn(shard, 7)
        const put = await fetch(url, { method: 'PUT', body: `${origin.name}${shard}`, headers: { 'Content-Type': 'text/plain' } })
        expect([200, 201]).toContain(put.status)
        expect(put.headers.get('tandem-shard')).toBe(shard)
        expect(put.headers.get('tandem-origin')).toBe(shard === 's0' ? 'a' : 'b')
        expect(put.headers.get('tandem-durability')).toBe('mirrored')
        const get = await fetch(url)
        expect(get.status).toBe(200)
        expect(get.headers.get('content-type')).toBe('text/plain')
        expect(await get.text()).toBe(`${origin.name}${shard}`)
        const forwarded = put.headers.get('tandem-origin') !== origin.name
        expect(get.headers.get('proxy-status')).toBe(forwarded ? `tandem-${origin.name}; next-hop=${shard === 's0' ? 'a' : 'b'}` : null)
      }
    }
    expect(pair.a.errors).toEqual([])
    expect(pair.b.errors).toEqual([])
  })
})
