// Strong reads of a standby: what its primary promises for them, to whom and for how long, and what the promise costs.
import { describe, expect, it } from 'vitest'
import { readsHold } from '../../../replicator/core/copy.ts'
import type { Effect } from '../../../replicator/core/events.ts'
import { Lease } from '../../../replicator/core/lease.ts'
import { type LinkMessage, parseMessage } from '../../../replicator/core/messages.ts'
import type { Pair } from '../../../replicator/core/pair.ts'
import type { PairRecord } from '../../../replicator/register/record.ts'
import { alonePair, RECORD } from './alone.ts'
import {
  answered,
  appends,
  compared,
  decided,
  HELLO_OF_B,
  mirroredPair,
  positionOf,
  reigns,
  says,
  sent,
} from './mirrored.ts'

const GRANTED = { granted: true, reads: false }
const PROMISED = { granted: false, reads: true }

/** What b's beat asks for by default: half a lease, for which the promise is 650 ms. */
const READ_MS = 500
const beatOf = (readMs: number): Extract<LinkMessage, { type: 'beat' }> => ({
  type: 'beat',
  seq: 1,
  epoch: 5,
  leaseMs: 1000,
  readMs,
  committed: { s0: null, s1: 9 },
})

/** Whether b's beat is answered with a promise. */
function promises(pair: Pair, now: number, readMs = READ_MS): boolean {
  const [grant] = sent(says(pair, now, beatOf(readMs)), 'grant')
  if (grant === undefined) throw new Error('a beat was not answered')
  return grant.reads
}

/** A primary whose lease runs until 1000. */
function primary(): Pair {
  const pair = mirroredPair()
  answered(pair, 0, 1, GRANTED)
  return pair
}

/** The record in which a goes on alone. */
const alone = (changes: Partial<PairRecord> = {}): PairRecord => ({
  ...RECORD,
  epoch: 6,
  primaries: reigns('a', 'a'),
  ...changes,
})

const committed = (effects: readonly Effect[]): number[] =>
  effects.flatMap(effect => (effect.type === 'committed' && effect.shard === 's0' ? [effect.index] : []))

describe('a primary promises', () => {
  it('to a member that asks, and nothing to one that does not', () => {
    const pair = primary()
    expect(promises(pair, 10, 0)).toBe(false)
    expect(pair.state.lease.readsPromisedUntil).toBe(Number.NEGATIVE_INFINITY)
    expect(promises(pair, 10)).toBe(true)
    expect(pair.state.lease.readsPromisedUntil).toBe(660)
    // a shorter promise takes nothing back of a longer one
    expect(promises(pair, 20, 100)).toBe(true)
    expect(pair.state.lease.readsPromisedUntil).toBe(660)
  })

  it.each([
    ['a store that the record does not name', { store: 'store-of-another' }],
    ['one of another lineage', { lineage: 'another' }],
    ['one that has not asked the register since its start', { synced: false }],
  ])('nothing to %s', (_whom, changes) => {
    const pair = primary()
    // the lease that the member granted runs on
    pair.step(5, { type: 'linkDown', session: 'one', why: 'a test' })
    pair.step(6, { type: 'linkUp', session: 'one' })
    says(pair, 6, { ...HELLO_OF_B, ...changes })
    expect(promises(pair, 10)).toBe(false)
    expect(pair.state.lease.readsPromisedUntil).toBe(Number.NEGATIVE_INFINITY)
  })

  it('nothing to one that is no member any more', () => {
    const pair = primary()
    decided(pair, 5, alone())
    expect(promises(pair, 10)).toBe(false)
  })

  it('nothing by one that stands: it would wait for its promise when it is alone', () => {
    const pair = primary()
    pair.state.proposal = { why: 'solo', epoch: 6, standing: true }
    expect(promises(pair, 10)).toBe(false)
  })

  it('for no longer than its own lease runs: then it may go on alone', () => {
    const pair = primary()
    expect(promises(pair, 350)).toBe(true)
    expect(promises(pair, 351)).toBe(false)
    expect(pair.state.lease.readsPromisedUntil).toBe(1000)
    answered(pair, 352, 353, GRANTED)
    expect(promises(pair, 354)).toBe(true)
    expect(mirroredPair().state.lease.heldUntil).toBe(Number.NEGATIVE_INFINITY)
    expect(promises(mirroredPair(), 10)).toBe(false)
  })

  it('for no longer than an entry may wait for the standby', () => {
    const pair = primary()
    compared(pair, 2, 's0', 9)
    appends(pair, 100, 's0', 10)
    answered(pair, 440, 441, GRANTED)
    expect(promises(pair, 450)).toBe(true)
    expect(promises(pair, 451)).toBe(false)
    says(pair, 452, { type: 'ack', shard: 's0', position: positionOf(10) })
    expect(promises(pair, 453)).toBe(true)
  })
})

describe('messages of an origin that knows nothing of it', () => {
  const parsed = (message: object): LinkMessage | null =>
    parseMessage(new TextEncoder().encode(JSON.stringify(message)))

  it('ask for nothing, and promise nothing', () => {
    const { readMs: _asked, ...beat } = beatOf(READ_MS)
    expect(parsed(beat)).toEqual(beatOf(0))
    const grant = { type: 'grant', seq: 1, epoch: 5, granted: true } as const
    expect(parsed(grant)).toEqual({ ...grant, reads: false })
  })

  it('others keep what they say', () => {
    expect(parsed(beatOf(READ_MS))).toEqual(beatOf(READ_MS))
    const grant = { type: 'grant', seq: 1, epoch: 5, granted: false, reads: true } as const
    expect(parsed(grant)).toEqual(grant)
    expect(parsed({ ...beatOf(0), readMs: -1 })).toBeNull()
  })
})

