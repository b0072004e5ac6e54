// Cases about one document: bytes as they are, ids as they are, methods that there are.
import { expect } from 'vitest'
import type { Talk } from '../talk.ts'

const problem = (name: string): RegExp => new RegExp(`"type":"https://tandem.dev/problems/${name}"`)

export const DOCUMENTS: Readonly<Record<string, (talk: Talk) => Promise<void>>> = {
  'write, read, replace, delete': async ({ ask }) => {
    const created = await ask('PUT', '/v1/:c/x', { body: 'one', headers: { 'Content-Type': 'text/plain' } })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toMatch(/^\/v1\/[a-z0-9-]+\/x$/)
    expect(created.headers.get('etag')).toMatch(/^"\d+\.\d+\.\d+"$/)
    expect(created.headers.get('tandem-durability')).toMatch(/^mirrored$|^solo$/)
    const replaced = await ask('PUT', '/v1/:c/x', { body: 'two' })
    expect([replaced.status, replaced.headers.get('location')]).toEqual([200, undefined])
    expect(replaced.headers.get('etag')).not.toBe(created.headers.get('etag'))
    const read = await ask('GET', '/v1/:c/x')
    expect([read.status, read.body, read.headers.get('content-type')]).toEqual([200, 'two', 'application/octet-stream'])
    expect(read.headers.get('etag')).toBe(replaced.headers.get('etag'))
    expect((await ask('DELETE', '/v1/:c/x')).status).toBe(204)
    for (const method of ['GET', 'HEAD', 'DELETE']) expect((await ask(method, '/v1/:c/x')).status).toBe(404)
  },

  'HEAD is GET without its body': async ({ ask }) => {
    await ask('PUT', '/v1/:c/x', { body: '{"a":1}', headers: { 'Content-Type': 'application/json; charset=utf-8' } })
    const headers = (all: ReadonlyMap<string, string>): unknown =>
      [...all]
        .filter(([name]) => !/^(date|connection|keep-alive|server-timing|traceparent|ratelimit)$/.test(name))
        .toSorted()
    for (const target of ['/v1/:c/x', '/v1/:c/y', '/v1/:c/%ff']) {
      const get = await ask('GET', target)
      const head = await ask('HEAD', target)
      expect([head.status, head.body]).toEqual([get.status, ''])
      // whoever has no body to send may leave its length out (RFC 9110 8.6), but not give another one
      const length = head.headers.get('content-length')
      expect(length === undefined || length === get.headers.get('content-length')).toBe(true)
      expect(headers(new Map(head.headers).set('content-length', '').set('transfer-encoding', ''))).toEqual(
        headers(new Map(get.headers).set('content-length', '').set('transfer-encoding', '')),
      )
    }
  },

  'any bytes of any type, none too': async ({ ask }) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await ask('PUT', '/v1/:c/bytes', { body: bytes, headers: { 'Content-Type': 'image/x-noise;a="b, c"' } })
    const read = await ask('GET', '/v1/:c/bytes')
    expect(Buffer.from(read.body, 'latin1')).toEqual(Buffer.from(bytes))
    expect(read.headers.get('content-type')).toBe('image/x-noise;a="b, c"')
    expect((await ask('PUT', '/v1/:c/empty')).status).toBe(201)
    expect((await ask('PUT', '/v1/:c/empty', { body: '' })).status).toBe(200)
    expect((await ask('GET', '/v1/:c/empty')).body).toBe('')
  },

  'up to a mebibyte, and not beyond': async ({ ask }) => {
    const most = new Uint8Array(1024 * 1024).fill(120)
    for (const chunked of [false, true]) {
      expect((await ask('PUT', `/v1/:c/${chunked}`, { body: most, chunked })).status).toBe(201)
      expect((await ask('GET', `/v1/:c/${chunked}`)).body.length).toBe(most.length)
      const beyond = await ask('PUT', `/v1/:c/${chunked}`, { body: new Uint8Array(most.length + 1), chunked })
      expect(beyond.status).toBe(413)
      expect(beyond.body).toMatch(problem('payload-too-large'))
      expect(beyond.body).toContain('"committed":"no"')
    }
  },

  'a body without a length, of which the end is known': async ({ ask }) => {
    expect((await ask('PUT', '/v1/:c/x', { body: 'chunks', chunked: true })).status).toBe(201)
    expect((await ask('GET', '/v1/:c/x')).body).toBe('chunks')
    expect((await ask('PUT', '/v1/:c/x', { body: '', chunked: true })).status).toBe(200)
    expect((await ask('GET', '/v1/:c/x')).body).toBe('')
  },

  'ids: slashes, dots, unicode, what looks like something else': async ({ ask }) => {
    const ids = [
      'a/b/c',
      'a//b',
      'a.b',
      '...',
      '.a',
      'ü',
      '日本',
      '💡',
      'a b',
      'a+b',
      "it's",
      '{t}x',
      'a%b',
      'a?b',
      '#',
      '%41',
    ]
    for (const id of ids) {
      const target = `/v1/:c/${encodeURIComponent(id)}`
      const put = await ask('PUT', target, { body: id })
      expect([id, put.status]).toEqual([id, 201])
      const there = await ask('GET', put.headers.get('location') ?? '')
      expect(Buffer.from(there.body, 'latin1').toString('utf8')).toBe(id)
    }
  },

  'percent-encoding is undone once': async ({ ask }) => {
    await ask('PUT', '/v1/:c/%41', { body: 'A' })
    expect((await ask('GET', '/v1/:c/A')).body).toBe('A')
    await ask('PUT', '/v1/:c/%2541', { body: 'percent' })
    expect((await ask('GET', '/v1/:c/A')).body).toBe('A')
    expect((await ask('GET', '/v1/:c/%2541')).body).toBe('percent')
    await ask('PUT', '/v1/:c/a/b', { body: 'slash' })
    expect((await ask('GET', '/v1/:c/a%2fb')).body).toBe('slash')
    expect((await ask('GET', '/v1/%3ac/A'.replace('%3ac', ':c'))).status).toBe(200)
  },

  'what is no key': async ({ ask }) => {
    const invalid = [
      '/v1/a_b/x',
      `/v1/${'a'.repeat(65)}/x`,
      '/v1/%20/x',
      '/v1/:c/',
      '/v1/:c/%ff',
      '/v1/:c/%',
      '/v1/:c/%zz',
    ]
    const more = [
      '/v1/:c/_x',
      '/v1/:c/%5fx',
      `/v1/:c/${'a'.repeat(513)}`,
      `/v1/:c/${'%C3%BC'.repeat(257)}`,
      '/v1/:c/%ed%a0%80',
    ]
    for (const target of [...invalid, ...more]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await ask(method, target, method === 'PUT' ? { body: 'x' } : {})
        expect([target, answer.status]).toEqual([target, 400])
        expect(answer.body).toMatch(problem('invalid-key'))
      }
    }
    expect((await ask('PUT', `/v1/:c/${'a'.repeat(512)}`, { body: 'x' })).status).toBe(201)
    expect((await ask('PUT', `/v1/:c/${'%C3%BC'.repeat(256)}`, { body: 'x' })).status).toBe(201)
  },

  'methods that there are not': async ({ ask }) => {
    for (const target of [
      '/v1/:c/x',
      '/v1/:c',
      '/v1/_changes',
      '/v1/_tx',
      '/livez',
      '/readyz',
      '/docs',
      '/openapi.json',
    ]) {
      for (const method of ['OPTIONS', 'PROPFIND']) {
        const answer = await ask(method, target)
        expect([target, answer.status]).toEqual([target, 405])
        expect(answer.headers.get('allow')).toMatch(/[A-Z]/)
        expect(answer.body).toMatch(problem('method-not-allowed'))
      }
    }
  },

  'paths that there are not': async ({ ask }) => {
    for (const target of [
      '/',
      '/v1',
      '/v1/',
      '/v2/x/y',
      '/v1/_nothing',
      '/v1/_shards/s0/x',
      '/v1/_txx',
      '/metrics',
      '/docs/x',
    ]) {
      const answer = await ask('GET', target)
      expect([target, answer.status]).toEqual([target, 404])
      expect(answer.body).toMatch(problem('not-found'))
    }
  },
}
