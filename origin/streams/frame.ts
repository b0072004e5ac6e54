// What the two hosts say on a connection of streams. Layout (big endian): u32 length of what follows the kind, u8 kind,
// u32 stream, then by kind:
//   request  u8 end, u32 length of the head, the head, the body or nothing
//   answer   u8 end, u16 status, u32 length of the head, the head, the body or nothing
//   data     u8 end, bytes of a body
//   credit   u32 bytes that the other side may send beyond those it knew of
//   cancel   the asker wants no answer; the answerer's broke off
// A head is Latin-1 lines: of a request method and target, then of both name, value, name, value…
import { FRAME_BYTES_MAX } from './limits.ts'

export const REQUEST = 1
export const ANSWER = 2
export const DATA = 3
export const CREDIT = 4
export const CANCEL = 5

export const PREFIX_BYTES = 9
export const REQUEST_BYTES = 5
export const ANSWER_BYTES = 7
const LENGTH_BYTES = 4
/** Of the prefix, what counts towards the length. */
const STREAM_BYTES = 4

export type Frame =
  | {
      readonly kind: 'request'
      readonly stream: number
      readonly end: boolean
      readonly head: string
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'answer'
      readonly stream: number
      readonly end: boolean
      readonly status: number
      readonly head: string
      readonly body: Uint8Array
    }
  | { readonly kind: 'data'; readonly stream: number; readonly end: boolean; readonly bytes: Uint8Array }
  | { readonly kind: 'credit'; readonly stream: number; readonly bytes: number }
  | { readonly kind: 'cancel'; readonly stream: number }

/** Writes the prefix; `payload` is what follows it. Returns where that begins. */
export function writePrefix(into: Buffer, at: number, kind: number, stream: number, payload: number): number {
  into.writeUInt32BE(STREAM_BYTES + payload, at)
  into[at + LENGTH_BYTES] = kind
  into.writeUInt32BE(stream, at + LENGTH_BYTES + 1)
  return at + PREFIX_BYTES
}

/** Chunks in, frames out. Bodies are views of the chunk: who keeps one copies it. */
export class FrameDecoder {
  #rest: Buffer | null = null

  /** Null, or why the stream makes no sense from here on. Stops where `take` says false. */
  push(chunk: Buffer, take: (frame: Frame) => boolean): string | null {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = null
    let at = 0
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(at)
      if (length > FRAME_BYTES_MAX) return `a frame of ${length} bytes, the limit is ${FRAME_BYTES_MAX}`
      const end = at + LENGTH_BYTES + 1 + length
      if (end > bytes.length) break
      const frame = length < STREAM_BYTES ? null : decoded(bytes, at, end)
      if (frame === null) return `a frame that makes no sense, of kind ${bytes[at + LENGTH_BYTES]}`
      if (!take(frame)) return null
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
    return null
  }
}

function decoded(bytes: Buffer, from: number, end: number): Frame | null {
  const stream = bytes.readUInt32BE(from + LENGTH_BYTES + 1)
  const at = from + PREFIX_BYTES
  const size = end - at
  switch (bytes[from + LENGTH_BYTES]) {
    case REQUEST: {
      if (size < REQUEST_BYTES) return null
      const body = at + REQUEST_BYTES + bytes.readUInt32BE(at + 1)
      if (body > end) return null
      const head = bytes.toString('latin1', at + REQUEST_BYTES, body)
      return { kind: 'request', stream, end: bytes[at] === 1, head, body: bytes.subarray(body, end) }
    }
    case ANSWER: {
      if (size < ANSWER_BYTES) return null
      const body = at + ANSWER_BYTES + bytes.readUInt32BE(at + 3)
      if (body > end) return null
      const status = bytes.readUInt16BE(at + 1)
      const head = bytes.toString('latin1', at + ANSWER_BYTES, body)
      return { kind: 'answer', stream, end: bytes[at] === 1, status, head, body: bytes.subarray(body, end) }
    }
    case DATA:
      return size < 1 ? null : { kind: 'data', stream, end: bytes[at] === 1, bytes: bytes.subarray(at + 1, end) }
    case CREDIT:
      return size === 4 ? { kind: 'credit', stream, bytes: bytes.readUInt32BE(at) } : null
    case CANCEL:
      return size === 0 ? { kind: 'cancel', stream } : null
    default:
      return null
  }
}
