// Cursors are handed back by clients: whatever comes is a cursor of ours or none, and never a crash.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cursor, decodeCursor, encodeCursor, parseChanges, type ShardCursor } from '../../router/changes.ts'
import { cursorAfter, parseListing } from '../../router/listing.ts'
import { fromOpaque, OPAQUE_CHARS_MAX, toOpaque } from '../../router/opaque.ts'
import { parseShardTarget } from '../../router/shardtarget.ts'
import { targetOfPart } from '../../router/spread.ts'

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 128 }).filter(text => text.isWellFormed())
const hash = fc.stringMatching(/^[0-9a-f]{16}$/)
const place: fc.Arbitrary<ShardCursor> = fc.oneof(
  fc.record({
    kind: fc.constant('log' as const),
    index: fc.maxSafeNat(),
    hash,
    op: fc.option(fc.nat(4096), { nil: null }),
  }),
  fc.record({ kind: fc.constant('walk' as const), index: fc.maxSafeNat(), hash, after: id }),
)
const cursor: fc.Arbitrary<Cursor> = fc.record({
  lineage: fc.uuid(),
  at: fc.record({ s0: place, s1: place }),
})

/** Anything, and things that are nearly right. */
const junk = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('base64url')),
  fc.json().map(json => Buffer.from(json).toString('base64url')),
  fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom('feed1', 'list1'))).map(toOpaque),
)

describe('opaque text', () => {
  it('brings back what went in', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), value => {
        expect(JSON.stringify(fromOpaque(toOpaque(value)))).toBe(JSON.stringify(value))
      }),
    )
  })

  it('is null for any bytes that are none', () => {
    fc.assert(
      fc.property(junk, text => fromOpaque(text) === null || Array.isArray(fromOpaque(text))),
      { numRuns: 2000 },
    )
    expect(fromOpaque('A'.repeat(OPAQUE_CHARS_MAX + 1))).toBeNull()
  })

  it('has room for the longest cursor', () => {
    const after = `${'c'.repeat(64)}/${'\0'.repeat(512)}`
    const longest: ShardCursor = { kind: 'walk', index: Number.MAX_SAFE_INTEGER, hash: 'f'.repeat(16), after }
    const whole: Cursor = { lineage: 'l'.repeat(36), at: { s0: longest, s1: longest } }
    expect(decodeCursor(encodeCursor(whole))).toEqual(whole)
  })
})

describe('a cursor of the feed', () => {
  it('comes back the same', () => {
    fc.assert(
      fc.property(cursor, whole => {
        expect(decodeCursor(encodeCursor(whole))).toEqual(whole)
      }),
    )
  })

  it('is refused where it is none', () => {
    fc.assert(
      fc.property(junk, text => {
        const decoded = decodeCursor(text)
        // what is taken is the very text that we would have written, but for spare bits of base64 and spaces of JSON
        if (decoded !== null) expect(decodeCursor(encodeCursor(decoded))).toEqual(decoded)
        const parsed = parseChanges(`/v1/_changes?since=${encodeURIComponent(text.toWellFormed())}`, null)
        return typeof parsed === 'string' || parsed.since.kind !== 'cursor' || decoded !== null
      }),
      { numRuns: 2000 },
    )
    for (const bad of [[1], ['feed1', 'l'], ['feed1', 'l', [1, 'zz'], [1, 'zz']], ['feed2', 'l', [], []]])
      expect(decodeCursor(toOpaque(bad))).toBeNull()
    const half = [-1, '0'.repeat(16)]
    expect(decodeCursor(toOpaque(['feed1', 'l', half, half]))).toBeNull()
    const more = [1, '0'.repeat(16), 2, 3]
    expect(decodeCursor(toOpaque(['feed1', 'l', more, more]))).toBeNull()
  })
})

describe('a cursor of a list', () => {
  it('comes back as the id, and through the target of a part', () => {
    fc.assert(
      fc.property(
        id,
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 1000 }),
        fc.boolean(),
        (after, raw, limit, values) => {
          const prefix = raw.toWellFormed()
          const query = `?cursor=${cursorAfter(after)}&prefix=${encodeURIComponent(prefix)}&limit=${limit}&values=${values}`
          const listing = parseListing('notes', `/v1/notes${query}`)
          expect(listing).toEqual({ kind: 'listing', collection: 'notes', prefix, limit, values, after })
          if (typeof listing === 'string') return
          const part = parseShardTarget(targetOfPart('s1', listing))
          expect(part?.shard).toBe('s1')
          expect(parseListing('notes', part?.target ?? '')).toEqual(listing)
        },
      ),
    )
  })

  it('is refused where it is none', () => {
    fc.assert(
      fc.property(junk, text => {
        const parsed = parseListing('notes', `/v1/notes?cursor=${encodeURIComponent(text.toWellFormed())}`)
        return typeof parsed === 'string' || typeof fromOpaque(text)?.[1] === 'string'
      }),
      { numRuns: 2000 },
    )
    for (const bad of [
      ['list1', 'x'.repeat(513)],
      ['list1', '\ud800'],
      ['list1', 'a', 'b'],
      ['list2', 'a'],
      ['list1', 7],
    ])
      expect(typeof parseListing('notes', `/v1/notes?cursor=${toOpaque(bad)}`)).toBe('string')
  })
})

describe('what is asked for', () => {
  it.each([
    'limit=0',
    'limit=1001',
    'limit=1e2',
    'limit=',
    'limit=5&limit=6',
    'values=yes',
    'prefix=%ff',
    'prefix=%',
    'cursor=',
  ])('refuses %s', query => {
    expect(typeof parseListing('notes', `/v1/notes?${query}`)).toBe('string')
  })

  it('decodes once, and takes a plus for a space', () => {
    expect(parseListing('notes', '/v1/notes?prefix=a%2541+b%2Bc&x=1')).toMatchObject({ prefix: 'a%41 b+c', limit: 100 })
  })

  it.each(['since=then', 'collection=a_b', 'collection=', 'limit=-1'])('refuses %s of the feed', query => {
    expect(typeof parseChanges(`/v1/_changes?${query}`, null)).toBe('string')
  })

  it('lets the last id go before since', () => {
    fc.assert(
      fc.property(cursor, last => {
        const parsed = parseChanges('/v1/_changes?since=now', encodeCursor(last))
        expect(parsed).toMatchObject({ since: { kind: 'cursor', ...last } })
      }),
    )
  })
})
