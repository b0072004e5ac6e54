// POST /v1/_tx over HTTP, here and through the peer.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TX_OPS_MAX } from '../../../origin/api/bodies.ts'
import { shardOf } from '../../../router/hash.ts'
import { type Pair, startPair } from './pair.ts'
import { endless } from './rawclient.ts'

const BASE = 27950
let pair: Pair
beforeAll(async () => {
  pair = await startPair(BASE)
})
afterAll(async () => {
  for (const origin of [pair.a, pair.b]) expect(origin.errors).toEqual([])
  await pair.stop()
})

type Headers = Record<string, string>
const tx = (ops: unknown, headers: Headers = {}, url = pair.a.url): Promise<Response> =>
  send(JSON.stringify({ ops }), headers, url)
const send = (body: string, headers: Headers = {}, url = pair.a.url): Promise<Response> =>
  fetch(`${url}/v1/_tx`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } })
const get = (key: string): Promise<Response> =>
  fetch(`${pair.a.url}/v1/${key.replaceAll('{', '%7B').replaceAll('}', '%7D')}`)
const textOf = async (key: string): Promise<string | number> => {
  const response = await get(key)
  return response.status === 200 ? response.text() : response.status
}
type Problem = { readonly type: string; readonly committed: string; readonly detail?: string; readonly op?: number }
const problemOf = async (response: Response): Promise<Problem> => {
  const problem = (await response.json()) as Problem
  expect(problem.committed).toBe('no')
  return { ...problem, type: problem.type.replace('https://tandem.dev/problems/', '') }
}
/** A tag of each shard. */
const tagOf = (shard: string): string => {
  for (let n = 0; ; n++) if (shardOf(`c/{t${n}}`) === shard) return `t${n}`
}

describe.each(['s0', 's1'])('a transaction on %s', shard => {
  const tag = tagOf(shard)
  const key = (name: string): string => `c/{${tag}}${name}`

  it('does all of it, in order, and tells what became of each document', async () => {
    const first = await tx([
      { op: 'put', key: key('from'), value: { balance: 10 } },
      { op: 'put', key: key('to'), value: { balance: 0 } },
      { op: 'check', key: key('none'), etag: null },
    ])
    expect(first.status).toBe(200)
    expect(first.headers.get('tandem-shard')).toBe(shard)
    const { results } = (await first.json()) as { results: { key: string; etag: string | null }[] }
    expect(results.map(each => each.key)).toEqual([key('from'), key('to'), key('none')])
    expect((await get(key('from'))).headers.get('etag')).toBe(results[0]?.etag)
    expect((await get(key('from'))).headers.get('content-type')).toBe('application/json')
    expect(results[2]?.etag).toBe(null)

    const second = await tx(
      [
        { op: 'check', key: key('to'), etag: results[1]?.etag },
        { op: 'patch', key: key('from'), patch: { balance: 7 }, etag: results[0]?.etag },
        { op: 'patch', key: key('to'), patch: { balance: 3 } },
        { op: 'patch', key: key('to'), patch: { seen: true } },
        { op: 'delete', key: key('from') },
        { op: 'put', key: key('from'), value: null, etag: null },
      ],
      {},
      pair.b.url,
    )
    expect(second.status).toBe(200)
    expect([await textOf(key('from')), await textOf(key('to'))]).toEqual(['null', '{"balance":3,"seen":true}'])
    const told = (await second.json()) as { results: { key: string; etag: string | null }[] }
    expect(told.results[0]?.etag).toBe((await get(key('to'))).headers.get('etag'))
  })

  it.each([
    [
      'a condition that does not hold',
      412,
      'precondition-failed',
      { op: 'put', key: key('q'), value: 1, etag: '"9.9.9"' },
    ],
    [
      'a document that should not be there',
      412,
      'precondition-failed',
      { op: 'put', key: key('p'), value: 1, etag: null },
    ],
    ['a check', 412, 'precondition-failed', { op: 'check', key: key('p'), etag: null }],
    ['a document to delete that is not there', 404, 'not-found', { op: 'delete', key: key('q') }],
    ['a document to patch that is not there', 404, 'not-found', { op: 'patch', key: key('q'), patch: {} }],
  ])('does none of it for %s', async (_, status, type, last) => {
    await tx([{ op: 'put', key: key('p'), value: 'before' }])
    const refused = await tx([
      { op: 'put', key: key('p'), value: 'after' },
      { op: 'put', key: key('new'), value: 1 },
      last,
    ])
    expect(refused.status).toBe(status)
    expect(await problemOf(refused)).toMatchObject({ type, op: 2 })
    expect([await textOf(key('p')), await textOf(key('new'))]).toEqual(['"before"', 404])
  })

  it('does none of it where a document is no JSON', async () => {
    const path = `${pair.a.url}/v1/c/%7B${tag}%7Dtext`
    await fetch(path, { method: 'PUT', body: 'words', headers: { 'Content-Type': 'text/plain' } })
    const refused = await tx([{ op: 'patch', key: key('text'), patch: { a: 1 } }])
    expect([refused.status, (await problemOf(refused)).type]).toEqual([409, 'not-json'])
  })

  it('takes effect once under a key, and is told of on both hosts', async () => {
    const ops = [
      { op: 'put', key: key('k'), value: 1 },
      { op: 'check', key: key('l'), etag: null },
    ]
    const once = { 'Idempotency-Key': `tx-${shard}` }
    const first = await tx(ops, once)
    const text = await first.text()
    await tx([{ op: 'put', key: key('l'), value: 'now there is one' }])
    const again = await tx(ops, once, pair.b.url)
    expect([again.status, again.headers.get('idempotency-replayed'), await again.text()]).toEqual([200, 'true', text])
    expect((await tx([...ops, ...ops], once)).status).toBe(422)
    for (const url of [pair.a.url, pair.b.url]) {
      const told = await fetch(`${url}/v1/_ops/tx-${shard}?method=POST&target=%2Fv1%2F_tx`)
      const etags = (JSON.parse(text) as { results: { etag: string | null }[] }).results.map(({ etag }) => etag)
      expect(await told.json()).toMatchObject({ status: 200, etags })
      const unknown = await fetch(`${url}/v1/_ops/none?method=POST&target=%2Fv1%2F_tx`)
      expect(unknown.status).toBe(404)
      expect(await unknown.json()).toMatchObject({ instance: '/v1/_ops/none?method=POST&target=%2Fv1%2F_tx' })
    }
  })

  it('keeps numbers as they were written', async () => {
    const body = `{"ops":[{"op":"put","key":"${key('n')}","value":{"id":12345678901234567890}}]}`
    expect((await send(body)).status).toBe(200)
    expect(await textOf(key('n'))).toBe('{"id":12345678901234567890}')
  })
})

