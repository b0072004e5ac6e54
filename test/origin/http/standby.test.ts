// A standby's answers over HTTP: which requests it answers by itself, and which it leaves to the primary.
import { expect, it } from 'vitest'
import type { ReadRow } from '../../../origin/documents.ts'
import { Answers } from '../../../origin/http/answers.ts'
import { standbyHandler } from '../../../origin/http/standby.ts'
import { StandbyReads } from '../../../origin/standbyreads.ts'
import type { PlacedResource } from '../../../router/admit.ts'
import { NO_BODY } from '../../../router/body.ts'
import { answered, mirroredPair, reigns } from '../../replicator/core/mirrored.ts'
import { sealView } from './pair.ts'

const TARGET = '/v1/c/x'
const DOCUMENT: PlacedResource = { kind: 'document', collection: 'c', id: 'x', key: 'c/x' }
const FOUND: ReadRow = {
  kind: 'found',
  body: new TextEncoder().encode('text'),
  type: 'text/plain',
  etag: '"5.3.0"',
  index: 3,
  modified: Date.parse('2024-05-06T07:08:09Z'),
  expires: null,
}
const MISSING: ReadRow = { kind: 'missing', seen: 3 }

const errors: unknown[] = []

/** A standby that has this row, whose copy is known to be its primary's up to `committed`, and whose lease runs until 500. */
function standby(row: ReadRow | Error = FOUND, committed = 3, now = 10) {
  const pair = mirroredPair(reigns('b', 'b'), { readsAsStandby: true })
  answered(pair, 0, 1, { granted: false, reads: true })
  pair.state.shards.s0.committed = committed
  const replicator = { state: pair.state }
  const get = (): ReadRow => {
    if (now >= 500) throw new Error('it looked for nothing')
    if (row instanceof Error) throw row
    return row
  }
  const reads = new StandbyReads({ replicator, get, now: () => now })
  const handler = standbyHandler(reads, new Answers('a', sealView), error => errors.push(error))
  return async (method = 'GET', headers: Record<string, string> = {}, resource = DOCUMENT): Promise<Response | null> =>
    await handler({
      target: TARGET,
      resource,
      shard: 's0',
      body: NO_BODY,
      minted: null,
      aimed: undefined,
      request: new Request(`http://h${TARGET}`, { method, headers }),
    })
}

it('GET and HEAD are answered as the primary would, in its own name', async () => {
  const ask = standby()
  const [get, head] = [await ask(), await ask('HEAD')]
  expect([get?.status, await get?.text(), head?.status, await head?.text()]).toEqual([200, 'text', 200, ''])
  expect(Object.fromEntries(get?.headers ?? [])).toEqual({
    'content-length': '4',
    'content-type': 'text/plain',
    etag: '"5.3.0"',
    'last-modified': 'Mon, 06 May 2024 07:08:09 GMT',
    'tandem-origin': 'a',
    'tandem-shard': 's0',
  })
  expect(Object.fromEntries(head?.headers ?? [])).toEqual(Object.fromEntries(get?.headers ?? []))
})

it('so are conditions, and what is not there', async () => {
  const ask = standby()
  const unchanged = await ask('GET', { 'If-None-Match': 'W/"5.3.0"' })
  expect([unchanged?.status, unchanged?.headers.get('etag'), await unchanged?.text()]).toEqual([304, '"5.3.0"', ''])
  expect((await ask('GET', { 'If-None-Match': '"5.2.0"' }))?.status).toBe(200)
  const other = await ask('GET', { 'If-Match': '"5.2.0"' })
  expect([other?.status, other?.headers.get('etag')]).toEqual([412, '"5.3.0"'])
  const missing = await standby(MISSING)()
  expect([missing?.status, missing?.headers.get('tandem-origin')]).toEqual([404, 'a'])
  expect(await missing?.json()).toMatchObject({ type: expect.stringMatching(/\/not-found$/), instance: TARGET })
})

it('what it cannot vouch for goes to the primary, and so does what is malformed', async () => {
  expect(await standby(FOUND, 2)()).toBeNull()
  expect(await standby(MISSING, 2)()).toBeNull()
  expect(await standby(FOUND, 3, 500)()).toBeNull()
  for (const header of ['If-Match', 'If-None-Match']) expect(await standby()('GET', { [header]: 'no tag' })).toBeNull()
})

it.each<PlacedResource>([
  { kind: 'listing', collection: 'c', prefix: '', limit: 10, values: false, after: null },
  { kind: 'changes', collection: null, limit: 10, since: { kind: 'oldest' } },
  { kind: 'operation', idempotencyKey: 'k', method: 'PUT', about: TARGET },
])('so does every question of the kind $kind', async resource => {
  expect(await standby()('GET', {}, resource)).toBeNull()
})

it('a disk that does not read is no answer: the primary has another', async () => {
  const broken = new Error('disk I/O error')
  expect(await standby(broken)()).toBeNull()
  expect(errors.splice(0)).toEqual([broken])
})
