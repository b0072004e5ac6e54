// The frame parser: any frames in any chunks come out as they went in; garbage is refused by its header alone.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFrameReader, encodeFrame, HEADER_BYTES, type RawFrame } from '../../../replicator/link/frames.ts'

const LIMIT = 4096
const anyFrame = fc.record({ kind: fc.constantFrom(1, 2), payload: fc.uint8Array({ maxLength: 3000 }) })

/** Cuts bytes at the given places. */
function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map(cut => cut % (bytes.byteLength + 1)).sort((x, y) => x - y), bytes.byteLength]
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end))
}

function readAll(chunks: readonly Uint8Array[], limit = LIMIT): { frames: RawFrame[]; broken: string | null } {
  const reader = createFrameReader([1, 2], limit)
  const frames: RawFrame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let next = reader.next(); next.kind !== 'more'; next = reader.next()) {
      if (next.kind === 'broken') return { frames, broken: next.why }
      frames.push(next.frame)
    }
  }
  return { frames, broken: null }
}

const plain = (frames: readonly RawFrame[]) =>
  frames.map(({ kind, payload }) => ({ kind, payload: Buffer.from(payload).toString('hex') }))

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 40 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.flatMap(({ kind, payload }) => encodeFrame(kind, payload)))
        const read = readAll(chunksOf(bytes, cuts))
        expect(read.broken).toBeNull()
        expect(plain(read.frames)).toEqual(plain(frames))
      }),
    )
  })

  it('come out byte by byte', () => {
    const bytes = Buffer.concat(encodeFrame(2, Buffer.from('hello')))
    const read = readAll(Array.from(bytes, byte => Uint8Array.of(byte)))
    expect(plain(read.frames)).toEqual(plain([{ kind: 2, payload: Buffer.from('hello') }]))
  })

  it('take any garbage without throwing, and never yield what is beyond the limits', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), chunks => {
        const read = readAll(chunks, 64)
        for (const { kind, payload } of read.frames) {
          expect([1, 2]).toContain(kind)
          expect(payload.byteLength).toBeLessThanOrEqual(64)
        }
      }),
    )
  })

  it('stay broken after garbage behind good frames, and keep nothing more', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 10 }), (frames, cuts) => {
        const good = frames.flatMap(({ kind, payload }) => encodeFrame(kind, payload))
        const bytes = Buffer.concat([...good, Buffer.from([0, 0, 0, 1, 7, 9]), ...encodeFrame(1, Buffer.from('late'))])
        const read = readAll(chunksOf(bytes, cuts))
        expect(plain(read.frames)).toEqual(plain(frames))
        expect(read.broken).toBe('a frame of kind 7, which is not expected here')
      }),
    )
  })

  it('are refused beyond the limit as soon as the header is there', () => {
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt32BE(LIMIT + 1)
    header.writeUInt8(1, 4)
    expect(readAll([header]).broken).toBe('a frame of 4097 bytes, the limit is 4096')
  })

  it('are views of their chunk where they lie in one, and large ones are sent uncopied', () => {
    const payload = Buffer.alloc(3000, 1)
    const written = encodeFrame(1, payload)
    expect(written[1]).toBe(payload)
    const bytes = Buffer.concat([...written, ...encodeFrame(2, Buffer.from('x'))])
    const read = readAll([bytes])
    expect(read.frames.map(frame => frame.payload.buffer === bytes.buffer)).toEqual([true, true])
  })

  it('obey other limits from the next frame on', () => {
    const reader = createFrameReader([0], 4)
    reader.push(Buffer.concat([...encodeFrame(0, Buffer.from('1234')), ...encodeFrame(2, Buffer.alloc(100))]))
    expect(reader.next()).toMatchObject({ kind: 'frame', frame: { kind: 0 } })
    reader.expect([1, 2], 100)
    expect(reader.next()).toMatchObject({ kind: 'frame', frame: { kind: 2 } })
    expect(reader.next()).toEqual({ kind: 'more' })
  })
})