describe('what is no transaction', () => {
  it.each([
    ['keys without a tag', ['c/1', 'c/2']],
    ['keys of two tags', ['c/{a}1', 'c/{b}1']],
    ['a key with a tag and one without', ['c/{a}1', 'c/a']],
  ])('%s do not lie together', async (_, keys) => {
    const refused = await tx(keys.map(key => ({ op: 'put', key, value: 1 })))
    expect([refused.status, (await problemOf(refused)).type]).toEqual([409, 'cross-shard'])
  })

  it('one key needs no tag, and collections may differ', async () => {
    expect(
      (
        await tx([
          { op: 'put', key: 'c/1', value: 1 },
          { op: 'patch', key: 'c/1', patch: { a: 1 } },
        ])
      ).status,
    ).toBe(200)
    expect(
      (
        await tx([
          { op: 'put', key: 'c/{z}', value: 1 },
          { op: 'put', key: 'd/{z}', value: 1 },
        ])
      ).status,
    ).toBe(200)
  })

  it.each([
    ['no JSON', '{'],
    ['no ops', '{}'],
    ['nothing', ''],
    ['an empty list', '{"ops":[]}'],
    ['an unknown operation', '{"ops":[{"op":"spam","key":"c/1"}]}'],
    ['a put without a value', '{"ops":[{"op":"put","key":"c/1"}]}'],
    ['a check without an etag', '{"ops":[{"op":"check","key":"c/1"}]}'],
    ['an unknown member', '{"ops":[{"op":"delete","key":"c/1","tll":1}]}'],
    ['too many operations', JSON.stringify({ ops: Array(TX_OPS_MAX + 1).fill({ op: 'delete', key: 'c/1' }) })],
    ['keys that are none', '{"ops":[{"op":"delete","key":"c"}]}'],
    ['ids of the service', '{"ops":[{"op":"delete","key":"c/_x"}]}'],
    ['collections that are none', '{"ops":[{"op":"delete","key":"_tx/x"}]}'],
    ['half of a surrogate pair', '{"ops":[{"op":"delete","key":"c/\\ud800"}]}'],
    ['a value that is too deep', `{"ops":[{"op":"put","key":"c/1","value":${'['.repeat(600)}${']'.repeat(600)}}]}`],
  ])('%s', async (_, body) => {
    const refused = await send(body)
    expect(refused.status).toBe(400)
    expect((await problemOf(refused)).type).toMatch(/^bad-request$|^invalid-key$/)
  })

  it('another type, a longer body, a condition, another method', async () => {
    const body = '{"ops":[{"op":"delete","key":"c/1"}]}'
    expect((await send(body, { 'Content-Type': 'text/plain' })).status).toBe(415)
    expect(
      (await send(JSON.stringify({ ops: [{ op: 'put', key: 'c/1', value: 'x'.repeat(1024 * 1024) }] }))).status,
    ).toBe(413)
    const headers = { 'Content-Type': 'application/json' }
    const long = await fetch(`${pair.a.url}/v1/_tx`, { method: 'POST', body: endless(), duplex: 'half', headers })
    expect(long.status).toBe(413)
    expect((await send(body, { 'If-Match': '*' })).status).toBe(412)
    const read = await fetch(`${pair.a.url}/v1/_tx`)
    expect([read.status, read.headers.get('allow')]).toEqual([405, 'POST'])
  })
})
