// I4: entries come in any order, again and again, with gaps, from both lanes and from former reigns; exactly the sequence of
// the primary of the newest record comes out, each entry once.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Effect } from '../../../replicator/core/events.ts'
import { GAP_ENTRIES_MAX } from '../../../replicator/core/limits.ts'
import { Receiver } from '../../../replicator/core/receiver.ts'
import { onApplied, onEntry } from '../../../replicator/core/standby.ts'
import { newState, type State } from '../../../replicator/core/state.ts'
import { GENESIS } from '../../../replicator/entry/position.ts'

const bytesOf = (from: number, index: number): Uint8Array => Uint8Array.of(from, index)

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('offer' as const), index: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'take' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'durable' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'newSender' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undone' as const), to: fc.integer({ min: 0, max: 12 }) }) },
)

test('what comes out follows what is durable without a gap, and nothing of a former sender does', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), actions => {
      const receiver = new Receiver()
      let sender = 1
      let last = 0
      let onDisk: readonly Uint8Array[] = []
      for (const next of actions) {
        if (next.kind === 'offer')
          expect(receiver.offer(next.index, bytesOf(sender, next.index)) === 'repeat').toBe(next.index <= last)
        if (next.kind === 'take') {
          const run = receiver.take()
          if (onDisk.length > 0) expect(run).toEqual([])
          else onDisk = run
          if (run.length > 0) expect(run).toEqual(run.map((_, at) => bytesOf(sender, last + 1 + at)))
        }
        if (next.kind === 'durable' && onDisk.length > 0) {
          last += onDisk.length
          onDisk = []
          receiver.moved(last)
        }
        if (next.kind === 'newSender') {
          sender++
          receiver.clear()
        }
        if (next.kind === 'undone' && onDisk.length === 0 && next.to <= last) {
          last = next.to
          receiver.clear()
          receiver.moved(last)
        }
      }
      // Whatever happened before: once all come, all come out.
      if (onDisk.length > 0) last += onDisk.length
      receiver.clear()
      receiver.moved(last)
      for (let index = 12; index >= 1; index--) receiver.offer(index, bytesOf(9, index))
      expect(receiver.take()).toEqual(Array.from({ length: 12 - last }, (_, at) => bytesOf(9, last + 1 + at)))
      expect(receiver.waiting).toBe(0)
    }),
  )
})

test('memory is bounded while an entry is missing, and that one is always taken', () => {
  const receiver = new Receiver()
  for (let index = 2; index < 3 * GAP_ENTRIES_MAX; index++) receiver.offer(index, bytesOf(1, index % 256))
  expect(receiver.waiting).toBe(GAP_ENTRIES_MAX)
  expect(receiver.offer(3 * GAP_ENTRIES_MAX, bytesOf(1, 0))).toBe('full')
  expect(receiver.offer(1, bytesOf(1, 1))).toBe('held')
  expect(receiver.take().length).toBe(GAP_ENTRIES_MAX + 1)
})

const SINCE = 5
const LENGTH = 8

/** b, a standby of a's for s0 since epoch 5. */
function standby(): State {
  const identity = {
    format: 1,
    name: 'b',
    store: 'store-b',
    lineage: 'l',
    incarnations: ['b1'],
    ballotCounter: 0,
    intent: null,
    epoch: SINCE,
    record: null,
    restored: null,
    drifted: [],
    drained: false,
  } as const
  const timing = { heartbeatMs: 200, leaseMs: 1000, graceMs: 1300, stableMs: 500 }
  const settings = {
    name: 'b',
    timing,
    failback: 'auto',
    readsAsStandby: false,
    incarnation: 'b1',
    random: () => 0,
    newId: () => 'id',
  } as const
  const state = newState(settings, identity, { s0: GENESIS, s1: GENESIS }, 0)
  const reign = { name: 'a', incarnation: 'a2', since: SINCE, pinned: false } as const
  state.synced = true
  state.peer = { session: 'now', since: 0, hello: null, epoch: SINCE }
  state.record = {
    lineage: 'l',
    epoch: SINCE,
    members: [
      { name: 'a', store: 'store-a' },
      { name: 'b', store: 'store-b' },
    ],
    primaries: { s0: reign, s1: reign },
    by: { name: 'a', incarnation: 'a2' },
    why: 'recover',
  }
  return state
}

const arrival = fc.record({
  index: fc.integer({ min: 1, max: LENGTH }),
  epoch: fc.constantFrom(SINCE - 2, SINCE - 1, SINCE, SINCE, SINCE, SINCE + 1),
  incarnation: fc.constantFrom('a1', 'a2', 'a2', 'a2'),
  session: fc.constantFrom('before', 'now', null, null),
})

test('a standby hands its disk the sequence of the reign that it knows, whatever else arrives', () => {
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 80 }), fc.array(fc.boolean()), (arrivals, disk) => {
      const state = standby()
      const applied: Uint8Array[] = []
      const waiting: (readonly Uint8Array[])[] = []
      const act = (effects: readonly Effect[]): void => {
        for (const effect of effects) if (effect.type === 'apply') waiting.push(effect.entries)
      }
      const flush = (): void => {
        const entries = waiting.shift()
        if (entries === undefined) return
        applied.push(...entries)
        onApplied(state, 's0', { epoch: SINCE, index: applied.length, hash: `h${applied.length}` })
      }
      const whole = Array.from({ length: LENGTH }, (_, at) => ({
        index: LENGTH - at,
        epoch: SINCE,
        incarnation: 'a2',
        session: 'now',
      }))
      for (const [at, come] of [...arrivals, ...whole].entries()) {
        const ours = come.incarnation === 'a2' && come.epoch >= SINCE
        const bytes = bytesOf(ours ? 1 : 0, come.index)
        onEntry(state, { type: 'entry', shard: 's0', ...come, bytes })
        act(state.effects.splice(0))
        if (disk[at % Math.max(1, disk.length)] === true) flush()
        act(state.effects.splice(0))
        expect(waiting.length).toBeLessThanOrEqual(1)
      }
      while (waiting.length > 0) {
        flush()
        act(state.effects.splice(0))
      }
      expect(applied).toEqual(Array.from({ length: LENGTH }, (_, at) => bytesOf(1, at + 1)))
    }),
  )
})
