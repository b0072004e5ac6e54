// Idempotency-Key over HTTP, here and through the peer, and what a router does for writes that have none.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { scopeOf } from '../../../origin/http/idempotency.ts'
import { idIn, pathIn } from './keys.ts'
import { type Pair, SECRET, startPair, viewOf } from './pair.ts'

const BASE = 27900
let pair: Pair
beforeAll(async () => {
  pair = await startPair(BASE)
})
afterEach(() => {
  for (const origin of [pair.a, pair.b]) {
    origin.documents.lost = null
    origin.documents.refuse = null
    origin.whereabouts.set(viewOf(1, 'a', 'b'), origin === pair.a ? ['s0'] : ['s1'])
    expect(origin.errors).toEqual([])
    expect(origin.parking.requests).toBe(0)
  }
})
afterAll(() => pair.stop())

type Headers = Record<string, string>
const call = (method: string, path: string, headers: Headers = {}, body: string | null = null): Promise<Response> =>
  fetch(pair.a.url + path, { method, headers, body })
const put = (path: string, key: string, body = 'x', headers: Headers = {}): Promise<Response> =>
  call('PUT', path, { 'Idempotency-Key': key, ...headers }, body)
const problemOf = async (response: Response): Promise<unknown> => response.json()
const writesOf = (path: string): number =>
  [pair.a, pair.b].flatMap(origin => origin.documents.writes).filter(key => `/v1/${key}` === path).length

describe.each(['s0', 's1'] as const)('a client key on %s', shard => {
  const pathOf = (n: number): string => pathIn(shard, n)

  it('gets a repeat the same status, headers and body, and says so', async () => {
    const path = pathOf(1)
    const first = await put(path, 'one', 'x', { 'If-None-Match': '*' })
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null])
    await call('PUT', path, {}, 'somebody else')
    const again = await put(path, 'one', 'x', { 'If-None-Match': '*' })
    expect(again.status).toBe(201)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('tandem-durability')).toBe('mirrored')
    for (const name of ['etag', 'location', 'last-modified', 'content-length'])
      expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)])
    expect(await (await call('GET', path)).text()).toBe('somebody else')
  })

  it('of a delete too', async () => {
    const path = pathOf(2)
    await call('PUT', path, {}, 'x')
    const key = { 'Idempotency-Key': 'gone' }
    expect((await call('DELETE', path, key)).status).toBe(204)
    const again = await call('DELETE', path, key)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([204, 'true'])
    expect((await call('DELETE', path)).status).toBe(404)
  })

  it('refuses other content: body, type or conditions', async () => {
    const path = pathOf(3)
    await put(path, 'k', 'x', { 'Content-Type': 'text/plain' })
    const others: readonly [string, Headers][] = [
      ['y', { 'Content-Type': 'text/plain' }],
      ['x', { 'Content-Type': 'text/html' }],
      ['x', { 'Content-Type': 'text/plain', 'If-Match': '*' }],
    ]
    for (const [body, headers] of others) {
      const response = await put(path, 'k', body, headers)
      expect(response.status).toBe(422)
      expect(await problemOf(response)).toMatchObject({
        type: 'https://tandem.dev/problems/idempotency-mismatch',
        committed: 'no',
        retryable: false,
      })
    }
  })

  it('is of one token, method and target, however that is spelled', async () => {
    const path = pathOf(4)
    const spelled = path.replace('/c/i', '/c/%69')
    expect((await put(path, 'k')).status).toBe(201)
    expect((await put(spelled, 'k')).headers.get('idempotency-replayed')).toBe('true')
    expect(
      (await put(path, 'k', 'x', { Authorization: 'Bearer other' })).headers.get('idempotency-replayed'),
    ).toBeNull()
    expect((await call('DELETE', path, { 'Idempotency-Key': 'k' })).status).toBe(204)
    expect((await put(pathOf(5), 'k')).status).toBe(201)
  })

  it('of a refused write is free', async () => {
    const path = pathOf(6)
    expect((await put(path, 'k', 'x', { 'If-Match': '*' })).status).toBe(412)
    await call('PUT', path, {}, 'x')
    expect((await put(path, 'k', 'x', { 'If-Match': '*' })).status).toBe(200)
  })

  it('that is none is refused', async () => {
    const bad = ['', 'a b', 'x'.repeat(256), 'ü']
    for (const key of bad) expect([key, (await put(pathOf(7), key)).status]).toEqual([key, 400])
    expect((await put(pathOf(7), 'x'.repeat(255))).status).toBe(201)
  })

  it('can be asked what became of its write', async () => {
    const path = pathOf(8)
    const ask = (key: string, target = path, method = 'PUT', headers: Headers = {}): Promise<Response> =>
      call('GET', `/v1/_ops/${encodeURIComponent(key)}?method=${method}&target=${encodeURIComponent(target)}`, headers)
    const missing = await ask('a/b?%')
    expect(missing.status).toBe(404)
    const written = await put(path, 'a/b?%')
    const found = await ask('a/b?%')
    expect(found.status).toBe(200)
    expect(found.headers.get('tandem-shard')).toBe(shard)
    expect(await found.json()).toEqual({
      status: 201,
      etag: written.headers.get('etag'),
      modified: expect.stringMatching(/^20.*Z$/),
    })
    expect((await ask('a/b?%', path, 'DELETE')).status).toBe(404)
    expect((await ask('a/b?%', pathOf(9))).status).toBe(404)
    expect((await ask('a/b?%', path, 'PUT', { Authorization: 'Bearer other' })).status).toBe(404)
  })
})

