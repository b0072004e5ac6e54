// POST: a document whose id the service chooses, with and without a key, here and through the peer; and what expires.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { shardOf } from '../../../router/hash.ts'
import { pathIn } from './keys.ts'
import { type Pair, startPair } from './pair.ts'

const BASE = 27930
let pair: Pair
beforeAll(async () => {
  pair = await startPair(BASE)
})
afterEach(() => {
  for (const origin of [pair.a, pair.b]) {
    origin.documents.lost = null
    expect(origin.errors).toEqual([])
  }
})
afterAll(() => pair.stop())

type Headers = Record<string, string>
const post = (path: string, body: string, headers: Headers = {}, url = pair.a.url): Promise<Response> =>
  fetch(url + path, { method: 'POST', body, headers })
const UUID_V7 = /^\/v1\/notes\/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const locationOf = (response: Response): string => response.headers.get('location') ?? ''
const problemOf = async (response: Response): Promise<unknown> => response.json()
const count = (): number => [...pair.rows.keys()].filter(key => key.startsWith('notes/')).length

describe('POST to a collection', () => {
  it('makes a document of a new UUIDv7, at home on either origin', async () => {
    const homes = new Set<string>()
    const ids: string[] = []
    for (let n = 0; n < 24; n++) {
      const made = await post(
        '/v1/notes',
        `note ${n}`,
        { 'Content-Type': 'text/x' },
        n % 2 === 0 ? pair.a.url : pair.b.url,
      )
      expect([made.status, made.headers.get('tandem-durability')]).toEqual([201, 'mirrored'])
      expect(locationOf(made)).toMatch(UUID_V7)
      homes.add(made.headers.get('tandem-origin') ?? '')
      ids.push(locationOf(made))
      const read = await fetch(pair.b.url + locationOf(made))
      expect([await read.text(), read.headers.get('content-type')]).toEqual([`note ${n}`, 'text/x'])
      expect(read.headers.get('etag')).toBe(made.headers.get('etag'))
    }
    expect([...homes].sort()).toEqual(['a', 'b'])
    expect(new Set(ids).size).toBe(24)
  })

  it('takes effect once when its first try is lost on the way', async () => {
    const before = count()
    for (const origin of [pair.a, pair.b]) {
      let lost = 0
      origin.documents.lost = () => (lost++ === 0 ? { kind: 'unknown', why: 'The answer is lost.', reign: 1 } : null)
    }
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => post('/v1/notes', `${n}`)))
    expect(made.map(({ status }) => status)).toEqual(Array(8).fill(201))
    expect(made.map(response => response.headers.get('idempotency-replayed'))).toEqual(Array(8).fill(null))
    expect(count() - before).toBe(8)
  })

  it('has no representation that a condition could match', async () => {
    const before = count()
    expect((await post('/v1/notes', 'x', { 'If-Match': '*' })).status).toBe(412)
    expect(count()).toBe(before)
    expect((await post('/v1/notes', 'x', { 'If-None-Match': '*' })).status).toBe(201)
  })

  it('is refused where a client names the document: that is for routers', async () => {
    const named = await post('/v1/notes/mine', 'x')
    expect([named.status, named.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, PATCH, DELETE'])
  })
})

describe('POST under a key', () => {
  it('makes one document, whichever host is asked again', async () => {
    for (let n = 0; n < 12; n++) {
      const key = { 'Idempotency-Key': `post-${n}` }
      const [first, again] = [
        await post('/v1/notes', `once ${n}`, key, pair.a.url),
        await post('/v1/%6eotes', `once ${n}`, key, pair.b.url),
      ]
      expect([first.status, again.status]).toEqual([201, 201])
      expect(first.headers.get('idempotency-replayed')).toBe(null)
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      for (const name of ['location', 'etag', 'last-modified'])
        expect(again.headers.get(name)).toBe(first.headers.get(name))
      expect(first.headers.get('tandem-shard')).toBe(shardOf(locationOf(first).slice(4)))
    }
  })

  it('races itself over both hosts: one document, one location', async () => {
    for (let n = 0; n < 12; n++) {
      const key = { 'Idempotency-Key': `race-${n}` }
      const before = count()
      const urls = [pair.a.url, pair.b.url, pair.a.url, pair.b.url]
      const made = await Promise.all(urls.map(url => post('/v1/notes', `race ${n}`, key, url)))
      expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201])
      expect(new Set(made.map(locationOf)).size).toBe(1)
      expect(count() - before).toBe(1)
    }
  })

  it('with other content is a mismatch, with another lifetime another write', async () => {
    const key = { 'Idempotency-Key': 'content' }
    await post('/v1/notes', 'x', key)
    const other = await post('/v1/notes', 'y', key)
    expect(other.status).toBe(422)
    expect(await problemOf(other)).toMatchObject({ type: 'https://tandem.dev/problems/idempotency-mismatch' })
    expect((await post('/v1/notes?ttl=5', 'y', key)).status).toBe(201)
  })

  it('is told of by _ops, on both hosts, with its location', async () => {
    const made = await post('/v1/notes?ttl=60', 'told', { 'Idempotency-Key': 'told', Authorization: 'Bearer t' })
    const ask = (url: string, headers: Headers): Promise<Response> =>
      fetch(`${url}/v1/_ops/told?method=POST&target=%2Fv1%2Fnotes%3Fttl%3D60`, { headers })
    for (const url of [pair.a.url, pair.b.url]) {
      const operation = await ask(url, { Authorization: 'Bearer t' })
      expect(operation.status).toBe(200)
      expect(await operation.json()).toMatchObject({
        status: 201,
        location: locationOf(made),
        etag: made.headers.get('etag'),
      })
      expect((await ask(url, {})).status).toBe(404)
    }
  })
})

describe('ttl', () => {
  const put = (path: string, headers: Headers = {}): Promise<Response> =>
    fetch(pair.a.url + path, {
      method: 'PUT',
      body: '{"a":1}',
      headers: { 'Content-Type': 'application/json', ...headers },
    })

  it.each(['s0', 's1'] as const)('of a document on %s shows as Expires, which no cache may rely on', async shard => {
    const path = pathIn(shard, 40)
    const from = Date.now()
    expect((await put(`${path}?ttl=100`)).status).toBe(201)
    for (const method of ['GET', 'HEAD']) {
      const read = await fetch(pair.b.url + path, { method })
      const at = Date.parse(read.headers.get('expires') ?? '')
      expect(at).toBeGreaterThanOrEqual(from + 99_000)
      expect(at).toBeLessThanOrEqual(Date.now() + 100_000)
      expect(read.headers.get('cache-control')).toBe('no-cache')
    }
    const patched = await fetch(pair.b.url + path, {
      method: 'PATCH',
      body: '{"a":2}',
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(patched.status).toBe(200)
    expect((await fetch(pair.a.url + path)).headers.has('expires')).toBe(true)
    expect((await put(path)).status).toBe(200)
    expect((await fetch(pair.a.url + path)).headers.has('expires')).toBe(false)
  })

  it.each([
    '0',
    '-1',
    '1.5',
    '1e3',
    '',
    'x',
    '315360001',
    '99999999999',
    '5&ttl=6',
  ])('of %s is no time to live', async ttl => {
    for (const answer of [await put(`${pathIn('s0', 41)}?ttl=${ttl}`), await post(`/v1/notes?ttl=${ttl}`, 'x')]) {
      expect(answer.status).toBe(400)
      expect(await problemOf(answer)).toMatchObject({ committed: 'no', detail: expect.stringContaining('ttl') })
    }
  })
})
