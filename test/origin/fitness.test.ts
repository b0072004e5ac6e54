// May a host hold a floating address? More than alive, less than ready.
import { expect, test } from 'vitest'
import { whyNoAddress } from '../../origin/fitness.ts'
import type { Pair } from '../../replicator/core/pair.ts'
import { ACCEPTORS, type AcceptorName, type AcceptorReply } from '../../replicator/register/acceptor.ts'
import { alonePair, RECORD } from '../replicator/core/alone.ts'

const ballot = { counter: 1, proposer: 'a-life' }
const STATE: AcceptorReply = {
  kind: 'state',
  lineage: 'lineage',
  promised: ballot,
  accepted: { ballot, value: { record: RECORD, boots: {} } },
}
const FAILED: AcceptorReply = { kind: 'failed', reason: 'silent' }

/** Both are members; the lease runs until 1000. */
function mirrored(answering: readonly AcceptorName[]): Pair {
  const pair = alonePair()
  const { state } = pair
  state.record = { ...RECORD, members: [...RECORD.members, { name: 'b', store: 'store-b' }] }
  state.lease.answered(state.lease.beat(0), { granted: true, reads: false }, 10)
  state.registers.last = new Map(ACCEPTORS.map(name => [name, answering.includes(name) ? STATE : FAILED]))
  return pair
}

test('the only member may, whoever else is dead', () => {
  expect(whyNoAddress(alonePair().state, 1e6)).toBeNull()
})

test('one whose lease runs may, without a register too', () => {
  expect(whyNoAddress(mirrored([]).state, 999)).toBeNull()
})

test('without a lease, one that reaches a majority may: requests wait there while a takeover runs', () => {
  expect(whyNoAddress(mirrored(['a', 'w']).state, 1001)).toBeNull()
  expect(whyNoAddress(mirrored(['a']).state, 1001)).toContain('majority')
})

test('one that leaves, is no member, or must be reseeded may not', () => {
  const leaving = mirrored([])
  leaving.state.leaving = true
  const outside = mirrored([])
  outside.state.record = { ...RECORD, members: [{ name: 'b', store: 'store-b' }] }
  const unfit = mirrored([])
  unfit.state.unfit = 'its disk is full'
  const early = mirrored([])
  early.state.synced = false
  for (const { state } of [leaving, outside, unfit, early]) expect(whyNoAddress(state, 500)).not.toBeNull()
})
