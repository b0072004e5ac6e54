// Bounds of a shard's database, each with its reason. Tests bring smaller ones.

export type StoreLimits = {
  /** history kept for a peer that was away: beyond either, the oldest settled entries go, and it takes a snapshot instead */
  readonly logBytesKept: number
  readonly logEntriesKept: number
  /** frames of the WAL that are not in the database yet: a checkpoint comes between two groups then, even under load */
  readonly walFramesMax: number
  /** below this much free disk, groups are refused, so that COMMIT and checkpoints do not meet a full one */
  readonly diskBytesReserved: number
}

export const STORE_LIMITS: StoreLimits = {
  logBytesKept: 256 * 1024 * 1024,
  logEntriesKept: 200_000,
  walFramesMax: 4096,
  diskBytesReserved: 16 * 1024 * 1024,
}

/** On a small disk the reserve is this share of it. */
export const DISK_SHARE_RESERVED = 1 / 8
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
