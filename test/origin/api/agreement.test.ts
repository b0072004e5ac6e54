// The schemas of the API against the checks that are made without them: the router has no zod, and patches are parsed where
// they are applied. Each pair must take the same texts, and read the same from them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_PATCH, TRANSACTION } from '../../../origin/api/bodies.ts'
import { CHANGES_QUERY, LIST_QUERY, OUTCOME_QUERY } from '../../../origin/api/queries.ts'
import { parsePatch } from '../../../origin/json/operations.ts'
import { parseJson } from '../../../origin/json/text.ts'
import { CURSOR_HASH_CHARS, encodeCursor, parseChanges, sinceText } from '../../../router/changes.ts'
import { cursorAfter, parseListing } from '../../../router/listing.ts'
import { OPERATIONS, parseOperation } from '../../../router/operation.ts'
import { placeTransaction } from '../../../router/transaction.ts'

const RUNS = { numRuns: 2_000 }
const at = { kind: 'log', index: 7, hash: 'a'.repeat(CURSOR_HASH_CHARS), op: null } as const
const cursor = encodeCursor({ lineage: 'l', at: { s0: at, s1: { ...at, kind: 'walk', after: 'c/x' } } })

/** Sometimes right, sometimes nearly, sometimes anything. */
const text = (...usual: readonly string[]) =>
  fc.oneof(fc.constantFrom(...usual), fc.string({ unit: 'binary', maxLength: 8 }))
const query = (parts: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc.record(parts, { requiredKeys: [] }).map(values => ({
    values,
    text: `?${new URLSearchParams(Object.entries(values).map(([name, value]) => [name, value?.toWellFormed() ?? '']))}`,
  }))
const limit = text('1', '100', '1000', '0', '1001', '01', '', ' 1', '1e2', '10000')

describe('queries', () => {
  it('of a list', () => {
    const asked = query({
      prefix: text('', 'a', 'ü/', '{t}'),
      limit,
      cursor: text(cursorAfter('a'), cursorAfter('x'.repeat(513)), cursor, '', '%'),
      values: text('true', 'false', 'TRUE', ''),
    })
    fc.assert(
      fc.property(asked, ({ values, text: search }) => {
        const router = parseListing('notes', `/v1/notes${search}`)
        const schema = LIST_QUERY.safeParse(values)
        expect(typeof router === 'string').toBe(!schema.success)
        if (typeof router === 'string' || !schema.success) return
        expect([router.limit, router.values]).toEqual([schema.data.limit, schema.data.values === 'true'])
        expect(router.prefix).toBe(schema.data.prefix.toWellFormed())
      }),
      RUNS,
    )
  })

  it('of changes', () => {
    const asked = query({
      since: text('', 'now', 'NOW', cursor, `${cursor}x`, cursorAfter('a')),
      collection: text('notes', '', 'a_b', 'x'.repeat(65)),
      limit,
    })
    fc.assert(
      fc.property(asked, ({ values, text: search }) => {
        const router = parseChanges(`/v1/_changes${search}`, null)
        const schema = CHANGES_QUERY.safeParse(values)
        expect(typeof router === 'string').toBe(!schema.success)
        if (typeof router === 'string' || !schema.success) return
        expect([router.limit, router.collection]).toEqual([schema.data.limit, schema.data.collection ?? null])
        expect(sinceText(router.since) ?? '').toBe(schema.data.since)
      }),
      RUNS,
    )
  })

  it('of an outcome', () => {
    const asked = query({
      method: text('PUT', 'PATCH', 'POST', 'DELETE', 'GET', 'put', ''),
      target: text('/v1/notes/x', '/v1/notes', '/v1/_tx', '/v1/_changes', '/v1/notes/_x', '/v1/n/%ff', '', 'x'),
    })
    fc.assert(
      fc.property(asked, ({ values, text: search }) => {
        const router = parseOperation(`${OPERATIONS}k${search}`, '')
        expect(typeof router === 'string').toBe(!OUTCOME_QUERY.safeParse(values).success)
      }),
      RUNS,
    )
  })
})

const json = fc.jsonValue({ maxDepth: 1 })
const member = (...usual: readonly unknown[]) => fc.oneof(fc.constantFrom(...usual), json)
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('bodies', () => {
  it('a transaction: the router refuses none that is one, but for where its keys lie', () => {
    const op = fc.record(
      {
        op: member('put', 'patch', 'delete', 'check'),
        key: member('notes/x', 'notes/{t}1', 'other/{t}2', 'notes/_x', 'notes', 'n_/x', 'notes/\ud800'),
        value: json,
        patch: json,
        etag: member('"1.1.0"', null),
      },
      { requiredKeys: ['op', 'key'] },
    )
    const body = fc.oneof(fc.record({ ops: fc.array(op, { maxLength: 3 }) }), fc.record({ ops: json }), json)
    fc.assert(
      fc.property(body, value => {
        const placed = placeTransaction(bytesOf(value))
        if (!TRANSACTION.safeParse(parsed(value)).success) return
        expect(placed.kind === 'refused' ? placed.name : 'placed').toMatch(/^(placed|cross-shard)$/)
      }),
      RUNS,
    )
  })

  it('a JSON patch: what is declared is what is applied', () => {
    const path = member('', '/', '/a', '/a/b', '/a~1b', '/a~', '/~2', 'a', '/a/', '//')
    const op = fc.record(
      {
        op: member('add', 'remove', 'replace', 'move', 'copy', 'test', 'Add'),
        path,
        from: path,
        value: json,
        more: json,
      },
      { requiredKeys: ['op'] },
    )
    const patch = fc.oneof(fc.array(op, { maxLength: 3 }), fc.array(json, { maxLength: 2 }), json)
    fc.assert(
      fc.property(patch, value => {
        const applied = parsePatch(parseJson(bytesOf(value)) ?? null)
        expect(applied.kind === 'parsed').toBe(JSON_PATCH.safeParse(parsed(value)).success)
      }),
      RUNS,
    )
  })
})
