// A position names a place in a shard's history: two logs that share one are equal up to it (I6).

export type Position = {
  /** epoch in which the entry was written; 0 before the first entry */
  readonly epoch: number
  /** number of the entry, from 1, without gaps; 0 before the first entry */
  readonly index: number
  /** running hash of the history up to and including the entry: 32 lower-case hex digits (128 bit) */
  readonly hash: string
}

export const HASH_HEX_CHARS = 32

/** The position of an empty history. */
export const GENESIS: Position = { epoch: 0, index: 0, hash: '0'.repeat(HASH_HEX_CHARS) }

export const samePosition = (x: Position, y: Position): boolean =>
  x.index === y.index && x.epoch === y.epoch && x.hash === y.hash
