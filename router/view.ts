// What routers route by: which origin is primary of each shard, in which epoch of which lineage.
import type { OriginName, ShardName } from './words.ts'

export type View = {
  readonly lineage: string
  readonly epoch: number
  readonly primaries: Readonly<Record<ShardName, OriginName>>
}

/** I8: within a lineage a view only moves forward. A view of another lineage never replaces a known one by itself. */
export function newerView(known: View | null, offered: View): View {
  if (known === null) return offered
  if (known.lineage !== offered.lineage) return known
  return offered.epoch > known.epoch ? offered : known
}
