// Which of the two origins an attempt goes to, and how it is asked there. A host has no choice: it is the one, or the
// other is. The edge has: see edgeaim.ts.
import type { View } from './view.ts'
import type { OriginName, ShardName } from './words.ts'

export type Target = {
  readonly origin: OriginName
  /** asked to route it on: we cannot, or do not know better */
  readonly relay: boolean
  /** until that origin answers that it cannot serve it either; null leaves it to the origin */
  readonly parkMs: number | null
}

export interface Aim {
  /** `tried` is where the last attempt of this very request came to nothing. */
  choose(shard: ShardName, view: View, tried: OriginName | null, replayable: boolean): Target
  /** An attempt failed on the way: whether one more may be made now. */
  mayRetry(): boolean
  /** It was asked and let its time run out; until it answers again. */
  isSilent(origin: OriginName): boolean
}

export const STRAIGHT: Aim = {
  choose: (shard, view) => ({ origin: view.primaries[shard], relay: false, parkMs: null }),
  mayRetry: () => true,
  // the link says so sooner
  isSilent: () => false,
}
