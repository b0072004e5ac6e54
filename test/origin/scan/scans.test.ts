// Scans of a real store: pages in the order of bytes, changes from the log, and the work of each bounded by what it gives.
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ENTRIES, HASH_AT, WALK } from '../../../origin/scan/changescan.ts'
import { PAGE_BYTES_MAX, QUESTIONS_MAX } from '../../../origin/scan/limits.ts'
import { LIST, LIST_VALUES, rangeOf } from '../../../origin/scan/listscan.ts'
import type { ChangesPage, ChangesQuestion, ListPage } from '../../../origin/scan/question.ts'
import { openReading, text } from '../../../origin/store/sqlite.ts'
import type { OpenStore } from '../../../origin/store/store.ts'
import type { WriteCommand } from '../../../replicator/store/command.ts'
import { readCursor, type ShardCursor } from '../../../router/changes.ts'
import type { Listing } from '../../../router/listing.ts'
import { readLines } from '../../../router/part.ts'
import { openStore, put, remove, temporaryDirectory, write } from '../store/fixture.ts'

const listing = (over: Partial<Listing> = {}): Listing => ({
  kind: 'listing',
  collection: 'c',
  prefix: '',
  limit: 100,
  values: false,
  after: null,
  ...over,
})

async function page(
  store: OpenStore,
  over: Partial<Listing> = {},
): Promise<ListPage & { items: unknown[]; ids: string[] }> {
  const found = await store.scans.list(listing(over))
  if (found.kind !== 'list') throw new Error(found.kind)
  const lines = readLines(found.lines)
  return { ...found, items: lines.map(({ item }) => JSON.parse(item)), ids: lines.map(({ mark }) => String(mark)) }
}

type Item = { readonly key: string; readonly op: string; readonly etag: string; readonly at: string }
type Read = ChangesPage & { readonly items: Item[]; readonly cursors: (ShardCursor | null)[] }

async function changes(store: OpenStore, over: Partial<ChangesQuestion> = {}): Promise<Read> {
  const question = { kind: 'changes', collection: null, limit: 100, from: 'oldest', upTo: null, ...over } as const
  const found = await store.scans.changes(question)
  if (found.kind !== 'changes') throw new Error(JSON.stringify(found))
  const lines = readLines(found.lines)
  const items = lines.map(({ item }): Item => JSON.parse(item))
  return { ...found, items, cursors: lines.map(({ mark }) => readCursor(Array.isArray(mark) ? mark[1] : null)) }
}

const byBytes = (x: string, y: string): number => Buffer.compare(Buffer.from(x), Buffer.from(y))
const id = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', '\0', '/', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  minLength: 1,
  maxLength: 4,
})

describe('a list', () => {
  it('holds any ids in the order of their bytes, on pages of any size, from any prefix on', async () => {
    const store = await openStore()
    const ids = fc.sample(id, { numRuns: 300, seed: 7 })
    const all = [...new Set(ids)].sort(byBytes)
    await write(
      store,
      all.flatMap(one => [put(`c/${one}`, one), put(`b/${one}`, 'x'), put(`c0/${one}`, 'x')]),
    )
    const prefix = fc.oneof(fc.constant(''), fc.constantFrom(...all), id)
    await fc.assert(
      fc.asyncProperty(prefix, fc.integer({ min: 20, max: 400 }), async (start, limit) => {
        const seen: string[] = []
        for (let after: string | null = null; ; ) {
          const one: Awaited<ReturnType<typeof page>> = await page(store, { prefix: start, limit, after })
          seen.push(...one.ids)
          expect(one.stepped).toBeLessThanOrEqual(limit + 1)
          if (!one.more) break
          expect(one.ids).toHaveLength(limit)
          after = one.ids.at(-1) ?? null
        }
        expect(seen).toEqual(all.filter(one => one.startsWith(start)))
      }),
      { numRuns: 30 },
    )
  })

  it('says of each document what a read of it says', async () => {
    const store = await openStore()
    const { outcomes } = await write(store, [put('c/x', 'four')])
    const { items, seen } = await page(store)
    expect(outcomes[0]).toMatchObject({ kind: 'created', etag: '"1.1.0"' })
    expect(items).toEqual([
      { id: 'x', etag: '"1.1.0"', size: 4, type: 'text/plain', modified: '2023-11-14T22:13:20.000Z' },
    ])
    expect(seen).toBe(1)
  })

  it('gives JSON as it came in, and everything else as base64', async () => {
    const store = await openStore()
    const json = (key: string, body: string | Uint8Array): WriteCommand => {
      const command = put(key, body)
      return command.op === 'put' ? { ...command, type: 'application/problem+json; charset=utf-8' } : command
    }
    await write(store, [
      json('c/1', '{\n\t"n": 12345678901234567890, "n": 1e400 }\r\n'),
      json('c/2', '{"broken": '),
      json('c/3', new Uint8Array([0x22, 0xff, 0x22])),
      put('c/4', new Uint8Array([0, 1, 2])),
      json('c/5', ''),
    ])
    const found = await store.scans.list(listing({ values: true }))
    if (found.kind !== 'list') throw new Error(found.kind)
    const tails = readLines(found.lines).map(({ item }) => item.slice(item.indexOf('Z"') + 3))
    expect(tails).toEqual([
      '"value":{ \t"n": 12345678901234567890, "n": 1e400 }\r }',
      `"base64":"${Buffer.from('{"broken": ').toString('base64')}"}`,
      `"base64":"${Buffer.from([0x22, 0xff, 0x22]).toString('base64')}"}`,
      '"base64":"AAEC"}',
      '"base64":""}',
    ])
  })

  it('ends a page of large documents early', async () => {
    const store = await openStore()
    const body = new Uint8Array(400_000)
    for (let n = 0; n < 7; n++) await write(store, [put(`c/${n}`, body)])
    const first = await page(store, { values: true })
    expect(first.ids).toEqual(['0', '1', '2'])
    expect(first.more).toBe(true)
    expect(first.lines.length).toBeLessThan(2 * PAGE_BYTES_MAX)
    expect((await page(store, { values: true, after: '2' })).ids).toEqual(['3', '4', '5'])
    expect((await page(store, { values: true, after: '5' })).more).toBe(false)
    expect((await page(store)).ids).toHaveLength(7)
  })

  it('is of one moment, whose last entry it names', async () => {
    const store = await openStore()
    await write(store, [put('c/a', 'x')])
    await write(store, [put('c/b', 'x')])
    expect((await page(store)).seen).toBe(2)
    await write(store, [remove('c/a')])
    expect(await page(store)).toMatchObject({ seen: 3, ids: ['b'] })
  })
})

