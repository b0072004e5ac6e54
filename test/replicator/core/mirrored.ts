// A pair of decisions that is connected to the other origin, whose part the test plays.
import type { Effect } from '../../../replicator/core/events.ts'
import type { Hello, LinkMessage } from '../../../replicator/core/messages.ts'
import type { Pair } from '../../../replicator/core/pair.ts'
import type { Settings } from '../../../replicator/core/state.ts'
import type { Position } from '../../../replicator/entry/position.ts'
import type { PairRecord, Reign } from '../../../replicator/register/record.ts'
import type { OriginName } from '../../../router/words.ts'
import { alonePair, RECORD } from './alone.ts'

export const MEMBERS = [
  { name: 'a', store: 'store-a' },
  { name: 'b', store: 'store-b' },
] as const

export const HELLO_OF_B: Hello = {
  type: 'hello',
  wire: 1,
  name: 'b',
  lineage: 'lineage',
  store: 'store-b',
  incarnation: 'b-life',
  synced: true,
  fresh: false,
  drifted: [],
  unfit: null,
  drained: false,
  leaving: false,
  byHand: false,
}

export const positionOf = (index: number): Position => ({ epoch: 5, index, hash: String(index).padStart(32, '0') })

const reignOf = (name: OriginName): Reign => ({ name, incarnation: `${name}-life`, since: 2, pinned: false })

export const reigns = (s0: OriginName, s1: OriginName): PairRecord['primaries'] => ({
  s0: reignOf(s0),
  s1: reignOf(s1),
})

/** What b says at that time. */
export const says = (pair: Pair, now: number, message: LinkMessage): readonly Effect[] =>
  pair.step(now, { type: 'message', session: 'one', message })

/** What was sent to b, of one type. */
export const sent = <T extends LinkMessage['type']>(effects: readonly Effect[], type: T) =>
  effects
    .flatMap(effect => (effect.type === 'send' ? [effect.message] : []))
    .filter((message): message is Extract<LinkMessage, { type: T }> => message.type === type)

/** a and b are members, a is connected to b and reigns over what it is the primary of; it has no lease yet. */
export function mirroredPair(primaries = reigns('a', 'b'), set: Partial<Settings> = {}): Pair {
  const pair = alonePair({}, set)
  const { state } = pair
  state.record = { ...RECORD, members: [...MEMBERS], primaries }
  for (const shard of ['s0', 's1'] as const) {
    const own = state.shards[shard]
    own.last = positionOf(9)
    own.committed = 9
    own.sender.renew(9)
    if (primaries[shard].name === 'a') own.reign = { since: 2, began: 0, start: 9, notBefore: 0, levelIn: null }
  }
  pair.step(0, { type: 'linkUp', session: 'one' })
  says(pair, 0, HELLO_OF_B)
  return pair
}

/** A beat leaves at `sentAt` and is answered at `now`. */
export function answered(pair: Pair, sentAt: number, now: number, answer: { granted: boolean; reads: boolean }): void {
  const [beat] = sent(pair.step(sentAt, { type: 'beatNow' }), 'beat')
  if (beat === undefined) throw new Error('no beat left')
  says(pair, now, { type: 'grant', seq: beat.seq, epoch: beat.epoch, ...answer })
}

/** b's copy of the shard ends at this index, with our history. */
export function compared(pair: Pair, now: number, shard: 's0' | 's1', index: number): void {
  const common = positionOf(index)
  // the first comparison of a sender
  for (const effect of says(pair, now, { type: 'tail', shard, query: 1, positions: [common] }))
    if (effect.type === 'locate') pair.step(now, { type: 'located', shard, query: 1, peerLast: common, common })
}

/** Our disk has one more entry. */
export const appends = (pair: Pair, now: number, shard: 's0' | 's1', index: number): readonly Effect[] =>
  pair.step(now, { type: 'appended', shard, entry: { position: positionOf(index), bytes: new Uint8Array(10) } })

/** A decided record, which our identity file then holds. */
export function decided(pair: Pair, now: number, record: PairRecord): readonly Effect[] {
  const effects = says(pair, now, { type: 'record', record })
  const after = effects.flatMap(effect =>
    effect.type === 'persist' ? pair.step(now, { type: 'persisted', token: effect.token }) : [],
  )
  return [...effects, ...after]
}
