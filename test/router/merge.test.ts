// Pages of a list and of the feed, merged from two shards that answer as they like: early, late, with nothing at all.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ShardCursor } from '../../router/changes.ts'
import { type ChangeLine, type ChangesPart, type ListingPart, mergeChanges, mergeListing } from '../../router/merge.ts'
import { lineOf, partText, readPart } from '../../router/part.ts'

const byBytes = (x: string, y: string): number => Buffer.compare(Buffer.from(x), Buffer.from(y))
const id = fc.string({
  unit: fc.constantFrom('a', 'b', '\0', 'é', '\ud7ff', '\uffff', '\u{10000}', '\u{10ffff}'),
  minLength: 1,
  maxLength: 4,
})

/** A shard that ends a page early after as many items as it is told. */
function partOf(ids: readonly string[], after: string | null, most: number): ListingPart {
  const left = ids.filter(one => after === null || byBytes(one, after) > 0)
  return { more: left.length > most, lines: left.slice(0, most).map(one => ({ id: one, item: one })) }
}

describe('a list', () => {
  it('walks over every id once, in the order of bytes, whatever the pages are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(id, { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        fc.integer({ min: 1, max: 10 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 10 })),
        (ids, sides, limit, early) => {
          const sorted = [...ids].sort(byBytes)
          const s0 = sorted.filter((_, at) => sides[at])
          const s1 = sorted.filter((_, at) => !sides[at])
          const cut = (): number => Math.min(limit, early.next().value ?? 1)
          const seen: string[] = []
          for (let after: string | null = null, pages = 0; ; pages++) {
            const page: ReturnType<typeof mergeListing> = mergeListing(
              { s0: partOf(s0, after, cut()), s1: partOf(s1, after, cut()) },
              limit,
            )
            seen.push(...page.items)
            expect(page.items.length).toBeLessThanOrEqual(limit)
            if (page.next === null) break
            expect(page.items.length).toBeGreaterThan(0)
            after = page.next
            expect(pages).toBeLessThan(200)
          }
          expect(seen).toEqual(sorted)
        },
      ),
    )
  })
})

const at = (index: number, op: number | null = null): ShardCursor => ({ kind: 'log', index, hash: '0'.repeat(16), op })
const change = (index: number, ms: number): ChangeLine => ({ at: ms, cursor: at(index), item: String(index) })

function feedPart(times: readonly number[], from: number, most: number): ChangesPart {
  const lines = times.slice(from, from + most).map((ms, n) => change(from + n + 1, ms))
  const end = from + lines.length
  return { lineage: 'l', begin: at(from), end: at(end), more: end < times.length, lines }
}

describe('the feed', () => {
  it('gives every change once, each shard in its order, whatever the pages are', () => {
    const times = fc.array(fc.nat(50), { maxLength: 40 })
    fc.assert(
      fc.property(
        times,
        times,
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        (x, y, limit, early) => {
          let [i, j] = [0, 0]
          const seen = { s0: 0, s1: 0 }
          for (let turns = 0; turns < 1000; turns++) {
            const cut = (): number => Math.min(limit, early.next().value ?? 1)
            const merged = mergeChanges({ s0: feedPart(x, i, cut()), s1: feedPart(y, j, cut()) }, limit)
            if (merged === null) throw new Error('one lineage')
            expect(merged.changes.length).toBeLessThanOrEqual(limit)
            // each change moves one shard's place by one
            for (const { cursor } of merged.changes) {
              const moved = cursor.at.s0.index + cursor.at.s1.index - (seen.s0 + seen.s1)
              expect(moved).toBe(1)
              Object.assign(seen, { s0: cursor.at.s0.index, s1: cursor.at.s1.index })
            }
            i = merged.next.at.s0.index
            j = merged.next.at.s1.index
            expect([i, j]).toEqual([seen.s0, seen.s1])
            if (!merged.more) break
          }
          expect([i, j]).toEqual([x.length, y.length])
        },
      ),
    )
  })

  it('is oldest first where both shards are in order', () => {
    const merged = mergeChanges({ s0: feedPart([1, 4, 9], 0, 9), s1: feedPart([2, 3, 10], 0, 9) }, 4)
    expect(merged?.changes.map(({ cursor }) => [cursor.at.s0.index, cursor.at.s1.index])).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
      [2, 2],
    ])
    expect(merged?.more).toBe(true)
  })

  it('moves past what it left out', () => {
    const empty: ChangesPart = { lineage: 'l', begin: at(5), end: at(900), more: true, lines: [] }
    const merged = mergeChanges({ s0: empty, s1: feedPart([1], 0, 1) }, 1)
    expect(merged?.next.at).toEqual({ s0: at(900), s1: at(1) })
    expect(merged?.more).toBe(true)
  })

  it('is of one lineage', () => {
    const part = feedPart([], 0, 1)
    expect(mergeChanges({ s0: part, s1: { ...part, lineage: 'other' } }, 1)).toBeNull()
  })
})

describe('a part', () => {
  it('carries any JSON as it is, but for line breaks between its tokens', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.jsonValue(), fc.jsonValue())), items => {
        const lines = items.map(([mark, value]) => lineOf(mark, JSON.stringify(value, null, '\t')))
        const part = readPart(partText({ more: true }, lines.join('\n')))
        expect(part.head).toEqual({ more: true })
        expect(part.lines.map(({ mark, item }) => [JSON.stringify(mark), JSON.stringify(JSON.parse(item))])).toEqual(
          items.map(([mark, value]) => [JSON.stringify(mark), JSON.stringify(value)]),
        )
      }),
    )
  })
})
