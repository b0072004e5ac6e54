// What an origin must remember about itself, in a file of its own that no snapshot overwrites.
import type { OriginName, ShardName } from '../router/words.ts'
import type { RegisterValue } from './register/record.ts'

export type Identity = {
  readonly format: 1
  readonly name: OriginName
  /** id of this store; a wiped, restored or reseeded one gets a new id */
  readonly store: string
  /** the pair's history that the store belongs to; null before the first boot has been decided */
  readonly lineage: string | null
  /** incarnations since (and including) the last one that the register is known to have seen, oldest first */
  readonly incarnations: readonly string[]
  /** highest ballot counter ever used by this origin: persisted before a ballot leaves */
  readonly ballotCounter: number
  /** the value that a proposal under way may have got accepted somewhere; null when none is undecided */
  readonly intent: RegisterValue | null
  /** the newest epoch ever seen (I8) */
  readonly epoch: number
  /** shards in which this store was found to differ from its primary: it may not stand, it must be reseeded */
  readonly drifted: readonly ShardName[]
  /** true after `tandem drain`, until `tandem ready` */
  readonly drained: boolean
}

export interface IdentityFile {
  /** Atomic and durable: written beside, fsynced, renamed, directory fsynced. Saves run in order. */
  save(identity: Identity): Promise<void>
}
