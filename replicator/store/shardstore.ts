// The port to one shard's database on this host. It belongs to the replicator; origin/store implements it over SQLite,
// the simulation over a model. Calls that touch the writer run in the order in which they were made.
import type { ShardName } from '../../router/words.ts'
import type { Position } from '../entry/position.ts'
import type { WriteCommand } from './command.ts'
import type { WriteOutcome } from './outcome.ts'

/** An entry's bytes (see entry/codec.ts) with the position that they lead to. */
export type LoggedEntry = { readonly position: Position; readonly bytes: Uint8Array }

/** @typeParam E the entry, or what stands for it on the way */
export type WriteResult<E = LoggedEntry> =
  | {
      readonly kind: 'done'
      /** one for each command, in order */
      readonly outcomes: readonly WriteOutcome[]
      /** the entry that the group made, or null when every command was refused */
      readonly entry: E | null
      /** the last index that the outcomes could have seen: answer none of them before it is committed */
      readonly seen: number
    }
  /** nothing of the group took effect: the epoch is over (see `fence`), or the disk refused it */
  | { readonly kind: 'refused'; readonly reason: 'fenced' | 'disk'; readonly detail: string }

export type ApplyOutcome =
  | { readonly kind: 'applied'; readonly last: Position }
  /** entries before the bad one were applied (`last`), the bad one left no trace */
  | {
      readonly kind: 'refused'
      readonly last: Position
      readonly index: number
      readonly reason: 'corrupt' | 'version' | 'sequence' | 'drift' | 'disk'
      readonly detail: string
    }

export type SnapshotFile = {
  readonly path: string
  readonly position: Position
  readonly bytes: number
  /** hex SHA-256 of the file */
  readonly sha256: string
}

export interface ShardStore {
  readonly shard: ShardName
  /** the last position on this disk, tentative entries included; current as of the last call that was answered */
  last(): Position
  /**
   * Group commit: one transaction, one fsync, one entry. `epoch` is written into the entry and its ETags.
   * The bytes of bodies may be transferred: the caller must not use them afterwards.
   * @param prepared told of the entry as its COMMIT begins, so that the other disk can be busy with it meanwhile: from then
   * on it becomes durable, or this process ends
   */
  write(epoch: number, commands: readonly WriteCommand[], prepared?: (entry: LoggedEntry) => void): Promise<WriteResult>
  /** Refuses every later `write` of an epoch lower than this one. In order with the other calls. */
  fence(epoch: number): void
  /** Standby: applies entries that follow `last()`, all in one transaction with one fsync. */
  apply(entries: readonly Uint8Array[]): Promise<ApplyOutcome>
  /** Entries up to here are committed: their old rows are dropped with the next transaction. */
  settle(index: number): void
  /**
   * The positions that may be returned to without a snapshot, newest first: the last one, then every tentative one,
   * down to the newest that can no longer be undone. At most `max`, the newest ones.
   */
  tail(max: number): Promise<readonly Position[]>
  /** The newest of these positions that is in this log too (same index, epoch and hash), or null. */
  locate(positions: readonly Position[]): Promise<Position | null>
  /** Entries from `index` on, some `bytesMax` in all but at least one; empty past the end; null where the log was compacted. */
  read(index: number, bytesMax: number): Promise<readonly LoggedEntry[] | null>
  /** Writes the entries beyond `index` to a quarantine file (fsynced), then undoes them. Rejects where an old row is gone. */
  undo(index: number, why: string): Promise<{ readonly quarantined: number; readonly last: Position }>
  /** A consistent copy of the shard, made while writes go on. The caller deletes it with `discard`. */
  snapshot(): Promise<SnapshotFile>
  /** Moves the present database aside, puts the file in its place, opens it. Never deletes the old one. */
  install(file: SnapshotFile, why: string): Promise<{ readonly last: Position; readonly aside: string }>
  close(): Promise<void>
}
