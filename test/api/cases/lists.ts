// Cases about lists and changes.
import { expect } from 'vitest'
import { CURSOR_HASH_CHARS, encodeCursor } from '../../../router/changes.ts'
import type { Talk } from '../talk.ts'

type Page = { items: Record<string, unknown>[]; next: string | null }
const page = (body: string): Page => JSON.parse(Buffer.from(body, 'latin1').toString('utf8')) as Page

/** In the order of their bytes, which is not that of UTF-16 units. */
const IDS = ['A', 'a', 'a/b', 'a0', 'aa', 'b', '{t}1', '\u00fc', '\ufb01', '\u{1f4a1}']

export const LISTS: Readonly<Record<string, (talk: Talk) => Promise<void>>> = {
  'a list in the order of the ids’ bytes, page by page': async ({ ask }) => {
    for (const id of IDS.toReversed()) await ask('PUT', `/v1/:c/${encodeURIComponent(id)}`, { body: id })
    const whole = page((await ask('GET', '/v1/:c')).body)
    expect(whole.items.map(item => item.id)).toEqual(IDS)
    expect(whole.next).toBeNull()
    const walked: unknown[] = []
    let target: string | null = '/v1/:c?limit=3'
    while (target !== null) {
      const answer: Awaited<ReturnType<Talk['ask']>> = await ask('GET', target)
      const { items, next } = page(answer.body)
      walked.push(...items.map(item => item.id))
      const link = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
      expect(link === undefined).toBe(next === null)
      target = link ?? null
    }
    expect(walked).toEqual(IDS)
  },

  'a list with a prefix, with values, of nothing': async ({ ask }) => {
    await ask('PUT', '/v1/:c/a1', { body: '{"n":1.0}', headers: { 'Content-Type': 'application/json' } })
    await ask('PUT', '/v1/:c/a2', { body: '\u00ff', headers: { 'Content-Type': 'text/plain' } })
    await ask('PUT', '/v1/:c/b', { body: '{', headers: { 'Content-Type': 'application/json' } })
    expect(page((await ask('GET', '/v1/:c?prefix=a')).body).items.map(item => item.id)).toEqual(['a1', 'a2'])
    expect(page((await ask('GET', '/v1/:c?prefix=%61')).body).items).toHaveLength(2)
    expect(page((await ask('GET', '/v1/:c?prefix=zz')).body)).toEqual({ items: [], next: null })
    const values = page((await ask('GET', '/v1/:c?values=true')).body).items
    expect(values.map(({ value, base64 }) => [value, base64])).toEqual([
      [{ n: 1 }, undefined],
      [undefined, Buffer.from('\u00ff').toString('base64')],
      [undefined, Buffer.from('{').toString('base64')],
    ])
    expect((await ask('HEAD', '/v1/:c?values=true')).body).toBe('')
  },

  'what is no list': async ({ ask }) => {
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=x',
      'limit=',
      'limit=1&limit=2',
      'values=yes',
      'cursor=x',
      'prefix=%ff',
    ]) {
      const answer = await ask('GET', `/v1/:c?${query}`)
      expect([query, answer.status]).toEqual([query, 400])
    }
    expect((await ask('HEAD', '/v1/:c?limit=0')).status).toBe(400)
    expect((await ask('GET', '/v1/:c?unknown=1')).status).toBe(200)
  },

  'changes: from now on, oldest first, of one collection': async ({ ask, collection }) => {
    const next = (body: string): string => (JSON.parse(body) as { next: string }).next
    const now = next((await ask('GET', '/v1/_changes?since=now')).body)
    await ask('PUT', '/v1/:c/%7Bt%7Da', { body: 'x' })
    await ask('PUT', '/v1/:c/%7Bt%7Db', { body: 'x' })
    await ask('DELETE', '/v1/:c/%7Bt%7Da')
    const answer = await ask('GET', `/v1/_changes?since=${now}&collection=:c`)
    const { items } = JSON.parse(answer.body) as { items: { key: string; op: string }[] }
    expect(items.slice(-2).map(({ key, op }) => [key, op])).toEqual([
      [`${collection}/{t}b`, 'put'],
      [`${collection}/{t}a`, 'delete'],
    ])
    const rest = await ask('GET', `/v1/_changes?since=${next(answer.body)}&collection=:c`)
    expect(JSON.parse(rest.body)).toMatchObject({ items: [] })
    expect((await ask('HEAD', '/v1/_changes?since=now')).status).toBe(200)
  },

  'what is no place in the changes': async ({ ask }) => {
    for (const query of ['since=x', 'since=%00', 'limit=0', 'limit=1001', 'collection=_x', 'collection=a/b']) {
      const answer = await ask('GET', `/v1/_changes?${query}`)
      expect([query, answer.status]).toEqual([query, 400])
    }
  },

  'a place in other changes': async ({ ask }) => {
    const at = { kind: 'log', index: 1, hash: '0'.repeat(CURSOR_HASH_CHARS), op: null } as const
    const cursor = encodeCursor({ lineage: 'another', at: { s0: at, s1: at } })
    const gone = await ask('GET', `/v1/_changes?since=${cursor}`)
    expect([gone.status, gone.body]).toEqual([410, expect.stringMatching(/problems\/cursor-gone/)])
    expect((await ask('HEAD', `/v1/_changes?since=${cursor}`)).status).toBe(410)
    const live = await ask('GET', `/v1/_changes?since=${cursor}`, { headers: { Accept: 'text/event-stream' } })
    expect(live.status).toBe(410)
    expect((await ask('HEAD', '/v1/_changes?limit=0')).status).toBe(400)
  },

  'a copy on this host, where that is good enough': async ({ ask }) => {
    await ask('PUT', '/v1/:c/x', { body: 'x' })
    const read = await ask('GET', '/v1/:c/x', { headers: { Prefer: 'consistency=local' } })
    expect([200, 404]).toContain(read.status)
    expect((await ask('GET', '/v1/:c', { headers: { Prefer: 'consistency=local' } })).status).toBe(200)
  },
}
