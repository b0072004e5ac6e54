import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashed, murmur3, shardOf } from '../../router/hash.ts'
import { COLLECTION_CHARS_MAX, ID_BYTES_MAX } from '../../router/key.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list)

describe('murmur3', () => {
  // published vectors of MurmurHash3 x86_32
  it.each([
    [utf8(''), 0, 0x00000000],
    [utf8(''), 1, 0x514e28b7],
    [utf8(''), 0xffffffff, 0x81f16f39],
    [bytes(0xff, 0xff, 0xff, 0xff), 0, 0x76293b50],
    [bytes(0x21, 0x43, 0x65, 0x87), 0, 0xf55b516b],
    [bytes(0x21, 0x43, 0x65, 0x87), 0x5082edee, 0x2362f9de],
    [bytes(0x21, 0x43, 0x65), 0, 0x7e4a8634],
    [bytes(0x21, 0x43), 0, 0xa0f7b07a],
    [bytes(0x21), 0, 0x72661cf4],
    [bytes(0, 0, 0, 0), 0, 0x2362f9de],
    [bytes(0, 0, 0), 0, 0x85f0b427],
    [bytes(0, 0), 0, 0x30f4c306],
    [bytes(0), 0, 0x514e28b7],
    [utf8('aaaa'), 0x9747b28c, 0x5a97808a],
    [utf8('aaa'), 0x9747b28c, 0x283e0130],
    [utf8('aa'), 0x9747b28c, 0x5d211726],
    [utf8('a'), 0x9747b28c, 0x7fa09ea6],
    [utf8('abcd'), 0x9747b28c, 0xf0478627],
    [utf8('abc'), 0x9747b28c, 0xc84a62dd],
    [utf8('ab'), 0x9747b28c, 0x74875592],
    [utf8('Hello, world!'), 0x9747b28c, 0x24884cba],
    [utf8('Hello, world!'), 0, 0xc0363e43],
    [utf8('ππππππππ'), 0x9747b28c, 0xd58063c1],
    [utf8('The quick brown fox jumps over the lazy dog'), 0x9747b28c, 0x2fa826cd],
    [utf8('The quick brown fox jumps over the lazy dog'), 0, 0x2e4ff723],
  ])('%j with seed %i', (input, seed, expected) => {
    expect(murmur3(input, input.length, seed)).toBe(expected)
  })
})

describe('the part of a key that is hashed', () => {
  it.each([
    ['c/plain', 'c/plain'],
    ['c/{user1000}.following', 'user1000'],
    ['c/foo{}{bar}', 'c/foo{}{bar}'],
    ['c/foo{{bar}}zap', '{bar'],
    ['c/foo{bar}{zap}', 'bar'],
    ['c/}{a}', 'a'],
    ['c/{open', 'c/{open'],
    ['c/close}', 'c/close}'],
    ['c/{a/b}', 'a/b'],
  ])('%s → %s', (key, expected) => {
    expect(hashed(key)).toBe(expected)
  })
})

describe('shardOf', () => {
  // Fixed for ever: a document written under one of these is looked for there.
  it.each([
    ['c/id0', 's1'],
    ['c/id1', 's0'],
    ['users/ada', 's0'],
    ['orders/2024-0001', 's0'],
    ['c/{user1000}.following', 's1'],
    ['d/{user1000}.followers', 's1'],
    ['c/naïve/ключ/鍵/🔑', 's0'],
    ['c/foo{}{bar}', 's1'],
  ] as const)('%s lies in %s', (key, shard) => {
    expect(shardOf(key)).toBe(shard)
  })

  it('splits 100 000 keys within 1 %', () => {
    const patterns = [
      (n: number) => `users/${n}`,
      (n: number) => `orders/2024-${String(n).padStart(8, '0')}`,
      (n: number) => `c/${(n * 2654435761) >>> 0}-${n}`,
      (n: number) => `tagged/{t${n}}/same`,
    ]
    for (const pattern of patterns) {
      let s0 = 0
      for (let n = 0; n < 100_000; n++) if (shardOf(pattern(n)) === 's0') s0 += 1
      expect(Math.abs(s0 - 50_000), pattern(0)).toBeLessThan(1_000)
    }
  })

  const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })

  it('is the top bit of the hash of the bytes, whatever the text', () => {
    fc.assert(
      fc.property(id, text => {
        const key = `c/${text}`
        expect(shardOf(key)).toBe(murmur3(utf8(hashed(key))) < 2 ** 31 ? 's0' : 's1')
      }),
    )
  })

  it('keeps ids of one tag together, over collections too', () => {
    const tag = fc.string({ minLength: 1, maxLength: 20 }).filter(text => !text.includes('}'))
    const outside = fc.string({ maxLength: 20 }).filter(text => !text.includes('{'))
    fc.assert(
      fc.property(tag, outside, fc.string(), outside, fc.string(), (inner, before, after, other, rest) => {
        expect(shardOf(`c/${before}{${inner}}${after}`)).toBe(shardOf(`d/${other}{${inner}}${rest}`))
      }),
    )
  })

  it('takes the longest keys, and longer ones', () => {
    const longest = `${'c'.repeat(COLLECTION_CHARS_MAX)}/${'é'.repeat(ID_BYTES_MAX / 2)}`
    for (const key of [longest, `c/${'x'.repeat(5_000)}`, `c/${'鍵'.repeat(2_000)}`]) {
      expect(shardOf(key)).toBe(murmur3(utf8(key)) < 2 ** 31 ? 's0' : 's1')
    }
  })
})
