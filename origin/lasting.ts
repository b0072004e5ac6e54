// Waits until what was read of this host's copy is there to stay: under load its newest entries are always on their way.
import { lasting } from '../replicator/core/copy.ts'
import type { Replicator } from '../replicator/replicator.ts'
import type { ShardName } from '../router/words.ts'

/** A heartbeat tells a standby what is committed; a few of them, and it is not load that keeps it from knowing. */
export const LASTING_MS = 500

export type Watched = Pick<Replicator, 'state' | 'advanced' | 'onChange'>

/** Taken before one reads. */
export const epochOf = ({ state }: Watched): number => state.record?.epoch ?? 0

/** False where it takes longer, or where another epoch has begun since: then the entry of that number may be another one. */
export function untilLasting(
  replicator: Watched,
  epoch: number,
  shard: ShardName,
  index: number,
): boolean | Promise<boolean> {
  const judged = (): boolean | null => {
    const upTo = lasting(replicator.state, shard)
    if (upTo === null || epochOf(replicator) !== epoch) return false
    if (upTo >= index) return true
    // without its primary a standby learns nothing more
    const { peer, shards } = replicator.state
    return peer === null && shards[shard].reign === null ? false : null
  }
  const now = judged()
  if (now !== null) return now
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const settle = (lasts: boolean): void => {
    clearTimeout(timer)
    for (const unlisten of unlistens) unlisten()
    resolve(lasts)
  }
  const look = (): void => {
    const known = judged()
    if (known !== null) settle(known)
  }
  const timer = setTimeout(() => settle(false), LASTING_MS)
  const unlistens = [replicator.advanced.add(look), replicator.onChange(look)]
  return promise
}
