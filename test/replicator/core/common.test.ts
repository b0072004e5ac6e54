// A standby that takes no entries, since nobody writes, must still learn that its log is its primary's: what it has is
// then there to stay, and what the primary calls committed is so here.
import { expect, test } from 'vitest'
import { lasting } from '../../../replicator/core/copy.ts'
import type { Effect } from '../../../replicator/core/events.ts'
import type { LinkMessage } from '../../../replicator/core/messages.ts'
import type { Pair } from '../../../replicator/core/pair.ts'
import { Sender } from '../../../replicator/core/sender.ts'
import type { Position } from '../../../replicator/entry/position.ts'
import { alonePair, RECORD } from './alone.ts'

const LAST: Position = { epoch: 5, index: 9, hash: 'a'.repeat(32) }
const common = (position: Position): LinkMessage => ({ type: 'common', shard: 's0', position })
const beat: LinkMessage = { type: 'beat', seq: 1, epoch: 6, leaseMs: 1000, readMs: 0, committed: { s0: 9, s1: null } }

function standby(): Pair {
  const pair = alonePair()
  const { state } = pair
  const primary = { name: 'b', incarnation: 'b-life', since: 6, pinned: false } as const
  state.record = {
    ...RECORD,
    epoch: 6,
    members: [...RECORD.members, { name: 'b', store: 'store-b' }],
    primaries: { s0: primary, s1: primary },
  }
  state.shards.s0.last = LAST
  pair.step(1, { type: 'linkUp', session: 'one' })
  const about = { lineage: 'lineage', store: 'store-b', incarnation: 'b-life', unfit: null, drifted: [] }
  const flags = { synced: true, fresh: false, drained: false, leaving: false, byHand: false }
  const hello: LinkMessage = { type: 'hello', wire: 1, name: 'b', ...about, ...flags }
  pair.step(2, { type: 'message', session: 'one', message: hello })
  return pair
}

test('a standby believes what is committed only of a log that it knows to be the same', () => {
  const pair = standby()
  const { s0 } = pair.state.shards
  pair.step(3, { type: 'message', session: 'one', message: beat })
  expect([s0.verified, s0.committed, s0.levelAt]).toEqual([0, 0, null])
  for (const other of [
    { ...LAST, hash: 'b'.repeat(32) },
    { ...LAST, index: 8 },
  ])
    pair.step(4, { type: 'message', session: 'one', message: common(other) })
  expect(s0.verified).toBe(0)
  pair.step(5, { type: 'message', session: 'one', message: common(LAST) })
  // the newest may be on its way to the primary's own disk
  expect(lasting(pair.state, 's0')).toBe(8)
  pair.step(6, { type: 'message', session: 'one', message: beat })
  expect(lasting(pair.state, 's0')).toBe(9)
  expect([s0.verified, s0.committed, s0.levelAt]).toEqual([9, 9, 6])
  pair.step(7, { type: 'linkDown', session: 'one', why: 'a test' })
  expect([s0.verified, s0.committed]).toEqual([0, 9])
})

test('not from one that is not the primary of the newest record', () => {
  const pair = standby()
  pair.state.record = { ...RECORD, members: pair.state.record?.members ?? [] }
  pair.step(5, { type: 'message', session: 'one', message: common(LAST) })
  expect(pair.state.shards.s0.verified).toBe(0)
})

test('a primary says so once it has found where the other log ends', () => {
  const effects: Effect[] = []
  const sender = new Sender('s0', effect => effects.push(effect))
  sender.start('one', 9, false)
  sender.onLocated(1, LAST, LAST, 0)
  expect(effects.at(-1)).toEqual({ type: 'send', session: 'one', message: common(LAST) })
})
