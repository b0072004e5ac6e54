// A copy that is replaced, or cut back, by its primary's: what it knew to be committed was of another history.
import { expect, it } from 'vitest'
import { lasting } from '../../../replicator/core/copy.ts'
import type { Event } from '../../../replicator/core/events.ts'
import type { Pair } from '../../../replicator/core/pair.ts'
import { mirroredPair, positionOf, reigns } from './mirrored.ts'

/** b reigns over s0; a holds 9 entries of an older history, all of them committed in it. */
function standby(): Pair {
  const pair = mirroredPair(reigns('b', 'b'))
  expect(pair.state.shards.s0.committed).toBe(9)
  return pair
}

const REPLACED: readonly (readonly [string, Event])[] = [
  ['a snapshot', { type: 'installed', shard: 's0', query: 1, last: positionOf(5) }],
  ['an undo', { type: 'undone', shard: 's0', query: 1, last: positionOf(5), quarantined: 4 }],
]

for (const [what, event] of REPLACED) {
  it(`${what} takes back what is committed with what it takes away: a write at those positions is not mirrored yet`, () => {
    const pair = standby()
    pair.step(10, event)
    expect(pair.state.shards.s0.committed).toBe(5)
    expect(lasting(pair.state, 's0')).toBe(5)
  })
}

it('a copy that became longer knows no more than before', () => {
  const pair = standby()
  pair.step(10, { type: 'installed', shard: 's0', query: 1, last: positionOf(20) })
  expect(pair.state.shards.s0.committed).toBe(9)
})
