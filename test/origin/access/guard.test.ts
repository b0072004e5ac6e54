// The guard at a public listener, over HTTP: who is let in for what, how often, and what the others are told.
import { hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Buckets } from '../../../origin/access/buckets.ts'
import { hostGuard } from '../../../origin/access/guard.ts'
import { parseTokens } from '../../../origin/access/tokens.ts'
import { pathIn } from '../http/keys.ts'
import { type Origin, startOrigin } from '../http/pair.ts'
import { exchange, one } from '../http/rawclient.ts'

const BASE = 19_900
let origin: Origin
let now = 0

const listed = (text: string, scopes: string[], prefix?: string) => ({
  hash: hash('sha256', text, 'hex'),
  scopes,
  ...(prefix === undefined ? {} : { prefix }),
})
const parsed = parseTokens(
  JSON.stringify([
    listed('all', ['read', 'write']),
    listed('reads', ['read']),
    listed('writes', ['write']),
    listed('docs', ['read', 'write'], 'doc'),
    listed('others', ['read', 'write'], 'other'),
  ]),
  'tokens.json',
)
if (parsed.kind === 'faulty') throw new Error(parsed.why)

beforeAll(async () => {
  const guard = hostGuard({
    name: 'a',
    tokens: () => parsed.tokens,
    buckets: new Buckets({ quota: 1_000, windowMs: 60_000 }, () => now),
  })
  origin = await startOrigin({
    name: 'a',
    rows: new Map(),
    guard,
    publicPort: BASE,
    privatePort: BASE + 2,
    peerPrivatePort: BASE + 3,
  })
  origin.whereabouts.set(origin.whereabouts.view, ['s0', 's1'])
})
afterAll(() => origin.stop())

const ask = (path: string, token: string | null, init: RequestInit = {}): Promise<Response> =>
  fetch(origin.url + path, {
    ...init,
    headers:
      token === null
        ? { ...init.headers }
        : { ...init.headers, Authorization: token.includes(' ') ? token : `Bearer ${token}` },
  })
const path = '/v1/doc/x'

describe('tokens', () => {
  it('lets nobody in without one, whatever is asked for', async () => {
    for (const [target, method] of [
      [path, 'GET'],
      [path, 'PUT'],
      ['/v1/doc', 'GET'],
      ['/v1/_nothing', 'GET'],
      ['/v1/doc/_reserved', 'GET'],
      [path, 'PROPFIND'],
    ] as const) {
      const answer = await ask(target, null, { method })
      expect([target, answer.status]).toEqual([target, 401])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tandem"')
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      const body: unknown = await answer.json()
      expect(body).toMatchObject({ type: 'https://tandem.dev/problems/unauthorized', status: 401 })
      if (method === 'PUT') expect(body).toMatchObject({ committed: 'no', retryable: false })
    }
    expect(origin.documents.writes).toEqual([])
  })

  it.each([
    'wrong',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer a b',
    'Bearer all, Bearer all',
    `Bearer ${'x'.repeat(2_000)}`,
  ])('does not know %s', async token => {
    const answer = await ask(path, token.startsWith('B') ? `${token} ` : token)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tandem", error="invalid_token"')
  })

  it('opens what the scopes say', async () => {
    expect((await ask(path, 'all', { method: 'PUT', body: 'x' })).status).toBe(201)
    expect((await ask(path, 'bEARER all')).status).toBe(200)
    expect((await ask(path, 'reads')).status).toBe(200)
    expect((await ask(path, 'reads', { method: 'HEAD' })).status).toBe(200)
    expect((await ask(path, 'writes', { method: 'PUT', body: 'y' })).status).toBe(200)
    for (const [token, method] of [
      ['reads', 'PUT'],
      ['reads', 'DELETE'],
      ['writes', 'GET'],
    ] as const) {
      const answer = await ask(path, token, { method })
      expect(answer.status).toBe(403)
      expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope')
      expect(await answer.json()).toMatchObject({ type: 'https://tandem.dev/problems/forbidden' })
    }
  })

  it('opens the collections that begin with the prefix', async () => {
    expect((await ask(path, 'docs')).status).toBe(200)
    expect((await ask('/v1/docs-too/x', 'docs')).status).toBe(404)
    expect((await ask(path, 'others')).status).toBe(403)
    // what became of a write is told to the token that wrote it: there is nobody else's to be seen
    const about = `/v1/_ops/key?method=PUT&target=${encodeURIComponent(path)}`
    const put = { method: 'PUT', body: 'x', headers: { 'Idempotency-Key': 'key' } }
    expect((await ask(path, 'writes', put)).status).toBe(200)
    expect((await ask(about, 'writes')).status).toBe(200)
    expect((await ask(about, 'docs')).status).toBe(404)
    expect((await ask(about, 'reads')).status).toBe(403)
  })

  it('asks nobody for a body that it will not take', async () => {
    const put = (token: string) =>
      `PUT ${path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n`
    for (const [token, status] of [
      ['wrong', 401],
      ['reads', 403],
    ] as const)
      expect((await exchange(BASE, put(token), one)).statuses).toEqual([status])
    expect((await exchange(BASE, `${put('all')}x`, one)).statuses).toEqual([100, 200])
  })

  it('leaves open what monitors and readers of the docs need', async () => {
    expect((await ask('/livez', null)).status).toBe(200)
    expect((await ask('/readyz', null)).status).toBe(200)
    expect((await ask('/nowhere', null)).status).toBe(404)
  })
})

describe('the rate', () => {
  it('is told with every answer below /v1', async () => {
    const answer = await ask(pathIn('s0'), 'all')
    expect(answer.headers.get('ratelimit-policy')).toBe('"default";q=1000;w=60')
    expect(answer.headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=1$/)
    expect((await ask('/v1/x', null)).headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=1$/)
    expect((await ask('/livez', null)).headers.get('ratelimit')).toBeNull()
  })

  it('is one for each token, and for each address of those without', async () => {
    const left = async (token: string | null): Promise<number> =>
      Number(/r=(\d+)/.exec((await ask(path, token)).headers.get('ratelimit') ?? '')?.[1])
    const reads = await left('reads')
    const nobody = await left(null)
    expect(await left('others')).toBeGreaterThan(900)
    expect(await left('reads')).toBe(reads - 1)
    expect(await left('guess')).toBe(nobody - 1)
  })
})

it('refuses beyond the rate with 429, before the token is judged, and lets in again', async () => {
  const guard = hostGuard({
    name: 'a',
    tokens: () => parsed.tokens,
    buckets: new Buckets({ quota: 2, windowMs: 10_000 }, () => now),
  })
  const client = { address: '192.0.2.1', proto: 'http', proxy: null } as const
  const wire = { target: path, rawHeaders: [], client, traceparent: '' }
  const put = () => guard.enter(new Request('http://h/v1/doc/x', { method: 'PUT' }), wire)
  const statuses = [put(), put(), put()].map(passage => (passage.kind === 'refused' ? passage.response.status : 0))
  expect(statuses).toEqual([401, 401, 429])
  const over = put()
  if (over.kind !== 'refused') throw new Error('let in')
  expect(over.response.headers.get('retry-after')).toBe('5')
  expect(over.response.headers.get('ratelimit')).toBe('"default";r=0;t=5')
  expect(await over.response.json()).toMatchObject({
    type: 'https://tandem.dev/problems/rate-limited',
    status: 429,
    committed: 'no',
    retryable: true,
  })
  now += 5_000
  const later = put()
  expect(later.kind === 'refused' ? later.response.status : 0).toBe(401)
})
