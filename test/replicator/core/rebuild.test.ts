// What value empty registers are given: from what both origins know, or by one that a person says is all there is.
import { describe, expect, test } from 'vitest'
import { AHEAD } from '../../../replicator/core/limits.ts'
import { rebuilt } from '../../../replicator/core/rebuild.ts'
import type { Knowledge } from '../../../replicator/register/knowledge.ts'
import type { PairRecord } from '../../../replicator/register/record.ts'

type Name = 'a' | 'b'
const reign = (name: Name, since: number) => ({ name, incarnation: `${name}-life`, since, pinned: false })
const record = (epoch: number, members: readonly Name[], s1: Name = 'b'): PairRecord => ({
  lineage: 'lineage',
  epoch,
  members: members.map(name => ({ name, store: `store-${name}` })),
  primaries: { s0: reign('a', epoch), s1: reign(s1, epoch) },
  by: { name: 'a', incarnation: 'a-life' },
  why: 'solo',
})
const knows = (name: Name, known: PairRecord | null, more: Partial<Knowledge> = {}): Knowledge => ({
  name,
  store: `store-${name}`,
  lineage: 'lineage',
  incarnation: `${name}-now`,
  record: known,
  epochMax: known?.epoch ?? 0,
  ballotCounter: 7,
  ...more,
})
const made = (...given: Parameters<typeof rebuilt>) => {
  const result = rebuilt(...given)
  if (result.kind === 'refused') throw new Error(result.why)
  return result
}
const namesOf = ({ members }: PairRecord): string[] => members.map(member => member.name)

describe('with both origins', () => {
  test('the newest record goes on in the next epoch, whoever of the two knew it', () => {
    const solo = record(9, ['a'], 'a')
    for (const [mine, peers] of [
      [knows('a', solo), knows('b', record(8, ['a', 'b']))],
      [knows('b', record(8, ['a', 'b'])), knows('a', solo)],
    ] as const) {
      const { value } = made(mine, peers, 0)
      expect(value.record).toMatchObject({ epoch: 10, why: 'rebuilt', lineage: 'lineage', primaries: solo.primaries })
      expect(namesOf(value.record)).toEqual(['a'])
      expect(value.boots).toEqual({ a: 'a-now', b: 'b-now' })
    }
  })

  test('its epoch is above every one that either of them proposed: that may have been decided, and shown', () => {
    expect(
      made(knows('a', record(8, ['a', 'b']), { epochMax: 9 }), knows('b', record(8, ['a', 'b'])), 0).value.record.epoch,
    ).toBe(10)
  })

  test('its ballot is above every one that anybody used', () => {
    const pair = record(3, ['a', 'b'])
    expect(made(knows('a', pair), knows('b', pair, { ballotCounter: 30 }), 12).counter).toBe(31)
    expect(made(knows('a', pair), knows('b', pair), 12).counter).toBe(13)
  })

  test('a member whose store is another one now is none any more, and reigns no more', () => {
    const { value } = made(knows('a', record(3, ['a', 'b'])), knows('b', null, { store: 'new', lineage: null }), 0)
    expect(namesOf(value.record)).toEqual(['a'])
    expect(value.record.primaries.s1).toEqual({ name: 'a', incarnation: 'a-now', since: 4, pinned: false })
  })

  test('no member is there, another lineage, nothing known: refused', () => {
    const lone = record(3, ['b'])
    expect(rebuilt(knows('a', lone), knows('b', lone, { store: 'new' }), 0).kind).toBe('refused')
    expect(rebuilt(knows('a', lone), knows('b', null, { lineage: 'other' }), 0).kind).toBe('refused')
    expect(rebuilt(knows('a', null), knows('b', lone), 0).kind).toBe('refused')
  })
})

test('without the other one it goes on alone, ahead of whatever that may have decided', () => {
  const { value, counter } = made(knows('b', record(3, ['a'])), null, 40)
  expect(value.record).toMatchObject({ epoch: 3 + AHEAD, why: 'forced', members: [{ name: 'b', store: 'store-b' }] })
  expect(value.record.primaries.s0.incarnation).toBe('b-now')
  expect(value.boots).toEqual({ b: 'b-now' })
  expect(counter).toBeGreaterThan(40 + AHEAD - 1)
})