describe('changes', () => {
  it('are those of the log, one after the other, without idempotency records', async () => {
    const store = await openStore()
    await write(store, [put('c/a', '1'), put('d/b', '2'), put('c/a', '3')])
    await write(store, [{ ...remove('c/a'), idem: { kind: 'client', scope: 'c1', fingerprint: '' } }])
    const whole = await changes(store)
    expect(whole.items.map(({ key, op, etag }) => [key, op, etag])).toEqual([
      ['c/a', 'put', '"1.1.0"'],
      ['d/b', 'put', '"1.1.1"'],
      ['c/a', 'put', '"1.1.2"'],
      ['c/a', 'delete', '"1.2.0"'],
    ])
    expect(whole).toMatchObject({ more: false, seen: 2, begin: { index: 0 }, end: { index: 2, op: null } })
    for (const [n, from] of whole.cursors.entries()) {
      if (from === null) throw new Error('a line without a cursor')
      const rest = await changes(store, { from })
      expect(rest.items).toEqual(whole.items.slice(n + 1))
    }
    expect((await changes(store, { collection: 'd' })).items).toHaveLength(1)
    expect((await changes(store, { from: 'now' })).items).toEqual([])
  })

  it('go on page by page, and end where they may be shown', async () => {
    const store = await openStore()
    for (let n = 0; n < 10; n++) await write(store, [put(`c/${n}`, 'x'), put(`d/${n}`, 'x')])
    const seen: string[] = []
    let from: ShardCursor | 'oldest' = 'oldest'
    for (let pages = 0; pages < 20; pages++) {
      const one: Read = await changes(store, { from, limit: 3, upTo: 7 })
      seen.push(...one.items.map(({ key }) => key))
      from = one.end
      if (!one.more) break
    }
    expect(seen).toHaveLength(14)
    expect(from).toMatchObject({ index: 7, op: null })
    expect(await store.scans.changes({ kind: 'changes', collection: null, limit: 1, from, upTo: 6 })).toEqual({
      kind: 'ahead',
    })
  })

  it('are gone where the cursor is of another history, or beyond this one', async () => {
    const store = await openStore()
    const other = await openStore()
    await write(store, [put('c/a', '1')])
    await write(other, [put('c/a', '2')])
    const ask = (from: ShardCursor) =>
      store.scans.changes({ kind: 'changes', collection: null, limit: 1, from, upTo: null })
    const { end } = await changes(other)
    expect(await ask(end)).toMatchObject({ kind: 'gone', seen: 1 })
    expect(await ask({ ...(await changes(store)).end, index: 2 })).toMatchObject({ kind: 'gone' })
    expect(await ask({ kind: 'log', index: 1, hash: '0'.repeat(16), op: 0 })).toMatchObject({ kind: 'gone' })
  })

  it('begin with a walk where the log does not begin at the beginning: nothing is missed, each key in order', async () => {
    const store = await openStore(temporaryDirectory(), { logEntriesKept: 20 })
    const truth = new Map<string, string>()
    let n = 0
    const next = async (key: string): Promise<void> => {
      n += 1
      const { outcomes, entry } = await write(store, [
        n % 7 === 0 && truth.has(key) ? remove(key) : put(key, String(n)),
      ])
      store.store.settle(entry?.position.index ?? 0)
      const [done] = outcomes
      if (done?.kind === 'deleted') truth.delete(key)
      else if (done?.kind === 'created' || done?.kind === 'replaced') truth.set(key, done.etag)
    }
    for (let i = 0; i < 100; i++) await next(`c/${i % 40}`)
    const copy = new Map<string, string>()
    const order = new Map<string, number>()
    let from: ShardCursor | 'oldest' = 'oldest'
    const walked = await changes(store)
    expect(walked.begin).toMatchObject({ kind: 'walk', after: '' })
    for (let pages = 0; ; pages++) {
      const one: Read = await changes(store, { from, limit: 5 })
      for (const { key, op, etag } of one.items) {
        const index = Number(etag.split('.')[1])
        expect(index).toBeGreaterThan(order.get(key) ?? 0)
        order.set(key, index)
        if (op === 'put') copy.set(key, etag)
        else copy.delete(key)
      }
      from = one.end
      // writes go on while it walks, on both sides of where it is
      if (pages < 8) await next(`c/${(pages * 13) % 40}`)
      else if (!one.more) break
    }
    expect(copy).toEqual(truth)
    const { begin } = walked
    for (let i = 0; i < 60; i++) await next('c/0')
    const late = await store.scans.changes({ kind: 'changes', collection: null, limit: 5, from: begin, upTo: null })
    expect(late).toMatchObject({ kind: 'gone', why: expect.stringContaining('no longer kept') })
  })
})

