// Cases about PATCH, POST, transactions, expiry and what a write may prefer.
import { expect } from 'vitest'
import type { Talk } from '../talk.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }
const MERGE = { 'Content-Type': 'application/merge-patch+json' }
const OPS = { 'Content-Type': 'application/json-patch+json' }
const problem = (name: string): RegExp => new RegExp(`"type":"https://tandem.dev/problems/${name}"`)
const put = (key: string, value: unknown) => ({ op: 'put', key, value })

export const PATCHES: Readonly<Record<string, (talk: Talk) => Promise<void>>> = {
  'a merge patch': async ({ ask }) => {
    await ask('PUT', '/v1/:c/x', { body: '{"a":1,"b":{"c":2},"n":1.10}', headers: JSON_TYPE })
    const patched = await ask('PATCH', '/v1/:c/x', { body: '{"a":null,"b":{"d":[3]}}', headers: MERGE })
    expect([patched.status, patched.body]).toEqual([200, ''])
    const read = await ask('GET', '/v1/:c/x')
    expect([read.body, read.headers.get('content-type')]).toEqual([
      '{"b":{"c":2,"d":[3]},"n":1.10}',
      'application/json',
    ])
    expect(read.headers.get('etag')).toBe(patched.headers.get('etag'))
    expect((await ask('PATCH', '/v1/:c/x', { body: '[1]', headers: MERGE })).status).toBe(200)
    expect((await ask('GET', '/v1/:c/x')).body).toBe('[1]')
  },

  'a JSON patch: all of it or nothing': async ({ ask }) => {
    await ask('PUT', '/v1/:c/x', { body: '{"a":[1,2]}', headers: { 'Content-Type': 'application/problem+json' } })
    const ops = [
      { op: 'test', path: '/a/0', value: 1 },
      { op: 'add', path: '/a/-', value: 3 },
      { op: 'move', from: '/a/0', path: '/b' },
      { op: 'copy', from: '/b', path: '/c~1d' },
      { op: 'replace', path: '/b', value: { e: null } },
      { op: 'remove', path: '/a/1' },
    ]
    expect((await ask('PATCH', '/v1/:c/x', { body: JSON.stringify(ops), headers: OPS })).status).toBe(200)
    expect(JSON.parse((await ask('GET', '/v1/:c/x')).body)).toEqual({ a: [2], b: { e: null }, 'c/d': 1 })
    const failing = [...ops.slice(1, 2), { op: 'test', path: '/b', value: 0 }]
    const failed = await ask('PATCH', '/v1/:c/x', { body: JSON.stringify(failing), headers: OPS })
    expect([failed.status, failed.body]).toEqual([409, expect.stringMatching(problem('patch-test-failed'))])
    const lacking = await ask('PATCH', '/v1/:c/x', { body: '[{"op":"remove","path":"/zz"}]', headers: OPS })
    expect([lacking.status, lacking.body]).toEqual([409, expect.stringMatching(problem('patch-inapplicable'))])
    expect(JSON.parse((await ask('GET', '/v1/:c/x')).body)).toMatchObject({ a: [2] })
  },

  'what cannot be patched': async ({ ask }) => {
    const missing = await ask('PATCH', '/v1/:c/x', { body: '{}', headers: MERGE })
    expect(missing.status).toBe(404)
    await ask('PUT', '/v1/:c/x', { body: 'text', headers: { 'Content-Type': 'text/plain' } })
    const text = await ask('PATCH', '/v1/:c/x', { body: '{}', headers: MERGE })
    expect([text.status, text.body]).toEqual([409, expect.stringMatching(problem('not-json'))])
    await ask('PUT', '/v1/:c/x', { body: '{', headers: JSON_TYPE })
    expect((await ask('PATCH', '/v1/:c/x', { body: '{}', headers: MERGE })).body).toMatch(problem('not-json'))
    await ask('PUT', '/v1/:c/x', { body: '{}', headers: JSON_TYPE })
    for (const type of ['application/json', 'text/plain', '', 'application/merge-patch']) {
      const other = await ask('PATCH', '/v1/:c/x', { body: '{}', headers: { 'Content-Type': type } })
      expect([type, other.status]).toEqual([type, 415])
      expect(other.headers.get('accept-patch')).toBe('application/merge-patch+json, application/json-patch+json')
    }
    for (const body of [
      '',
      '{',
      '\u00ff',
      '[{"op":"add"}]',
      '{}',
      '[{"op":"x","path":""}]',
      '[{"op":"test","path":"a"}]',
    ]) {
      const bytes = Buffer.from(body, 'latin1')
      const malformed = await ask('PATCH', '/v1/:c/x', { body: bytes, headers: OPS })
      expect([body, malformed.status]).toEqual([body, 400])
    }
    const grown = await ask('PATCH', '/v1/:c/x', {
      body: JSON.stringify({ a: 'x'.repeat(1024 * 1024 - 20) }),
      headers: MERGE,
    })
    expect(grown.status).toBe(200)
    const beyond = await ask('PATCH', '/v1/:c/x', { body: JSON.stringify({ b: 'x'.repeat(100) }), headers: MERGE })
    expect([beyond.status, beyond.body]).toEqual([422, expect.stringMatching(problem('result-too-large'))])
    const long = await ask('PATCH', '/v1/:c/x', { body: new Uint8Array(1024 * 1024 + 1), headers: MERGE })
    expect(long.status).toBe(413)
  },

  'a patch takes effect once': async ({ ask }) => {
    await ask('PUT', '/v1/:c/x', { body: '{"n":[]}', headers: JSON_TYPE })
    const once = { ...OPS, 'Idempotency-Key': 'p-1' }
    const body = '[{"op":"add","path":"/n/-","value":1}]'
    const first = await ask('PATCH', '/v1/:c/x', { body, headers: once })
    const again = await ask('PATCH', '/v1/:c/x', { body, headers: once })
    expect([again.status, again.headers.get('etag')]).toEqual([200, first.headers.get('etag')])
    expect((await ask('GET', '/v1/:c/x')).body).toBe('{"n":[1]}')
    expect((await ask('PATCH', '/v1/:c/x', { body: '[]', headers: once })).status).toBe(422)
    expect((await ask('GET', '/v1/_ops/p-1?method=PATCH&target=%2Fv1%2F:c%2Fx')).status).toBe(200)
  },

  'POST: an id of the service’s own': async ({ ask }) => {
    const created = await ask('POST', '/v1/:c', { body: 'x', headers: { 'Content-Type': 'text/plain' } })
    expect(created.status).toBe(201)
    const location = created.headers.get('location') ?? ''
    expect(location).toMatch(/^\/v1\/[a-z0-9-]+\/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const read = await ask('GET', location)
    expect([read.body, read.headers.get('etag')]).toEqual(['x', created.headers.get('etag')])
    const chunked = await ask('POST', '/v1/:c', { body: 'y', chunked: true })
    expect(chunked.status).toBe(201)
    expect((await ask('POST', '/v1/:c')).status).toBe(201)
    expect((await ask('POST', '/v1/:c/x', { body: 'x' })).status).toBe(405)
    expect((await ask('POST', '/v1/:c', { body: new Uint8Array(1024 * 1024 + 1) })).status).toBe(413)
  },

  'POST with a key: one document, however often': async ({ ask }) => {
    const headers = { 'Idempotency-Key': 'post-1', ...JSON_TYPE }
    const first = await ask('POST', '/v1/:c', { body: '{}', headers })
    const again = await ask('POST', '/v1/:c', { body: '{}', headers })
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await ask('POST', '/v1/:c', { body: '[]', headers })).status).toBe(422)
    const outcome = await ask('GET', '/v1/_ops/post-1?method=POST&target=%2Fv1%2F:c')
    expect(JSON.parse(outcome.body)).toMatchObject({ status: 201, location: first.headers.get('location') })
    expect((await ask('POST', '/v1/:c', { body: '{}', headers: { 'Idempotency-Key': 'a b' } })).status).toBe(400)
  },

  'a transaction: all or none': async ({ ask, collection }) => {
    const tx = (ops: readonly unknown[], headers: Record<string, string> = {}) =>
      ask('POST', '/v1/_tx', { body: JSON.stringify({ ops }), headers: { ...JSON_TYPE, ...headers } })
    const done = await tx([put(':c/{t}1', { n: 1 }), put(':c/{t}2', [2]), { op: 'check', key: ':c/{t}3', etag: null }])
    expect(done.status).toBe(200)
    const { results } = JSON.parse(done.body) as { results: { key: string; etag: string | null }[] }
    expect(results.map(({ key }) => key)).toEqual([`${collection}/{t}1`, `${collection}/{t}2`, `${collection}/{t}3`])
    expect(results[2]?.etag).toBeNull()
    const one = await ask('GET', '/v1/:c/%7Bt%7D1')
    expect([one.body, one.headers.get('etag')]).toEqual(['{"n":1}', results[0]?.etag])
    const mixed = await tx([
      { op: 'patch', key: ':c/{t}1', patch: { m: 2 }, etag: results[0]?.etag },
      { op: 'delete', key: ':c/{t}2' },
      { op: 'check', key: ':c/{t}1', etag: results[0]?.etag },
    ])
    expect([200, 412]).toContain(mixed.status)
    const refused = await tx([put(':c/{t}4', 4), { op: 'check', key: ':c/{t}1', etag: '"0.0.0"' }])
    expect([refused.status, refused.body]).toEqual([412, expect.stringMatching(problem('precondition-failed'))])
    expect((await ask('GET', '/v1/:c/%7Bt%7D4')).status).toBe(404)
    expect((await tx([put(':c/{t}5', 5), { op: 'delete', key: ':c/{t}9' }])).status).toBe(404)
    await ask('PUT', '/v1/:c/%7Bt%7D6', { body: 'text' })
    expect((await tx([{ op: 'patch', key: ':c/{t}6', patch: {} }])).status).toBe(409)
    const key = { 'Idempotency-Key': 'tx-:c' }
    const first = await tx([put(':c/{t}7', 7)], key)
    const again = await tx([put(':c/{t}7', 7)], key)
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true'])
    expect((await tx([put(':c/{t}7', 8)], key)).status).toBe(422)
    expect((await ask('GET', '/v1/_ops/tx-:c?method=POST&target=%2Fv1%2F_tx')).status).toBe(200)
  },

  'what is no transaction': async ({ ask }) => {
    const tx = async (body: unknown, headers: Record<string, string> = JSON_TYPE): Promise<number> =>
      (await ask('POST', '/v1/_tx', { body: typeof body === 'string' ? body : JSON.stringify(body), headers })).status
    const op = put(':c/x', 1)
    for (const body of [
      '',
      '{',
      '[]',
      {},
      { ops: [] },
      { ops: [1] },
      { ops: [op], more: 1 },
      { ops: Array(101).fill(op) },
    ])
      expect(await tx(body)).toBe(400)
    for (const wrong of [
      { op: 'put', key: ':c/x' },
      { ...op, op: 'x' },
      { ...op, etag: 1 },
      { ...op, more: 1 },
    ])
      expect(await tx({ ops: [wrong] })).toBe(400)
    for (const key of ['x', '/x', ':c/', ':c/_x', ':c/..', 'a_b/x', ':c/\ud800', `:c/${'x'.repeat(513)}`])
      expect([key, await tx({ ops: [put(key, 1)] })]).toEqual([key, 400])
    expect(await tx({ ops: [put(':c/x', 1), put(':c/y', 1)] })).toBe(409)
    expect(await tx({ ops: [put(':c/{a}', 1), put(':c/{b}', 1)] })).toBe(409)
    expect(await tx({ ops: [op] }, { 'Content-Type': 'text/plain' })).toBe(415)
    expect(await tx({ ops: [put(':c/x', 'x'.repeat(1024 * 1024))] })).toBe(413)
    expect((await ask('GET', '/v1/_tx')).status).toBe(405)
    expect((await ask('GET', '/v1/:c/x')).status).toBe(404)
  },

  'a transaction of collections that the token does not open': async ({ ask }) => {
    const ops = [put('elsewhere/{t}1', 1), put(':c/{t}1', 1)]
    const body = JSON.stringify({ ops })
    expect((await ask('POST', '/v1/_tx', { body, headers: JSON_TYPE, token: 'elsewhere' })).status).toBe(403)
    expect((await ask('POST', '/v1/_tx', { body, headers: JSON_TYPE, token: 'reads' })).status).toBe(403)
    expect((await ask('GET', '/v1/:c/%7Bt%7D1')).status).toBe(404)
  },

  'a document that expires': async ({ ask }) => {
    const put = await ask('PUT', '/v1/:c/x?ttl=1000', { body: '{}', headers: JSON_TYPE })
    expect(put.status).toBe(201)
    const expires = async (): Promise<string | undefined> => (await ask('GET', '/v1/:c/x')).headers.get('expires')
    const first = Date.parse((await expires()) ?? '')
    expect(first).toBeGreaterThan(Date.now() + 900_000)
    expect(first).toBeLessThan(Date.now() + 1_001_000)
    await ask('PATCH', '/v1/:c/x', { body: '{"a":1}', headers: MERGE })
    expect(Date.parse((await expires()) ?? '')).toBe(first)
    expect((await ask('HEAD', '/v1/:c/x')).headers.has('expires')).toBe(true)
    await ask('PUT', '/v1/:c/x', { body: '{}' })
    expect(await expires()).toBeUndefined()
    expect((await ask('POST', '/v1/:c?ttl=1', { body: 'x' })).status).toBe(201)
    for (const ttl of ['0', '-1', '1.5', 'x', '', '315360001', '1&ttl=2']) {
      const wrong = await ask('PUT', `/v1/:c/x?ttl=${ttl}`, { body: 'x' })
      expect([ttl, wrong.status]).toEqual([ttl, 400])
    }
  },
}
