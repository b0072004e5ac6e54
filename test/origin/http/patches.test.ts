// PATCH over HTTP, here and through the peer.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pathIn } from './keys.ts'
import { type Pair, startPair } from './pair.ts'

const BASE = 27940
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
let pair: Pair
beforeAll(async () => {
  pair = await startPair(BASE)
})
afterAll(async () => {
  for (const origin of [pair.a, pair.b]) expect(origin.errors).toEqual([])
  await pair.stop()
})

type Headers = Record<string, string>
const call = (method: string, path: string, headers: Headers = {}, body: string | null = null, url = pair.a.url) =>
  fetch(url + path, { method, headers, body })
const put = (path: string, body: string, type = 'application/json') => call('PUT', path, { 'Content-Type': type }, body)
const patch = (path: string, body: unknown, type = MERGE, headers: Headers = {}, url = pair.a.url) =>
  call('PATCH', path, { 'Content-Type': type, ...headers }, JSON.stringify(body), url)
const textOf = async (path: string): Promise<string> => (await call('GET', path)).text()
const nameOf = async (response: Response): Promise<string> => {
  const { type, committed } = (await response.json()) as { type: string; committed: string }
  expect(committed).toBe('no')
  return type.replace('https://tandem.dev/problems/', '')
}

describe.each(['s0', 's1'] as const)('PATCH of a document on %s', shard => {
  const pathOf = (n: number): string => pathIn(shard, n)

  it('merges, keeps the type, and answers as PUT does', async () => {
    await put(pathOf(1), '{"a":1,"b":{"c":2}}', 'application/vnd.note+json')
    const done = await patch(pathOf(1), { a: null, b: { d: 3 } })
    expect([done.status, await done.text(), done.headers.get('tandem-durability')]).toEqual([200, '', 'mirrored'])
    const read = await call('GET', pathOf(1))
    expect(await read.text()).toBe('{"b":{"c":2,"d":3}}')
    expect(read.headers.get('etag')).toBe(done.headers.get('etag'))
    expect(read.headers.get('content-type')).toBe('application/vnd.note+json')
  })

  it('applies a JSON patch as a whole or not at all', async () => {
    await put(pathOf(2), '{"n":1}')
    const half = [
      { op: 'replace', path: '/n', value: 2 },
      { op: 'test', path: '/n', value: 1 },
    ]
    const failed = await patch(pathOf(2), half, JSON_PATCH)
    expect([failed.status, await nameOf(failed)]).toEqual([409, 'patch-test-failed'])
    const misfit = await patch(pathOf(2), [{ op: 'remove', path: '/x' }], JSON_PATCH)
    expect([misfit.status, await nameOf(misfit)]).toEqual([409, 'patch-inapplicable'])
    expect(await textOf(pathOf(2))).toBe('{"n":1}')
    expect((await patch(pathOf(2), half.slice(0, 1), `${JSON_PATCH}; charset=utf-8`)).status).toBe(200)
    expect(await textOf(pathOf(2))).toBe('{"n":2}')
  })

  it('honours conditions, and says what is there', async () => {
    const etag = (await put(pathOf(3), '{"n":1}')).headers.get('etag') ?? ''
    expect((await patch(pathOf(3), { n: 2 }, MERGE, { 'If-Match': etag })).status).toBe(200)
    const stale = await patch(pathOf(3), { n: 3 }, MERGE, { 'If-Match': etag })
    expect(stale.status).toBe(412)
    expect(stale.headers.get('etag')).not.toBe(etag)
    expect((await patch(pathOf(3), { n: 3 }, MERGE, { 'If-None-Match': '*' })).status).toBe(412)
    expect((await patch(pathOf(3), { n: 3 }, MERGE, { 'If-Match': `W/${stale.headers.get('etag')}` })).status).toBe(412)
    expect(await textOf(pathOf(3))).toBe('{"n":2}')
  })

  it('of nothing is 404, with conditions too', async () => {
    for (const headers of [undefined, { 'If-Match': '*' }]) {
      const none = await patch(pathOf(4), { n: 1 }, MERGE, headers)
      expect([none.status, await nameOf(none)]).toEqual([404, 'not-found'])
    }
  })

  it('of what is no JSON is 409', async () => {
    await put(pathOf(5), '{"n":1}', 'text/plain')
    const typed = await patch(pathOf(5), { n: 2 })
    expect([typed.status, await nameOf(typed)]).toEqual([409, 'not-json'])
    await put(pathOf(5), '{n:1}')
    const damaged = await patch(pathOf(5), { n: 2 })
    expect([damaged.status, await nameOf(damaged)]).toEqual([409, 'not-json'])
  })

  it('in another format is 415, and tells which ones there are', async () => {
    await put(pathOf(6), '{}')
    for (const type of ['application/json', 'text/plain', 'application/merge-patch', '']) {
      const refused = await patch(pathOf(6), { n: 2 }, type)
      expect([refused.status, refused.headers.get('accept-patch')]).toEqual([415, `${MERGE}, ${JSON_PATCH}`])
      expect(await nameOf(refused)).toBe('unsupported-media-type')
    }
  })

  it('that is malformed is 400', async () => {
    await put(pathOf(7), '{}')
    const texts = [
      await patch(pathOf(7), { op: 'add' }, JSON_PATCH),
      await call('PATCH', pathOf(7), { 'Content-Type': MERGE }, '{'),
    ]
    for (const refused of texts) expect([refused.status, await nameOf(refused)]).toEqual([400, 'malformed-patch'])
  })

  it('that would make the document too long is 422', async () => {
    await put(pathOf(8), JSON.stringify({ text: 'x'.repeat(600_000) }))
    const refused = await patch(pathOf(8), [{ op: 'copy', from: '/text', path: '/more' }], JSON_PATCH)
    expect([refused.status, await nameOf(refused)]).toEqual([422, 'result-too-large'])
  })

  it('under a key takes effect once', async () => {
    await put(pathOf(9), '{"list":[]}')
    const key = { 'Idempotency-Key': 'append' }
    const append = [{ op: 'add', path: '/list/-', value: 1 }]
    const first = await patch(pathOf(9), append, JSON_PATCH, key)
    const again = await patch(pathOf(9), append, JSON_PATCH, key, pair.b.url)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
    expect(await textOf(pathOf(9))).toBe('{"list":[1]}')
    // the same bytes in another format are another request
    expect((await patch(pathOf(9), append, MERGE, key)).status).toBe(422)
    const target = encodeURIComponent(pathOf(9))
    const told = await call('GET', `/v1/_ops/append?method=PATCH&target=${target}`)
    expect(await told.json()).toMatchObject({ status: 200, etag: first.headers.get('etag') })
  })

  it('is not lost to another: every one of many increments counts, by ETag and by test', async () => {
    await put(pathOf(10), '{"n":0}')
    const byEtag = async (url: string): Promise<void> => {
      for (;;) {
        const read = await call('GET', pathOf(10), {}, null, url)
        const { n } = (await read.json()) as { n: number }
        const done = await patch(pathOf(10), { n: n + 1 }, MERGE, { 'If-Match': read.headers.get('etag') ?? '' }, url)
        if (done.status === 200) return
        expect(done.status).toBe(412)
      }
    }
    const byTest = async (url: string): Promise<void> => {
      for (;;) {
        const { n } = (await (await call('GET', pathOf(10), {}, null, url)).json()) as { n: number }
        const increment = [
          { op: 'test', path: '/n', value: n },
          { op: 'replace', path: '/n', value: n + 1 },
        ]
        const done = await patch(pathOf(10), increment, JSON_PATCH, {}, url)
        if (done.status === 200) return
        expect([done.status, await nameOf(done)]).toEqual([409, 'patch-test-failed'])
      }
    }
    const urls = [pair.a.url, pair.b.url]
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 4 < 2 ? byEtag : byTest)(urls[n % 2] ?? '')))
    expect(await textOf(pathOf(10))).toBe('{"n":20}')
  })
})