describe('the work', () => {
  const MANY = 2000

  it('is what is given: one range of an index, and rows one after the other', async () => {
    const dataDir = temporaryDirectory()
    const store = await openStore(dataDir)
    for (let n = 0; n < MANY; n += 500)
      await write(
        store,
        Array.from({ length: 500 }, (_, i) => put(`c/${String(n + i).padStart(6, '0')}`, 'x')),
      )
    expect((await page(store, { limit: 10 })).stepped).toBe(11)
    expect((await page(store, { limit: 10, after: '001500' })).stepped).toBe(11)
    expect((await page(store, { prefix: '0015', limit: 1000 })).stepped).toBe(100)
    expect((await page(store, { collection: 'none' })).stepped).toBe(0)
    expect((await changes(store, { limit: 10 })).stepped).toBe(1)
    expect((await changes(store, { from: 'now' })).stepped).toBe(0)

    const db = openReading(join(dataDir, 's0.sqlite'))
    const plan = (sql: string): string =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(row => text(row.detail))
        .join('; ')
    const byKey = 'SEARCH documents USING INDEX sqlite_autoindex_documents_1 (key>? AND key<?)'
    expect([LIST, LIST_VALUES, WALK].map(plan)).toEqual([byKey, byKey, byKey])
    expect(plan(ENTRIES)).toBe('SEARCH log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)')
    expect(plan(HASH_AT)).toBe('SEARCH log USING INTEGER PRIMARY KEY (rowid=?)')
    db.close()
  })

  it('does not grow with the length of documents that are not asked for', async () => {
    const dataDir = temporaryDirectory()
    const store = await openStore(dataDir)
    await write(store, [put('c/long', new Uint8Array(1_000_000))])
    const db = openReading(join(dataDir, 's0.sqlite'))
    // a column behind the body would be found only by walking over the body's pages
    const columns = db
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all('documents')
      .map(row => text(row.name))
    db.close()
    expect(columns.at(-1)).toBe('body')
  })

  it('that waits is bounded', async () => {
    const store = await openStore()
    await page(store)
    const asked = await Promise.all(Array.from({ length: QUESTIONS_MAX + 20 }, () => store.scans.list(listing())))
    expect(asked.filter(({ kind }) => kind === 'overloaded')).toHaveLength(20)
    expect((await page(store)).ids).toEqual([])
  })

  it('ends with the store, and goes on in a file that took its place', async () => {
    const store = await openStore()
    await write(store, [put('c/old', 'x')])
    const source = await openStore()
    await write(source, [put('c/new', 'x')])
    expect((await page(store)).ids).toEqual(['old'])
    const file = await source.store.snapshot()
    await store.store.install(file, 'a test')
    expect((await page(store)).ids).toEqual(['new'])
    await store.store.close()
    expect(await store.scans.list(listing())).toEqual({ kind: 'overloaded' })
  })
})

it('a range has nothing between its ends that does not belong to it', () => {
  expect(rangeOf(listing({ prefix: 'a', after: 'ab' }))).toEqual({ from: 'c/ab\0', to: 'c/b' })
  expect(rangeOf(listing({ prefix: 'b', after: 'a' }))).toEqual({ from: 'c/b', to: 'c/c' })
  expect(rangeOf(listing())).toEqual({ from: 'c/', to: 'c0' })
})
