import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idIn, pathIn } from './keys.ts'
import { type Origin, type Rows, startOrigin } from './pair.ts'
import { endless, exchange, one } from './rawclient.ts'

// Both shards are served by one origin here: what documents do over HTTP, without any forwarding.
const PORT = 19110
const LIMIT = 100_000
const rows: Rows = new Map()
let origin: Origin
beforeAll(async () => {
  const ports = { publicPort: PORT, privatePort: PORT + 1, peerPrivatePort: PORT + 2 }
  origin = await startOrigin({ name: 'a', rows, ...ports, bodyBytesMax: LIMIT })
  origin.whereabouts.set(null, ['s0', 's1'])
})
afterAll(() => origin.stop())

const put = (
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(origin.url + path, { method: 'PUT', body, headers })
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(origin.url + path, { headers })
const del = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(origin.url + path, { method: 'DELETE', headers })

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const body: unknown = await response.json()
  if (typeof body !== 'object' || body === null) throw new Error('no object')
  expect(body).toMatchObject({ status: response.status, title: expect.any(String), instance: expect.any(String) })
  return { ...body }
}

describe('the life of a document', () => {
  it('is created, replaced, read, deleted', async () => {
    const created = await put('/v1/c/life', 'one', { 'Content-Type': 'text/html; charset=utf-8' })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toBe('/v1/c/life')
    expect(created.headers.get('tandem-durability')).toBe('mirrored')
    expect(created.headers.get('tandem-origin')).toBe('a')
    const first = created.headers.get('etag')
    expect(first).toMatch(/^"\d+\.\d+\.\d+"$/)

    const replaced = await put('/v1/c/life', 'two!', { 'Content-Type': 'text/plain' })
    expect(replaced.status).toBe(200)
    expect(replaced.headers.get('location')).toBeNull()
    expect(replaced.headers.get('etag')).not.toBe(first)

    const read = await get('/v1/c/life')
    expect(read.status).toBe(200)
    expect(read.headers.get('content-type')).toBe('text/plain')
    expect(read.headers.get('content-length')).toBe('4')
    expect(read.headers.get('etag')).toBe(replaced.headers.get('etag'))
    expect(Date.parse(read.headers.get('last-modified') ?? '')).toBeGreaterThan(Date.now() - 60_000)
    expect(read.headers.get('proxy-status')).toBeNull()
    expect(await read.text()).toBe('two!')

    const head = await fetch(`${origin.url}/v1/c/life`, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe('4')
    expect(head.headers.get('etag')).toBe(read.headers.get('etag'))
    expect(await head.text()).toBe('')

    const gone = await del('/v1/c/life')
    expect(gone.status).toBe(204)
    expect(gone.headers.get('tandem-durability')).toBe('mirrored')
    expect((await get('/v1/c/life')).status).toBe(404)
    const again = await del('/v1/c/life')
    expect(again.status).toBe(404)
    expect(await problemOf(again)).toMatchObject({
      type: 'https://tandem.dev/problems/not-found',
      instance: '/v1/c/life',
      committed: 'no',
      retryable: false,
    })
  })

  it('keeps bytes as they are, none too', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) % 256)
    await put('/v1/c/bytes', bytes)
    const read = await get('/v1/c/bytes')
    expect(read.headers.get('content-type')).toBe('application/octet-stream')
    expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes)
    await put('/v1/c/bytes', '')
    expect((await get('/v1/c/bytes')).headers.get('content-length')).toBe('0')
    const bare = await exchange(PORT, 'PUT /v1/c/bare HTTP/1.1\r\nHost: h\r\n\r\n', one)
    expect(bare.statuses).toEqual([201])
  })

  it('is one document under all of its spellings', async () => {
    await put('/v1/c/%41%2Fb', 'x')
    expect(await (await get('/v1/c/A/b')).text()).toBe('x')
    expect([...rows.keys()]).toContain('c/A/b')
    const odd = await put(`/v1/c/${encodeURIComponent('../ü/🔑')}`, 'y')
    const location = odd.headers.get('location')
    expect(location).toBe(`/v1/c/${encodeURIComponent('../ü/🔑')}`)
    expect(await (await get(location ?? '')).text()).toBe('y')
  })
})

