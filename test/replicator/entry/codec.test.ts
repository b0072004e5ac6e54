import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeEntry,
  type Entry,
  encodeEntry,
  type Op,
  peekEntry,
  positionAfter,
} from '../../../replicator/entry/codec.ts'
import { KEY_BYTES_MAX, OPS_MAX } from '../../../replicator/entry/limits.ts'
import { GENESIS } from '../../../replicator/entry/position.ts'
import { NO_ROW_HASH } from '../../../replicator/entry/row.ts'

const HASH = '00112233445566778899aabbccddeeff'
const text = (min: number) =>
  fc.string({ unit: 'binary', minLength: min, maxLength: 40 }).filter(value => value.isWellFormed())
const hash = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('hex'))
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const newRow = fc.record({
  type: text(0),
  body: fc.uint8Array({ maxLength: 200 }),
  modified: count,
  expires: fc.option(count),
})
const change = fc.record({ key: text(1), oldHash: hash, newRow: fc.option(newRow), at: count })

const entries: fc.Arbitrary<Entry> = fc
  .record({
    shard: fc.constantFrom('s0' as const, 's1' as const),
    epoch: count,
    index: count,
    previousHash: hash,
    changes: fc.array(change, { minLength: 1, maxLength: 8 }),
  })
  .map(({ changes, ...head }) => ({
    ...head,
    ops: changes.map(({ newRow: row, at, key, oldHash }, n): Op => {
      if (row !== null) return { table: 1, key, oldHash, newRow: { ...row, n } }
      return { table: 1, key, oldHash: oldHash === NO_ROW_HASH ? HASH : oldHash, newRow: null, at }
    }),
  }))

const sample: Entry = {
  shard: 's1',
  epoch: 7,
  index: 2 ** 52 + 1,
  previousHash: HASH,
  ops: [
    {
      table: 1,
      key: 'c/ü\0\ufeff',
      oldHash: NO_ROW_HASH,
      newRow: { type: 'a/b', body: Buffer.from('body'), modified: 5, expires: 6, n: 0 },
    },
    { table: 1, key: 'c/2', oldHash: HASH, newRow: null, at: 7 },
    {
      table: 1,
      key: 'c/3',
      oldHash: HASH,
      newRow: { type: '', body: new Uint8Array(0), modified: 0, expires: null, n: 2 },
    },
  ],
}

/** The same bytes with another value in one place and a checksum that fits. */
function forged(bytes: Uint8Array, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(value, at)
  copy.writeUInt32BE(crc32(copy.subarray(0, -4)), copy.length - 4)
  return copy
}

const plain = (entry: Entry) => ({
  ...entry,
  ops: entry.ops.map(op => ({
    ...op,
    newRow: op.newRow && { ...op.newRow, body: Buffer.from(op.newRow.body).toString('hex') },
  })),
})

