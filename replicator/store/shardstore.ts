// The port to one shard's database on this host. It belongs to the replicator; origin/store implements it over SQLite,
// the simulation over a model. Calls that touch the writer run in the order in which they were made.
import type { ShardName } from '../../router/words.ts'
import type { Position } from '../entry/position.ts'

/** An entry's bytes (see entry/codec.ts) with the position that they lead to. */
export type LoggedEntry = { readonly position: Position; readonly bytes: Uint8Array }

/** One row operation of a write that is asked for; conditions are judged by the writer, in the group's transaction. */
export type Condition =
  | { readonly kind: 'none' }
  /** true where the document exists and its ETag is one of these; `*` is any */
  | { readonly kind: 'match'; readonly etags: readonly string[] | '*' }
  /** true where the document is absent or has none of these ETags; `*` is any */
  | { readonly kind: 'noneMatch'; readonly etags: readonly string[] | '*' }

/** By what a repeat of a write is recognised. `scope` is the key of its record, see entry/record.ts. */
export type Idempotency =
  /** the client's own key; `fingerprint` is of the content, so that another request under the same key is noticed */
  | { readonly kind: 'client'; readonly scope: string; readonly fingerprint: string }
  /** a router's key for one request, `mintedAt` by its wall clock */
  | { readonly kind: 'minted'; readonly scope: string; readonly mintedAt: number }

export type WriteCommand =
  | {
      readonly op: 'put'
      readonly key: string
      readonly type: string
      readonly body: Uint8Array
      readonly conditions: readonly Condition[]
      /** wall-clock milliseconds, for Last-Modified and for the age of idempotency records */
      readonly at: number
      readonly idem?: Idempotency
    }
  | {
      readonly op: 'delete'
      readonly key: string
      readonly conditions: readonly Condition[]
      readonly at: number
      readonly idem?: Idempotency
    }

/** What a write did; its idempotency record keeps it. A refusal is no such thing: it is decided anew. */
export type Done = {
  readonly kind: 'created' | 'replaced' | 'deleted'
  readonly etag: string
  readonly modified: number
}

export type WriteOutcome =
  | Done
  /** the same write took effect before; this time nothing did */
  | { readonly kind: 'replayed'; readonly done: Done }
  /** the client's key was used for other content: nothing took effect */
  | { readonly kind: 'mismatch' }
  /** the router's key is outside of the time for which records are kept: whether it was used nobody knows any more */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'preconditionFailed'; readonly etag: string | null }
  /** this command alone failed in the database; its savepoint was rolled back */
  | { readonly kind: 'failed'; readonly reason: string }

export type WriteResult =
  | {
      readonly kind: 'done'
      /** one for each command, in order */
      readonly outcomes: readonly WriteOutcome[]
      /** the entry that the group made, or null when every command was refused */
      readonly entry: LoggedEntry | null
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
   */
  write(epoch: number, commands: readonly WriteCommand[]): Promise<WriteResult>
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