describe('conditions', () => {
  const path = '/v1/c/cond'

  it('guard writes', async () => {
    await del(path)
    expect((await put(path, 'x', { 'If-Match': '*' })).status).toBe(412)
    expect((await put(path, 'x', { 'If-None-Match': '*' })).status).toBe(201)
    const clash = await put(path, 'x', { 'If-None-Match': '*' })
    expect(clash.status).toBe(412)
    expect(await problemOf(clash)).toMatchObject({
      type: 'https://tandem.dev/problems/precondition-failed',
      committed: 'no',
    })
    const etag = clash.headers.get('etag') ?? ''
    expect((await put(path, 'x', { 'If-Match': `W/${etag}` })).status).toBe(412)
    expect((await put(path, 'x', { 'If-None-Match': `"no", ${etag}` })).status).toBe(412)
    const next = await put(path, 'x', { 'If-Match': `"no", ${etag}` })
    expect(next.status).toBe(200)
    expect((await del(path, { 'If-Match': etag })).status).toBe(412)
    expect((await del(path, { 'If-Match': next.headers.get('etag') ?? '' })).status).toBe(204)
    expect((await del(path, { 'If-Match': '*' })).status).toBe(404)
  })

  it('spare reads', async () => {
    const etag = (await put(path, 'x')).headers.get('etag') ?? ''
    for (const method of ['GET', 'HEAD']) {
      const ask = (headers: Record<string, string>): Promise<Response> => fetch(origin.url + path, { method, headers })
      const same = await ask({ 'If-None-Match': `W/${etag}` })
      expect(same.status).toBe(304)
      expect(same.headers.get('etag')).toBe(etag)
      expect(await same.text()).toBe('')
      expect((await ask({ 'If-None-Match': '*' })).status).toBe(304)
      expect((await ask({ 'If-None-Match': '"no"' })).status).toBe(200)
      expect((await ask({ 'If-Match': etag })).status).toBe(200)
      expect((await ask({ 'If-Match': '"no"' })).status).toBe(412)
      expect((await ask({ 'If-Match': 'garbage' })).status).toBe(400)
    }
    expect((await get('/v1/c/nowhere', { 'If-Match': '*' })).status).toBe(404)
    expect((await get('/v1/c/nowhere', { 'If-None-Match': '*' })).status).toBe(404)
  })

  it('refuse a date where a write would need more', async () => {
    expect((await put(path, 'x', { 'If-Unmodified-Since': new Date().toUTCString() })).status).toBe(400)
  })
})

