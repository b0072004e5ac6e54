// The direct lane's frame: some entries of one shard, from one reign. Layout (big endian): u8 shard, u8 length of the
// incarnation, the incarnation, u48 epoch of the sender's record, then for each entry u48 index, u32 length, bytes.
import { SHARDS, type ShardName } from '../../router/words.ts'

export type EntryFrame = {
  readonly shard: ShardName
  readonly incarnation: string
  readonly epoch: number
  readonly entries: readonly { readonly index: number; readonly bytes: Uint8Array }[]
}

const INCARNATION_BYTES_MAX = 255
const ENTRY_HEAD_BYTES = 10

export function encodeEntryFrame({ shard, incarnation, epoch, entries }: EntryFrame): Uint8Array {
  const name = new TextEncoder().encode(incarnation)
  if (name.length > INCARNATION_BYTES_MAX) throw new Error('an incarnation is longer than a frame can name')
  const size = entries.reduce((sum, entry) => sum + ENTRY_HEAD_BYTES + entry.bytes.length, 8 + name.length)
  const frame = new Uint8Array(size)
  const view = new DataView(frame.buffer)
  frame[0] = SHARDS.indexOf(shard)
  frame[1] = name.length
  frame.set(name, 2)
  let at = 2 + name.length
  at = putUint48(view, at, epoch)
  for (const { index, bytes } of entries) {
    at = putUint48(view, at, index)
    view.setUint32(at, bytes.length)
    frame.set(bytes, at + 4)
    at += 4 + bytes.length
  }
  return frame
}

/** Null for anything that is not such a frame: the session is then dropped. The entries are views of `frame`. */
export function decodeEntryFrame(frame: Uint8Array): EntryFrame | null {
  const shard = SHARDS[frame[0] ?? -1]
  const nameEnd = 2 + (frame[1] ?? 0)
  if (shard === undefined || frame.length < nameEnd + 6) return null
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const incarnation = new TextDecoder().decode(frame.subarray(2, nameEnd))
  const epoch = uint48(view, nameEnd)
  const entries: { index: number; bytes: Uint8Array }[] = []
  let at = nameEnd + 6
  while (at < frame.length) {
    if (frame.length - at < ENTRY_HEAD_BYTES) return null
    const end = at + ENTRY_HEAD_BYTES + view.getUint32(at + 6)
    if (end > frame.length) return null
    entries.push({ index: uint48(view, at), bytes: frame.subarray(at + ENTRY_HEAD_BYTES, end) })
    at = end
  }
  return { shard, incarnation, epoch, entries }
}

const TWO_32 = 2 ** 32

function putUint48(view: DataView, at: number, value: number): number {
  view.setUint16(at, Math.floor(value / TWO_32))
  view.setUint32(at + 2, value % TWO_32)
  return at + 6
}

const uint48 = (view: DataView, at: number): number => view.getUint16(at) * TWO_32 + view.getUint32(at + 2)