describe('an entry', () => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(entries, entry => {
        const decoded = decodeEntry(encodeEntry(entry))
        if (decoded.kind !== 'ok') throw new Error(decoded.detail)
        expect(plain(decoded.entry)).toEqual(plain(entry))
      }),
    )
  })

  test('keeps NUL and byte order marks in keys, and indexes up to 2^53', () => {
    const decoded = decodeEntry(encodeEntry(sample))
    expect(decoded.kind === 'ok' && plain(decoded.entry)).toEqual(plain(sample))
  })

  test('shares its memory with the bodies that it decodes to', () => {
    const bytes = encodeEntry(sample)
    const decoded = decodeEntry(bytes)
    expect(decoded.kind === 'ok' && decoded.entry.ops[0]?.newRow?.body.buffer).toBe(bytes.buffer)
  })

  test('is refused with any bit flipped, any byte missing, any byte added', () => {
    const bytes = Buffer.from(encodeEntry(sample))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = Buffer.from(bytes)
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(decodeEntry(copy).kind, `bit ${bit}`).toBe('corrupt')
    }
    for (let length = 0; length < bytes.length; length++)
      expect(decodeEntry(bytes.subarray(0, length)).kind).toBe('corrupt')
    expect(decodeEntry(Buffer.concat([bytes, Buffer.from([0])])).kind).toBe('corrupt')
  })

  test('never throws, whatever the bytes, and what decodes encodes to the same bytes', () => {
    const base = encodeEntry(sample)
    const mutations = fc.array(fc.tuple(fc.nat(base.length - 5), fc.nat(255)), { minLength: 1, maxLength: 4 })
    const mutated = mutations.map(list =>
      list.reduce<Uint8Array>((bytes, [at, value]) => forged(bytes, at, value), Buffer.from(base)),
    )
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), bytes => {
        peekEntry(bytes)
        const decoded = decodeEntry(bytes)
        if (decoded.kind === 'ok') expect(Buffer.from(encodeEntry(decoded.entry))).toEqual(Buffer.from(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  test('of another codec or schema version is told from a damaged one', () => {
    const bytes = encodeEntry(sample)
    for (const at of [5, 7]) {
      expect(decodeEntry(forged(bytes, at, 99)).kind).toBe('version')
      expect(peekEntry(forged(bytes, at, 99)).kind).toBe('version')
    }
  })

  test('with numbers beyond 2^53, an unknown shard, table or flag is corrupt', () => {
    const bytes = encodeEntry(sample)
    for (const at of [12, 13, 16, 24, 48, 49, 54, 60, 68])
      expect(decodeEntry(forged(bytes, at, 255)).kind, `byte ${at}`).toBe('corrupt')
    expect(decodeEntry(forged(bytes, 92, 255)).kind, 'a key that is no UTF-8').toBe('corrupt')
  })

  test('beyond a limit is not encoded', () => {
    const [op] = sample.ops
    if (op === undefined) throw new Error('no operation')
    expect(() => encodeEntry({ ...sample, ops: [] })).toThrow(RangeError)
    expect(() => encodeEntry({ ...sample, ops: Array(OPS_MAX + 1).fill(op) })).toThrow(RangeError)
    expect(() => encodeEntry({ ...sample, ops: [{ ...op, key: 'x'.repeat(KEY_BYTES_MAX + 1) }] })).toThrow(RangeError)
    expect(() => encodeEntry({ ...sample, ops: [{ ...op, key: '' }] })).toThrow(RangeError)
    expect(() => encodeEntry({ ...sample, index: 2 ** 53 })).toThrow(RangeError)
    expect(() => encodeEntry({ ...sample, epoch: 0 })).toThrow(RangeError)
    expect(() => encodeEntry({ ...sample, previousHash: 'zz' })).toThrow(RangeError)
  })
})

describe('a position', () => {
  test('is read from the head alone', () => {
    const peeked = peekEntry(encodeEntry(sample))
    expect(peeked).toEqual({ kind: 'ok', head: { shard: 's1', epoch: 7, index: 2 ** 52 + 1, previousHash: HASH } })
  })

  test('has a hash of all the history before it', () => {
    const bytes = encodeEntry(sample)
    const after = positionAfter(HASH, bytes)
    expect(after).toEqual(positionAfter(HASH, Buffer.from(bytes)))
    expect(after).toMatchObject({ epoch: 7, index: 2 ** 52 + 1 })
    expect(positionAfter(GENESIS.hash, bytes).hash).not.toBe(after.hash)
  })

  // The wire and every log on a disk depend on these bytes: a change needs another codec version.
  test('is fixed by a golden vector', () => {
    const bytes = encodeEntry({ ...sample, index: 3 })
    expect(Buffer.from(bytes).toString('hex')).toMatchInlineSnapshot(
      `"54444d4500020003000000cd010000030000000000000007000000000000000300112233445566778899aabbccddeeff0101000800030000000000040000000000000005000000000000000600000000000000000000000000000000632fc3bc00efbbbf612f62626f64790100000300000000000000000000000000000007000000000000000000112233445566778899aabbccddeeff632f320101000300000000000000000000000000000000000000000000000000112233445566778899aabbccddeeff632f333819d531"`,
    )
    expect(positionAfter(HASH, bytes).hash).toMatchInlineSnapshot(`"b5781368dc926dbd768a5b8b5a06c333"`)
  })
})
