// The port through which a router learns who serves a shard. On a host the replicator answers it, on the edge a cached view.
import type { View } from './view.ts'
import type { ShardName } from './words.ts'

export type Where =
  /** this process is the serving primary */
  | { readonly kind: 'here' }
  | { readonly kind: 'there'; readonly view: View }
  /** nobody is known to serve it now; this may change within the parking time */
  | { readonly kind: 'wait'; readonly view: View | null; readonly why: string }

export interface Whereabouts {
  where(shard: ShardName): Where
  /** Resolves at the next change of any `where`, or after `timeoutMs`, or when the signal fires. Never rejects. */
  changed(timeoutMs: number, signal: AbortSignal): Promise<void>
  /** Takes a view that came with an answer; never goes back. */
  learn(view: View): void
}
