// Frames on a byte stream: [u32 payload length][u8 kind][payload]. No I/O here.

export const HEADER_BYTES = 5
/** Below this a payload is copied behind its header: one small buffer is cheaper than two writes. */
const COPY_BYTES_MAX = 1024

export type RawFrame = { readonly kind: number; readonly payload: Uint8Array }

/** The buffers to write for one frame; a large payload is passed on as it is, uncopied. */
export function encodeFrame(kind: number, payload: Uint8Array): readonly Uint8Array[] {
  const copied = payload.byteLength <= COPY_BYTES_MAX
  const head = Buffer.allocUnsafe(HEADER_BYTES + (copied ? payload.byteLength : 0))
  head.writeUInt32BE(payload.byteLength, 0)
  head.writeUInt8(kind, 4)
  if (!copied) return [head, payload]
  head.set(payload, HEADER_BYTES)
  return [head]
}

export type Next =
  | { readonly kind: 'frame'; readonly frame: RawFrame }
  /** the next frame is not here in full */
  | { readonly kind: 'more' }
  /** the stream makes no sense from here on; it stays broken */
  | { readonly kind: 'broken'; readonly why: string }

export type FrameReader = {
  /** Keeps the chunk itself: payloads are views of it wherever a frame lies in one chunk. */
  push(chunk: Uint8Array): void
  next(): Next
  /** Sets the kinds and the longest payload that are legal from the next frame on; refused by its header alone. */
  expect(kinds: readonly number[], bytesMax: number): void
  /** All that came behind the last frame, for a reader of another kind; it is then gone from here. */
  rest(): Uint8Array
}

const MORE: Next = { kind: 'more' }

export function createFrameReader(kinds: readonly number[], bytesMax: number): FrameReader {
  const queue = createByteQueue()
  let legal = { kinds, bytesMax }
  let header: { readonly kind: number; readonly length: number } | null = null
  let broken: Next | null = null

  const next = (): Next => {
    if (broken !== null) return broken
    if (header === null) {
      const bytes = queue.take(HEADER_BYTES)
      if (bytes === null) return MORE
      const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
      header = { length: view.getUint32(0), kind: view.getUint8(4) }
      const why = illegal(header, legal)
      if (why !== null) {
        queue.clear()
        broken = { kind: 'broken', why }
        return broken
      }
    }
    const payload = queue.take(header.length)
    if (payload === null) return MORE
    const frame = { kind: header.kind, payload }
    header = null
    return { kind: 'frame', frame }
  }

  return {
    push: chunk => {
      if (broken === null) queue.push(chunk)
    },
    next,
    expect: (nextKinds, nextBytesMax) => {
      legal = { kinds: nextKinds, bytesMax: nextBytesMax }
    },
    rest: queue.takeAll,
  }
}

type Legal = { readonly kinds: readonly number[]; readonly bytesMax: number }

function illegal(header: { readonly kind: number; readonly length: number }, legal: Legal): string | null {
  if (!legal.kinds.includes(header.kind)) return `a frame of kind ${header.kind}, which is not expected here`
  if (header.length > legal.bytesMax) return `a frame of ${header.length} bytes, the limit is ${legal.bytesMax}`
  return null
}

type ByteQueue = {
  push(chunk: Uint8Array): void
  /** Exactly so many bytes, or null where there are fewer. */
  take(bytes: number): Uint8Array | null
  takeAll(): Uint8Array
  clear(): void
}

/** Chunks in order, taken in other sizes; copies only what spans several. */
function createByteQueue(): ByteQueue {
  let chunks: Uint8Array[] = []
  let offset = 0
  let available = 0

  const takeAcross = (bytes: number): Uint8Array => {
    const joined = Buffer.allocUnsafeSlow(bytes)
    let filled = 0
    let used = 0
    for (const chunk of chunks) {
      const part = chunk.subarray(offset, offset + bytes - filled)
      joined.set(part, filled)
      filled += part.byteLength
      offset += part.byteLength
      if (offset < chunk.byteLength) break
      offset = 0
      used += 1
      if (filled === bytes) break
    }
    chunks.splice(0, used)
    return joined
  }

  const clear = (): void => {
    chunks = []
    offset = 0
    available = 0
  }

  return {
    push: chunk => {
      if (chunk.byteLength === 0) return
      chunks.push(chunk)
      available += chunk.byteLength
    },
    take: bytes => {
      if (bytes > available) return null
      available -= bytes
      const first = chunks[0]
      if (first === undefined) return new Uint8Array(0)
      if (first.byteLength - offset < bytes) return takeAcross(bytes)
      const taken = first.subarray(offset, offset + bytes)
      offset += bytes
      if (offset === first.byteLength) {
        chunks.shift()
        offset = 0
      }
      return taken
    },
    takeAll: () => {
      const all = Buffer.concat(chunks).subarray(offset)
      clear()
      return all
    },
    clear,
  }
}