describe('what is refused', () => {
  it.each([
    '/v1/c/',
    '/v1/c/_x',
    '/v1/a.b/x',
    '/v1/c/%FF',
    '/v1/c/%',
    `/v1/c/${'x'.repeat(513)}`,
  ])('%s: 400', async path => {
    const response = await put(path, 'x')
    expect(response.status).toBe(400)
    expect(response.headers.get('tandem-origin')).toBe('a')
    expect(await problemOf(response)).toMatchObject({ committed: 'no', retryable: false })
  })

  it.each([
    '/v1/c/../x',
    '/v1/c/%2e%2e/x',
    '/v1/c/%2E%2E/%2e%2e/_tandem/status',
    '/v1/../_tandem/status',
    '/v1/c/..\\x',
    '/v1/c/x#y',
  ])('raw %s: 400, whatever the Host', async path => {
    for (const host of ['h', 'LOCALHOST:80', '127.0.0.1:8001', 'bücher']) {
      const answer = await exchange(PORT, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, one)
      expect(answer.statuses).toEqual([400])
      expect(answer.text).not.toContain('control')
    }
  })

  it('methods and places that are not there', async () => {
    const post = await fetch(`${origin.url}/v1/c/x`, { method: 'POST', body: 'x' })
    expect(post.status).toBe(405)
    expect(post.headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE')
    await problemOf(post)
    const options = await fetch(`${origin.url}/v1/c/x`, { method: 'OPTIONS' })
    expect(options.status).toBe(405)
    for (const [path, allow] of [
      ['/v1/c', 'GET, HEAD, POST'],
      ['/v1/_changes', 'GET, HEAD'],
    ]) {
      const odd = await fetch(origin.url + path, { method: 'DELETE' })
      expect([odd.status, odd.headers.get('allow')]).toEqual([405, allow])
    }
    // parts of pages are between routers
    for (const path of ['/v1/_shards/s0/c', '/v1/_shards/s0/_changes', '/v1/_changes/x', '/v1/%5Fchanges'])
      expect((await get(path)).status, path).toBe(404)
    const read = await get('/v1/_tx')
    expect([read.status, read.headers.get('allow')]).toEqual([405, 'POST'])
    for (const path of [
      '/',
      '/v1',
      '/v1/',
      '/v1/_shards/s0/_ops/k?method=PUT&target=%2Fv1%2Fc%2Fx',
      '/v2/c/x',
      '/_tandem/status',
      '/metrics',
      '/dashboard',
    ]) {
      expect((await get(path)).status, path).toBe(404)
    }
  })

  it('bodies beyond the limit, unread', async () => {
    const declared = await exchange(
      PORT,
      `PUT /v1/c/big HTTP/1.1\r\nHost: h\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`,
      one,
    )
    expect(declared.statuses).toEqual([413])
    expect(declared.text).toContain('"committed":"no"')
    const waiting = await exchange(
      PORT,
      `PUT /v1/c/big HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`,
      one,
    )
    expect(waiting.statuses).toEqual([413])
    const exact = await put('/v1/c/big', new Uint8Array(LIMIT))
    expect(exact.status).toBe(201)
    expect(rows.get('c/big')?.body.length).toBe(LIMIT)
  })

  it('chunked bodies beyond the limit, after that much', async () => {
    let pulled = 0
    const body = endless(bytes => {
      pulled += bytes
    })
    const response = await fetch(`${origin.url}/v1/c/endless`, { method: 'PUT', body, duplex: 'half' })
    expect(response.status).toBe(413)
    expect(pulled).toBeLessThan(40_000_000)
    expect(rows.has('c/endless')).toBe(false)
    const small = new Blob(['chun', 'ked']).stream()
    expect((await fetch(`${origin.url}/v1/c/chunked`, { method: 'PUT', body: small, duplex: 'half' })).status).toBe(201)
    expect(await (await get('/v1/c/chunked')).text()).toBe('chunked')
  })

  it('an expectation of 100-continue is met', async () => {
    const answer = await exchange(
      PORT,
      'PUT /v1/c/cont HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx',
      one,
    )
    expect(answer.statuses).toEqual([100, 201])
  })
})

describe('what the gate says', () => {
  it('unknown and unavailable', async () => {
    const path = pathIn('s0')
    origin.documents.refuse = () => ({ kind: 'unknown', why: 'The reign ended.', reign: 1 })
    const unknown = await put(path, 'x')
    expect(unknown.status).toBe(503)
    expect(await problemOf(unknown)).toMatchObject({
      type: 'https://tandem.dev/problems/outcome-unknown',
      committed: 'unknown',
      retryable: false,
    })
    expect(unknown.headers.get('proxy-status')).toMatch(/attempts=\d\d/)
    origin.documents.refuse = () => ({ kind: 'unavailable', why: 'The disk is full.' })
    const unavailable = await put(path, 'x')
    expect(unavailable.status).toBe(503)
    expect(unavailable.headers.get('retry-after')).toBe('1')
    expect(await problemOf(unavailable)).toMatchObject({ committed: 'no', retryable: true })
    origin.documents.refuse = null
    expect(origin.errors).toEqual([])
  })

  it('a fault of our own shows nothing of itself', async () => {
    origin.documents.refuse = () => {
      throw new Error('secret detail at /some/path')
    }
    const response = await put(`/v1/c/${idIn('s1')}`, 'x')
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).not.toMatch(/secret|path\/|\.ts|at /)
    expect(JSON.parse(text)).toMatchObject({ committed: 'unknown' })
    origin.documents.refuse = null
    expect(origin.errors.splice(0)).toHaveLength(1)
  })
})

describe('health', () => {
  it('of the process and of its share', async () => {
    const live = await get('/livez')
    expect(live.status).toBe(200)
    expect(live.headers.get('tandem-origin')).toBe('a')
    expect((await get('/readyz')).status).toBe(200)
    expect((await fetch(`${origin.url}/readyz`, { method: 'HEAD' })).status).toBe(200)
    const post = await fetch(`${origin.url}/livez`, { method: 'POST' })
    expect(post.status).toBe(405)
    expect(post.headers.get('allow')).toBe('GET, HEAD')
  })

  it('and why not', async () => {
    const ports = { publicPort: PORT + 3, privatePort: PORT + 4, peerPrivatePort: PORT + 5 }
    const readiness = (): { ready: false; why: string[] } => ({ ready: false, why: ['Not a member.'] })
    const other = await startOrigin({ name: 'b', rows: new Map(), ...ports, readiness })
    try {
      const response = await fetch(`${other.url}/readyz`)
      expect(response.status).toBe(503)
      expect(await problemOf(response)).toMatchObject({ detail: 'Not a member.', why: ['Not a member.'], ready: false })
    } finally {
      await other.stop()
    }
  })
})
