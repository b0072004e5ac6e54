import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeView, parseView } from '../../router/viewheader.ts'

const name = fc.constantFrom('a', 'b')
const view = fc.record({
  lineage: fc.uuid(),
  epoch: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  primaries: fc.record({ s0: name, s1: name }),
})

describe('a view in a header', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(view, one => {
        expect(parseView(encodeView(one))).toEqual(one)
      }),
    )
  })

  it('has a fixed form', () => {
    expect(encodeView({ lineage: 'l-1', epoch: 12, primaries: { s0: 'a', s1: 'b' } })).toBe('1;l-1;12;a;b')
  })

  it.each([
    null,
    undefined,
    '',
    '1;l;12;a',
    '1;l;12;a;b;',
    '1;l;12;a;c',
    '2;l;12;a;b',
    '1;;12;a;b',
    '1;l;-1;a;b',
    '1;l;1e3;a;b',
    '1;l;012;a;b',
    '1;l;9007199254740993;a;b',
    '1;l l;12;a;b',
    ' 1;l;12;a;b',
    '1;l;12;a;b\n',
    `1;${'l'.repeat(129)};1;a;b`,
  ])('%j is none', text => {
    expect(parseView(text)).toBeNull()
  })

  it('is never made of what would not parse', () => {
    for (const lineage of ['', 'a;b', 'a b', 'x'.repeat(129), 'é']) {
      expect(() => encodeView({ lineage, epoch: 1, primaries: { s0: 'a', s1: 'b' } })).toThrow()
    }
    expect(() => encodeView({ lineage: 'l', epoch: 1.5, primaries: { s0: 'a', s1: 'b' } })).toThrow()
  })
})
