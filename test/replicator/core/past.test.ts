// A primary that is alone needs no lease. What it must not do is go on once it has seen that the pair moved on without it.
import { expect, test } from 'vitest'
import type { Effect } from '../../../replicator/core/events.ts'
import { ACCEPTORS, type AcceptorReply } from '../../../replicator/register/acceptor.ts'
import { alonePair, RECORD, serves } from './alone.ts'

const asks = (effects: readonly Effect[]): boolean =>
  effects.some(effect => effect.type === 'register' && effect.request.op === 'read')

const ballot = { counter: 9, proposer: 'b-life' }
const stateOf = (lineage: string, epoch: number): AcceptorReply => ({
  kind: 'state',
  lineage,
  promised: ballot,
  accepted: { ballot, value: { record: { ...RECORD, lineage, epoch }, boots: {} } },
})

test('a newer epoch that a signed view shows ends its serving at once, until its record has been read', () => {
  const pair = alonePair()
  pair.step(1, { type: 'tick' })
  expect(serves(pair, 10)).toBe(true)
  for (const shown of [
    { lineage: 'another', epoch: 99 },
    { lineage: 'lineage', epoch: 5 },
  ]) {
    pair.step(10, { type: 'shown', ...shown })
    expect(serves(pair, 10)).toBe(true)
  }
  pair.step(11, { type: 'shown', lineage: 'lineage', epoch: 6 })
  expect(serves(pair, 11)).toBe(false)
  // it looks at once, not at the next turn of its probes
  expect(asks(pair.step(12, { type: 'tick' }))).toBe(true)
  for (const acceptor of ACCEPTORS)
    pair.step(13, { type: 'register', round: 0, acceptor, reply: stateOf('lineage', 6) })
  expect(pair.state.record?.epoch).toBe(6)
  expect(serves(pair, 13)).toBe(true)
})

test('a majority of the registers in another lineage ends it too: the pair was restored from a backup', () => {
  const pair = alonePair()
  pair.step(1, { type: 'tick' })
  pair.step(2, { type: 'register', round: 0, acceptor: 'a', reply: stateOf('restored', 1_000_006) })
  expect(serves(pair, 2)).toBe(true)
  pair.step(3, { type: 'register', round: 0, acceptor: 'b', reply: stateOf('restored', 1_000_006) })
  pair.step(3, { type: 'register', round: 0, acceptor: 'w', reply: { kind: 'failed', reason: 'down' } })
  expect(serves(pair, 3)).toBe(false)
})
