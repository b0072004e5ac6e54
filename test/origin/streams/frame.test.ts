import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameDecoder } from '../../../origin/streams/frame.ts'
import { FRAME_BYTES_MAX } from '../../../origin/streams/limits.ts'
import { Outbox } from '../../../origin/streams/outbox.ts'

const stream = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const bytes = fc.uint8Array({ maxLength: 12_000 })
const head = fc.stringMatching(/^[\x20-\x7e\x80-\xff\n]{0,400}$/)
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), stream, end: fc.boolean(), head, body: bytes }),
  fc.record({
    kind: fc.constant('answer' as const),
    stream,
    end: fc.boolean(),
    status: fc.integer({ min: 0, max: 65_535 }),
    head,
    body: bytes,
  }),
  fc.record({ kind: fc.constant('data' as const), stream, end: fc.boolean(), bytes }),
  fc.record({ kind: fc.constant('credit' as const), stream, bytes: stream }),
  fc.record({ kind: fc.constant('cancel' as const), stream }),
)

function put(outbox: Outbox, one: Frame): void {
  switch (one.kind) {
    case 'request':
      return outbox.request(one.stream, one.end, one.head, one.body)
    case 'answer':
      return outbox.answer(one.stream, one.end, one.status, one.head, one.body)
    case 'data':
      return outbox.data(one.stream, one.end, one.bytes)
    case 'credit':
      return outbox.credit(one.stream, one.bytes)
    case 'cancel':
      return outbox.cancel(one.stream)
  }
}

/** What the outbox hands to its socket in one turn. */
async function written(frames: readonly Frame[]): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const socket = new Duplex({
    write: (chunk, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
    read: () => undefined,
  })
  const outbox = new Outbox(socket, () => undefined)
  for (const one of frames) put(outbox, one)
  await new Promise(resolve => setImmediate(resolve))
  return Buffer.concat(chunks)
}

/** Bodies are views of the chunk, which the next push may share: copied as a keeper would. */
const kept = (one: Frame): Frame => {
  if (one.kind === 'data') return { ...one, bytes: new Uint8Array(one.bytes) }
  return one.kind === 'request' || one.kind === 'answer' ? { ...one, body: new Uint8Array(one.body) } : one
}

describe('frames of streams', () => {
  it('come out as they went in, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 8 }),
        async (frames, cuts) => {
          const all = await written(frames)
          const decoder = new FrameDecoder()
          const seen: Frame[] = []
          let turn = 0
          for (let at = 0; at < all.length; ) {
            const size = cuts[turn++ % cuts.length] ?? 1
            const broken = decoder.push(all.subarray(at, at + size), one => {
              seen.push(kept(one))
              return true
            })
            expect(broken).toBeNull()
            at += size
          }
          expect(seen).toEqual(frames)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('rubbish is told, or waits for more, and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), chunks => {
        const decoder = new FrameDecoder()
        for (const chunk of chunks) if (decoder.push(Buffer.from(chunk), () => true) !== null) return
      }),
      { numRuns: 500 },
    )
  })

  it('a length beyond the limit is refused by its first four bytes', () => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(FRAME_BYTES_MAX + 1)
    expect(new FrameDecoder().push(head, () => true)).toMatch(/the limit is/)
  })

  it('many small frames of one turn are one write', async () => {
    let writes = 0
    const socket = new Duplex({
      write: (_chunk, _encoding, done) => {
        writes += 1
        done()
      },
      read: () => undefined,
    })
    const outbox = new Outbox(socket, () => undefined)
    for (let n = 0; n < 200; n++) outbox.request(n, true, 'GET\n/v1/c/x', null)
    await new Promise(resolve => setImmediate(resolve))
    expect(writes).toBe(1)
  })
})
