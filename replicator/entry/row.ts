// A document's row, whole: what an entry's old-row hash and the digest of a shard are taken of.
import { createHash, type Hash, hash } from 'node:crypto'
import { HASH_HEX_CHARS } from './position.ts'

export type Row = {
  readonly key: string
  readonly type: string
  readonly body: Uint8Array
  /** entry that wrote it, and its operation's number therein: together its ETag */
  readonly epoch: number
  readonly index: number
  readonly n: number
  /** wall-clock milliseconds */
  readonly modified: number
  /** wall-clock milliseconds from which on the primary may delete it; null is never */
  readonly expires: number | null
}

/** Stands for "no expiry" where a number must stand: no document expires at the beginning of time. */
export const NEVER = 0

/** Stands for "there was no row". */
export const NO_ROW_HASH = '0'.repeat(HASH_HEX_CHARS)

/** A strong ETag: epoch, entry and operation never repeat for other bytes. */
export const etagOf = (epoch: number, index: number, n: number): string => `"${epoch}.${index}.${n}"`

const PREFIX_BYTES = 48
/** Rows up to here are hashed in one call from one buffer: half the time of a Hash object for each. */
const SCRATCH_BYTES = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

/** Hex of the first 16 bytes of SHA-256 over the whole row. Lengths come first, so no two rows have the same bytes. */
export function rowHash(row: Row): string {
  const head = writeHead(row)
  if (head + row.body.length > SCRATCH_BYTES) {
    return createHash('sha256')
      .update(scratch.subarray(0, head))
      .update(row.body)
      .digest('hex')
      .slice(0, HASH_HEX_CHARS)
  }
  scratch.set(row.body, head)
  return hash('sha256', scratch.subarray(0, head + row.body.length), 'hex').slice(0, HASH_HEX_CHARS)
}

/** Adds a row to a running digest, in the same bytes. */
export function digestRow(digest: Hash, row: Row): void {
  digest.update(scratch.subarray(0, writeHead(row))).update(row.body)
}

function writeHead(row: Row): number {
  const keyBytes = Buffer.byteLength(row.key)
  const typeBytes = Buffer.byteLength(row.type)
  const head = PREFIX_BYTES + keyBytes + typeBytes
  if (head > SCRATCH_BYTES) throw new RangeError(`a row's key and type of ${head} bytes`)
  scratch.writeUInt32BE(keyBytes, 0)
  scratch.writeUInt32BE(typeBytes, 4)
  scratch.writeUInt32BE(row.body.length, 8)
  scratch.writeDoubleBE(row.epoch, 12)
  scratch.writeDoubleBE(row.index, 20)
  scratch.writeUInt32BE(row.n, 28)
  scratch.writeDoubleBE(row.modified, 32)
  scratch.writeDoubleBE(row.expires ?? NEVER, 40)
  scratch.write(row.key, PREFIX_BYTES, 'utf8')
  scratch.write(row.type, PREFIX_BYTES + keyBytes, 'utf8')
  return head
}