describe('a question about a write', () => {
  it('must name key, method and target', async () => {
    const bad = ['/v1/_ops/k', '/v1/_ops/k?method=PUT', '/v1/_ops/k?method=GET&target=%2Fv1%2Fc%2Fx']
    bad.push('/v1/_ops/?method=PUT&target=%2Fv1%2Fc%2Fx', '/v1/_ops/k?method=PUT&target=%2Fv1%2Fc')
    bad.push('/v1/_ops/%FF?method=PUT&target=%2Fv1%2Fc%2Fx')
    for (const path of bad) expect([path, (await call('GET', path)).status]).toEqual([path, 400])
    const posted = await call('POST', '/v1/_ops/k?method=PUT&target=%2Fv1%2Fc%2Fx')
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

describe('a write without a key', () => {
  it('takes effect once although its answer was lost, and its client sees nothing of it', async () => {
    for (const [path, owner] of [
      [pathIn('s0', 20), pair.a],
      [pathIn('s1', 20), pair.b],
    ] as const) {
      owner.documents.lost = () => {
        owner.documents.lost = null
        return { kind: 'unknown', why: 'The reign ended.', reign: 1 }
      }
      const response = await call('PUT', path, { 'If-None-Match': '*' }, 'x')
      expect(response.status).toBe(201)
      expect(response.headers.get('idempotency-replayed')).toBeNull()
      expect(response.headers.get('proxy-status')).toContain('attempts=2')
      const read = await call('GET', path)
      expect(read.headers.get('etag')).toBe(response.headers.get('etag'))
      expect(writesOf(path)).toBe(1)
    }
  })

  it('is answered by the next primary where its own was lost', async () => {
    const path = pathIn('s1', 21)
    pair.b.documents.lost = () => {
      pair.a.whereabouts.set(viewOf(2, 'a', 'a'), ['s0', 's1'])
      return { kind: 'unknown', why: 'The reign ended.', reign: 1 }
    }
    const response = await call('PUT', path, { 'If-None-Match': '*' }, 'x')
    expect([response.status, response.headers.get('tandem-origin')]).toEqual([201, 'a'])
  })

  it('whose first try may have taken effect is never said not to have', async () => {
    const path = pathIn('s1', 22)
    pair.b.documents.lost = () => {
      pair.b.documents.refuse = () => ({ kind: 'unavailable', why: 'The disk is full.' })
      return { kind: 'unknown', why: 'The reign ended.', reign: 1 }
    }
    const response = await call('PUT', path, {}, 'x')
    expect(response.status).toBe(503)
    expect(await problemOf(response)).toMatchObject({ committed: 'unknown', retryable: false })
  })

  it('of a client with a key may be sent again by its client', async () => {
    pair.b.documents.refuse = () => ({ kind: 'unknown', why: 'The reign ended.', reign: 1 })
    expect(await problemOf(await put(pathIn('s1', 23), 'k'))).toMatchObject({ committed: 'unknown', retryable: true })
  })

  it('that streams is not kept, and so stays undecided', async () => {
    pair.b.documents.lost = () => ({ kind: 'unknown', why: 'The reign ended.', reign: 1 })
    const response = await call('PUT', pathIn('s1', 24), {}, 'x'.repeat(100_000))
    expect(response.status).toBe(503)
    expect(await problemOf(response)).toMatchObject({ committed: 'unknown', retryable: false })
    expect(response.headers.get('proxy-status')).not.toContain('attempts')
  })

  it('goes without where clocks differ so much that no key of ours is taken', async () => {
    pair.b.documents.refuse = () => {
      pair.b.documents.refuse = null
      return { kind: 'outcome', outcome: { kind: 'outdated' }, durability: 'mirrored', reign: 1 }
    }
    const response = await call('PUT', pathIn('s1', 25), {}, 'x')
    expect(response.status).toBe(201)
  })

  it('cannot forge a key of ours', async () => {
    const path = pathIn('s1', 26)
    const forged = { 'Tandem-Minted-Key': 'm018bcfe56800-router-a-0.AAAA' }
    expect((await call('PUT', path, forged, 'x')).status).toBe(201)
    expect((await call('PUT', path, forged, 'x')).status).toBe(200)
    const direct = await fetch(`http://127.0.0.1:${BASE + 3}${path}`, {
      method: 'PUT',
      headers: { ...forged, 'Tandem-Forwarded': '1', 'Tandem-Secret': SECRET },
      body: 'x',
    })
    expect(direct.status).toBe(400)
  })
})

describe('a scope', () => {
  it('is another for each of its parts, and never for two of them run together', () => {
    const path = `/v1/c/${idIn('s0')}`
    const scopes = [
      scopeOf('', 'PUT', path, 'k'),
      scopeOf('t', 'PUT', path, 'k'),
      scopeOf('', 'DELETE', path, 'k'),
      scopeOf('', 'PUT', `${path}?ttl=1`, 'k'),
      scopeOf('', 'PUT', `${path}x`, 'k'),
      scopeOf('', 'PUT', path, 'xk'),
    ]
    expect(new Set(scopes).size).toBe(scopes.length)
    for (const scope of scopes) expect(scope).toMatch(/^c[0-9a-f]{32}$/)
  })
})
