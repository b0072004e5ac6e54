// Key → shard. Fixed for ever: a change here would look for documents where they are not. Golden vectors guard it.
import type { ShardName } from './words.ts'

const encoder = new TextEncoder()

/** Room for the longest key: collection (64), `/`, id (512). Reused, since hashing is synchronous. */
const SCRATCH_BYTES = 1024
const scratch = new Uint8Array(SCRATCH_BYTES)

/** MurmurHash3 x86_32 (Austin Appleby, public domain) of the first `length` bytes. */
export function murmur3(bytes: Uint8Array, length: number = bytes.length, seed = 0): number {
  const c1 = 0xcc9e2d51
  const c2 = 0x1b873593
  const blocksEnd = length & ~3
  let h = seed
  for (let i = 0; i < blocksEnd; i += 4) {
    let k = byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16) | (byte(bytes, i + 3) << 24)
    k = Math.imul(k, c1)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, c2)
    h = (h << 13) | (h >>> 19)
    h = (Math.imul(h, 5) + 0xe6546b64) | 0
  }
  const tail = length & 3
  if (tail > 0) {
    let k = 0
    for (let i = tail - 1; i >= 0; i--) k = (k << 8) | byte(bytes, blocksEnd + i)
    k = Math.imul(k, c1)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, c2)
  }
  h ^= length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * The part of a key that is hashed: the `{tag}` of its id where there is one, as Redis Cluster defines it (first `{`,
 * then the first `}` after it, something between), else all of it. A collection holds no braces, so the key can be searched whole.
 */
export function hashed(key: string): string {
  const open = key.indexOf('{')
  if (open === -1) return key
  const close = key.indexOf('}', open + 1)
  return close <= open + 1 ? key : key.slice(open + 1, close)
}

/** Half of all keys each: the top bit of the hash decides. */
export const shardOf = (key: string): ShardName => shardOfText(hashed(key))

/** The same of a text that is no key: all of it counts. */
export function shardOfText(text: string): ShardName {
  // one UTF-16 unit is at most three bytes of UTF-8
  if (text.length * 3 > SCRATCH_BYTES) return shardOfHash(murmur3(encoder.encode(text)))
  return shardOfHash(murmur3(scratch, encoder.encodeInto(text, scratch).written))
}

const shardOfHash = (hash: number): ShardName => (hash >>> 31 === 0 ? 's0' : 's1')

/** Reads within bounds by construction; the `?? 0` only satisfies the checker. */
const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0
