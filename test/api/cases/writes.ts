// Cases about writes that take effect once, and about how requests are framed.
import { expect } from 'vitest'
import type { Talk } from '../talk.ts'

export const WRITES: Readonly<Record<string, (talk: Talk) => Promise<void>>> = {
  'an Idempotency-Key: repeated, used for something else, asked about': async ({ ask, collection, token }) => {
    const key = { 'Idempotency-Key': 'k-1' }
    const first = await ask('PUT', '/v1/:c/x', { body: 'one', headers: key })
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, undefined])
    const again = await ask('PUT', '/v1/:c/x', { body: 'one', headers: key })
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    const spelled = { ...key, Authorization: `bEARER  ${token}` }
    const same = await ask('PUT', '/v1/:c/x', { body: 'one', headers: spelled, token: null })
    expect(same.headers.get('idempotency-replayed')).toBe('true')
    expect((await ask('PUT', '/v1/:c/x', { body: 'two', headers: key })).status).toBe(422)
    const other = await ask('PUT', '/v1/:c/x', { body: 'one', headers: { ...key, 'Content-Type': 'text/plain' } })
    expect(other.status).toBe(422)
    const about = `/v1/_ops/k-1?method=PUT&target=${encodeURIComponent(`/v1/${collection}/x`)}`
    const outcome = await ask('GET', about.replace(collection, ':c'))
    expect([outcome.status, JSON.parse(outcome.body)]).toMatchObject([200, { status: 201 }])
    expect((await ask('HEAD', about.replace(collection, ':c'))).status).toBe(200)
    expect((await ask('GET', about.replace(collection, ':c').replace('k-1', 'k-2'))).status).toBe(404)
    const gone = await ask('DELETE', '/v1/:c/x', { headers: key })
    expect(gone.status).toBe(204)
    expect((await ask('DELETE', '/v1/:c/x', { headers: key })).status).toBe(204)
    const otherwise = await ask('DELETE', '/v1/:c/x', { headers: { ...key, 'If-Match': '*' } })
    expect(otherwise.status).toBe(422)
  },

  'what is no Idempotency-Key': async ({ ask }) => {
    for (const value of ['', ' ', 'a b', 'ü', 'x'.repeat(256)]) {
      for (const method of ['PUT', 'DELETE']) {
        const answer = await ask(method, '/v1/:c/x', { headers: { 'Idempotency-Key': value } })
        expect([method, value, answer.status]).toEqual([method, value, 400])
      }
    }
    const twice = await ask('PUT', '/v1/:c/x', { body: 'x', headers: ['Idempotency-Key', 'a', 'Idempotency-Key', 'b'] })
    expect(twice.status).toBe(400)
    for (const target of [
      '/v1/_ops/k',
      '/v1/_ops/k?method=GET&target=%2Fv1%2Fc%2Fx',
      '/v1/_ops/k?method=PUT&target=x',
    ]) {
      for (const method of ['GET', 'HEAD']) expect((await ask(method, target)).status).toBe(400)
    }
    expect((await ask('HEAD', '/v1/_ops/unused?method=PUT&target=%2Fv1%2Fc%2Fx')).status).toBe(404)
    expect((await ask('GET', '/v1/_ops/%20?method=PUT&target=%2Fv1%2Fc%2Fx')).status).toBe(400)
    expect((await ask('POST', '/v1/_ops/k?method=PUT&target=%2Fv1%2Fc%2Fx')).status).toBe(405)
  },

  'Expect: 100-continue': async ({ ask }) => {
    const taken = await ask('PUT', '/v1/:c/x', { body: 'awaited', headers: { Expect: '100-continue' } })
    expect([taken.status, taken.continued]).toEqual([201, true])
    expect((await ask('GET', '/v1/:c/x')).body).toBe('awaited')
  },

  'headers twice, and too much of them': async ({ ask }) => {
    const traces = ['traceparent', 'x', 'traceparent', 'y']
    expect((await ask('GET', '/v1/:c/x', { headers: traces })).status).toBe(404)
    const large = await ask('PUT', '/v1/:c/x', { body: 'x', headers: { 'Content-Type': 'x'.repeat(300) } })
    expect(large.status).toBe(400)
    const strange = await ask('PUT', '/v1/:c/x', { body: 'x', headers: { Prefer: ';;,=,"', Accept: ',,' } })
    expect(strange.status).toBe(201)
  },

  'tokens: none, a wrong one, one that opens too little': async ({ ask }) => {
    for (const target of ['/v1/:c/x', '/v1/:c', '/v1/_changes', '/v1/_ops/k?method=PUT&target=%2Fv1%2Fc%2Fx']) {
      const none = await ask('GET', target, { token: null })
      expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="tandem"'])
      const wrong = await ask('GET', target, { token: 'wrong' })
      expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    expect((await ask('PUT', '/v1/:c/x', { body: 'x', token: 'reads' })).status).toBe(403)
    expect((await ask('GET', '/v1/:c/x', { token: 'reads' })).status).toBe(404)
    expect((await ask('GET', '/v1/:c/x', { token: 'elsewhere' })).status).toBe(403)
    expect((await ask('GET', '/v1/:c', { token: 'elsewhere' })).status).toBe(403)
    expect((await ask('GET', '/v1/_changes', { token: 'elsewhere' })).status).toBe(403)
    expect((await ask('GET', '/v1/_changes?collection=elsewhere', { token: 'elsewhere' })).status).toBe(200)
  },

  'open to all: what monitors and readers need': async ({ ask }) => {
    for (const target of ['/livez', '/readyz', '/docs', '/openapi.json']) {
      const get = await ask('GET', target, { token: null })
      const head = await ask('HEAD', target, { token: null })
      expect([target, get.status, head.status, head.body]).toEqual([target, 200, 200, ''])
    }
  },
}
