// What an origin must remember about itself, in a file of its own that no snapshot overwrites.
import type { OriginName, ShardName } from '../router/words.ts'
import { AHEAD } from './core/limits.ts'
import type { PairRecord, RegisterValue } from './register/record.ts'

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
  /** the newest record ever taken for decided: nothing is acknowledged alone under one that is not here yet */
  readonly record: PairRecord | null
  /** this store was put here from a backup of that lineage; its own has not begun yet, and will with that epoch */
  readonly restored: { readonly from: string; readonly epoch: number } | null
  /** shards in which this store was found to differ from its primary: it may not stand, it must be reseeded */
  readonly drifted: readonly ShardName[]
  /** true after `tandem drain`, until `tandem ready` */
  readonly drained: boolean
}

/**
 * What a store begins with that is put in place from a backup. Its lineage begins ahead of every epoch that the lost pair can
 * have had since: an ETag that somebody still holds from there must never name other bytes.
 * @param from lineage of the backup; @param epochs of the backup and of what is in it
 */
export const restoredIdentity = (
  name: OriginName,
  store: string,
  from: string,
  epochs: readonly number[],
): Identity => ({
  format: 1,
  name,
  store,
  lineage: null,
  incarnations: [],
  ballotCounter: 0,
  intent: null,
  epoch: 0,
  record: null,
  restored: { from, epoch: Math.max(...epochs) + AHEAD },
  drifted: [],
  drained: false,
})

export interface IdentityFile {
  /** Atomic and durable: written beside, fsynced, renamed, directory fsynced. Saves run in order. */
  save(identity: Identity): Promise<void>
}
