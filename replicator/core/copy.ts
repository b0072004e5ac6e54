// What this origin's own copy of a shard is good for, whoever is its primary.
import type { ShardName } from '../../router/words.ts'
import { isServing } from './reign.ts'
import { isFit, isMember, type State } from './state.ts'

/**
 * Entries of this log up to here are on all members' disks, so no reign to come is without them. A standby's entries came
 * from its primary, whose disk may still be busy with the newest one: with any other it was done before. Null where this
 * copy is no member's, or differs from its primary's.
 */
export function lasting(s: State, shard: ShardName): number | null {
  if (!isMember(s) || !isFit(s) || s.replaced) return null
  const { reign, committed, verified } = s.shards[shard]
  return reign === null ? Math.max(committed, verified - 1) : committed
}

/** For how long writes may have been acknowledged that this copy lacks, in milliseconds; null where nobody can say. */
export function behindMs(s: State, shard: ShardName, now: number): number | null {
  if (isServing(s, shard, now)) return 0
  const { reign, levelAt } = s.shards[shard]
  return reign !== null || levelAt === null ? null : Math.max(0, Math.ceil(now - levelAt))
}

/**
 * I5 for a standby: may it answer a strong read of the shard from its own copy, as far as that is `lasting`? While its read lease
 * runs, its primary commits nothing without it, so the copy lacks nothing that was acknowledged. With a proposal of its own under
 * way it may be no member any more.
 */
export const readsHold = (s: State, shard: ShardName, now: number): boolean =>
  s.record?.primaries[shard].name === s.peerName && s.proposal === null && now < s.lease.readsHeldUntil
