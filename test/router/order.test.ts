import fc from 'fast-check'
import { expect, it } from 'vitest'
import { afterAllOf, compareBytes } from '../../router/order.ts'

const text = fc.string({ unit: 'binary', maxLength: 8 })
/** where UTF-16 and UTF-8 disagree */
const edge = fc.string({
  unit: fc.constantFrom('a', '\0', '\x7f', '\u07ff', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
  maxLength: 4,
})
const any = fc.oneof(text, edge)
const byBytes = (x: string, y: string): number => Buffer.compare(Buffer.from(x), Buffer.from(y))

it('orders any texts as their bytes do', () => {
  fc.assert(
    fc.property(any, any, (x, y) => Math.sign(compareBytes(x, y)) === byBytes(x, y)),
    { numRuns: 2000 },
  )
})

it('names the least text beyond a prefix', () => {
  fc.assert(
    fc.property(any, any, any, (prefix, rest, other) => {
      const beyond = afterAllOf(prefix)
      if (beyond === null) return /^\u{10ffff}*$/u.test(prefix)
      const below = compareBytes(prefix + rest, beyond) < 0
      const between = compareBytes(other, prefix) >= 0 && compareBytes(other, beyond) < 0
      return below && between === other.startsWith(prefix)
    }),
    { numRuns: 2000 },
  )
  expect(afterAllOf('notes/')).toBe('notes0')
})
