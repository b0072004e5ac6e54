// What the register holds: the one record of the pair, and which incarnation of each origin it saw last.
import type { OriginName, ShardName } from '../../router/words.ts'

/** A store that is known to hold every acknowledged write. */
export type Member = { readonly name: OriginName; readonly store: string }

/** Who is primary of a shard: one life of one process, since the epoch in which this reign began. */
export type Reign = {
  readonly name: OriginName
  readonly incarnation: string
  readonly since: number
  /** handed over by a person: automatic failback leaves it where it is */
  readonly pinned: boolean
}

export type PairRecord = {
  readonly lineage: string
  readonly epoch: number
  readonly members: readonly Member[]
  readonly primaries: Readonly<Record<ShardName, Reign>>
  /** who proposed it: a proposer that names another primary has stopped serving that shard itself */
  readonly by: { readonly name: OriginName; readonly incarnation: string }
  readonly why:
    | 'first boot'
    | 'restart'
    | 'recover'
    | 'solo'
    | 'takeover'
    | 'add'
    | 'handover'
    | 'leave'
    /** by a person, who says that the other origin is off */
    | 'forced'
    /** the registers had forgotten it: put back from what both origins know */
    | 'rebuilt'
    /** the first of a lineage that goes on from a backup */
    | 'restored'
}

/**
 * The register's value. `boots` is the last incarnation of each origin that finished its round at start: a data
 * directory whose own list of incarnations does not hold it was rolled back to an older copy.
 */
export type RegisterValue = {
  readonly record: PairRecord
  readonly boots: Readonly<Partial<Record<OriginName, string>>>
}