describe('the lease of a standby', () => {
  /** a is the standby of both shards. */
  const standby = (readsAsStandby = true): Pair => mirroredPair(reigns('b', 'b'), { readsAsStandby })
  const holds = (pair: Pair, now: number): boolean => readsHold(pair.state, 's0', now)

  it('is asked for only where it is of use', () => {
    const asked = (pair: Pair): number | undefined => sent(pair.step(10, { type: 'beatNow' }), 'beat')[0]?.readMs
    expect([asked(standby()), asked(standby(false))]).toEqual([READ_MS, 0])
  })

  it('runs from when the beat was sent, not from when it was answered', () => {
    const pair = standby()
    expect(holds(pair, 1)).toBe(false)
    answered(pair, 100, 450, PROMISED)
    expect([holds(pair, 599), holds(pair, 600)]).toEqual([true, false])
    answered(pair, 500, 700, { granted: true, reads: false })
    expect(holds(pair, 700)).toBe(false)
  })

  it('is not shortened by the late answer to an earlier beat', () => {
    const lease = new Lease({ heartbeatMs: 200, leaseMs: 1000, graceMs: 1300, stableMs: 500 })
    const [early, late] = [lease.beat(0), lease.beat(200)]
    lease.answered(late, PROMISED, 210)
    lease.answered(early, PROMISED, 220)
    expect(lease.readsHeldUntil).toBe(700)
    // nor does the same answer count twice
    lease.answered(late, PROMISED, 5000)
    expect(lease.readsHeldUntil).toBe(700)
  })

  it('ends before the promise does, on clocks that drift apart too', () => {
    const pair = primary()
    const { readMs } = pair.state.lease
    expect(promises(pair, 10, readMs)).toBe(true)
    expect(pair.state.lease.readsPromisedUntil - 10).toBe(1.3 * readMs)
  })

  it('is of no use to the primary itself, nor to one that has a proposal of its own under way', () => {
    const primaryOfOne = mirroredPair(reigns('a', 'b'), { readsAsStandby: true })
    answered(primaryOfOne, 0, 1, { granted: true, reads: true })
    expect([readsHold(primaryOfOne.state, 's0', 2), readsHold(primaryOfOne.state, 's1', 2)]).toEqual([false, true])

    const pair = standby()
    answered(pair, 0, 1, PROMISED)
    expect(holds(pair, 2)).toBe(true)
    // it leaves: from its proposal on it may be no member any more, and be the last to hear of that
    pair.step(2, { type: 'command', id: 1, command: { kind: 'leave' } })
    expect(holds(pair, 2)).toBe(true)
    answered(pair, 3, 4, PROMISED)
    expect(pair.state.proposal?.why).toBe('leave')
    expect(holds(pair, 4)).toBe(false)
  })
})

describe('alone', () => {
  it('a primary commits nothing before its promise has ended, and at the tick after it all that waited', () => {
    const pair = primary()
    expect(promises(pair, 10)).toBe(true)
    pair.step(20, { type: 'linkDown', session: 'one', why: 'a test' })
    appends(pair, 30, 's0', 10)
    pair.step(40, { type: 'linkUp', session: 'one' })
    says(pair, 40, HELLO_OF_B)
    expect(committed(decided(pair, 50, alone()))).toEqual([])
    expect(committed(appends(pair, 60, 's0', 11))).toEqual([])
    expect(committed(pair.step(659, { type: 'tick' }))).toEqual([])
    expect(committed(pair.step(660, { type: 'tick' }))).toEqual([11])
    expect(committed(appends(pair, 661, 's0', 12))).toEqual([12])
  })

  it('it waits for nobody where it promised nothing', () => {
    const pair = primary()
    decided(pair, 50, alone())
    expect(committed(appends(pair, 60, 's0', 10))).toEqual([10])
  })

  it('nor where the other one left by its own proposal: it reads nothing from before that on', () => {
    const pair = primary()
    expect(promises(pair, 10)).toBe(true)
    decided(pair, 50, alone({ by: { name: 'b', incarnation: 'b-life' }, why: 'leave' }))
    expect(committed(appends(pair, 60, 's0', 10))).toEqual([10])
  })

  it('it adds nobody who lacks an entry of before its reign, though it may not call that committed yet', () => {
    const pair = alonePair({}, { readsAsStandby: true })
    const { state } = pair
    for (const shard of ['s0', 's1'] as const) {
      const own = state.shards[shard]
      own.last = positionOf(9)
      own.sender.renew(9)
      own.reign = { since: 2, began: 0, start: 9, notBefore: 0, levelIn: null }
    }
    // the promise of an earlier reign runs for long
    state.lease.promiseReads(2000, 0)
    pair.step(0, { type: 'linkUp', session: 'one' })
    says(pair, 0, HELLO_OF_B)
    compared(pair, 1, 's1', 9)
    compared(pair, 1, 's0', 7)
    const missing = [8, 9].map(index => ({ position: positionOf(index), bytes: new Uint8Array(10) }))
    pair.step(590, { type: 'logRead', shard: 's0', read: 1, entries: missing })
    answered(pair, 600, 601, GRANTED)
    pair.step(602, { type: 'tick' })
    expect([state.adding?.store, state.shards.s0.sender.level, state.shards.s0.sender.acked]).toEqual([
      'store-b',
      true,
      7,
    ])
    says(pair, 603, { type: 'ack', shard: 's0', position: positionOf(8) })
    expect(state.proposal).toBeNull()
    says(pair, 604, { type: 'ack', shard: 's0', position: positionOf(9) })
    expect(state.proposal?.why).toBe('add')
  })
})
