// Bounds of a shard's database, each with its reason. Tests bring smaller ones.

export type StoreLimits = {
  /** history kept for a peer that was away: beyond either, the oldest settled entries go, and it takes a snapshot instead */
  readonly logBytesKept: number
  readonly logEntriesKept: number
  /** frames of the WAL that are not in the database yet: a checkpoint comes between two groups then, even under load */
  readonly walFramesMax: number
  /** below this much free disk, groups are refused, so that COMMIT and checkpoints do not meet a full one */
  readonly diskBytesReserved: number
  /**
   * idempotency records of each kind: beyond it the oldest go before their time. A million minted ones are some 100 MB
   * and, at the 20 000 writes a second that a shard takes at most, still five times what a router spends on a request.
   */
  readonly mintedRecordsKept: number
  readonly clientRecordsKept: number
}

export const STORE_LIMITS: StoreLimits = {
  logBytesKept: 256 * 1024 * 1024,
  logEntriesKept: 200_000,
  walFramesMax: 4096,
  diskBytesReserved: 16 * 1024 * 1024,
  mintedRecordsKept: 1_000_000,
  clientRecordsKept: 1_000_000,
}

/** On a small disk the reserve is this share of it. */
export const DISK_SHARE_RESERVED = 1 / 8
/** And each of the two logs keeps no more of its history than this share: a disk must not fill with what a snapshot replaces. */
export const DISK_SHARE_OF_LOG = 1 / 16
/** A group whose entry is longer than what its commands brought by no more than this needs no second look at the disk. */
export const GROWN_BYTES_UNLOOKED = 1024 * 1024
/** A group's bytes go to the WAL as rows, log and old rows, and once more at the checkpoint. */
export const WRITTEN_TIMES_MAX = 4
/** Compaction begins this far beyond the limit, and then drops a few entries with each transaction: no long stall. */
export const LOG_SLACK_SHARE = 1 / 64
export const TRIM_ENTRIES_A_TRANSACTION = 32
export const TRIM_BYTES_A_TRANSACTION = 4 * 1024 * 1024
/** Old rows dropped with one transaction; more are left for the next. */
export const SETTLE_ENTRIES_A_TRANSACTION = 256
/** The thread does its housekeeping (settling, checkpoint) when it had nothing to do for this long, */
export const QUIET_MS = 50
/** and no more often than this: each round costs fsyncs of its own. */
export const HOUSEKEEPING_EVERY_MS = 500
/** Calls on their way to the thread. The replicator keeps a window far below; beyond it something is broken. */
export const CALLS_PENDING_MAX = 1024
/** Files are read and hashed in pieces of this size. */
export const CHUNK_BYTES = 1024 * 1024
/** CONTRACT: how long a repeat of a write is recognised by its client's key, and by a router's own. */
export const CLIENT_KEPT_MS = 24 * 60 * 60 * 1000
export const MINTED_KEPT_MS = 10 * 60 * 1000
/** A router whose clock is further ahead of the primary's gets no record for its keys. */
export const MINTED_AHEAD_MS_MAX = 60 * 1000
/** Records removed with one group, beside as many as it has operations; and how often is looked whether any are due. */
export const EXPIRED_A_GROUP = 64
export const EXPIRY_LOOK_MS = 1000
/** All documents that one transaction writes: with a full group before it, still an entry. */
export const TX_BYTES_MAX = 8 * 1024 * 1024
/**
 * Young generation of a writer's thread: a group leaves little behind, bodies are outside of the heap, and V8 would let it grow
 * to 27 MiB within an hour of load.
 */
export const YOUNG_MIB = 6
