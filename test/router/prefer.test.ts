import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { preferencesOf, prefers } from '../../router/prefer.ts'

const of = (header: string) => Object.fromEntries(preferencesOf(header))

describe('Prefer (RFC 7240)', () => {
  it.each([
    ['respond-async', { 'respond-async': '' }],
    ['consistency=local', { consistency: 'local' }],
    ['Consistency = "local" ; max-lag=5, wait=100', { consistency: 'local', wait: '100' }],
    ['foo; some-parameter', { foo: '' }],
    ['foo="";bar', { foo: '' }],
    ['durability=mirrored;;a="b,c", x', { durability: 'mirrored', x: '' }],
    [String.raw`a="q\"u\\o", b=1`, { a: String.raw`q"u\o`, b: '1' }],
    [' , a=1,, b', { a: '1', b: '' }],
  ])('%s', (header, wanted) => expect(of(header)).toEqual(wanted))

  it('takes the first of several, whatever its case', () => {
    expect(of('wait=1, WAIT=2')).toEqual({ wait: '1' })
  })

  it.each([
    ['a b, c=1', { c: '1' }],
    ['=local, c', { c: '' }],
    ['a="open, c=1', { c: '1' }],
    ['consistency=local=x', {}],
    ['(a), b', { b: '' }],
    ['', {}],
  ])('ignores what is malformed, and no more: %s', (header, wanted) => expect(of(header)).toEqual(wanted))

  it('ends on anything', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), header => void preferencesOf(header)))
    const parts = fc.array(fc.constantFrom('a', '=', '"', '\\', ';', ',', ' '), { maxLength: 60 })
    fc.assert(fc.property(parts, list => void preferencesOf(list.join(''))))
  })

  it('is asked for one wish at a time', () => {
    const headers = new Headers({ Prefer: 'wait=3, durability=mirrored' })
    expect(prefers(headers, 'durability', 'mirrored')).toBe(true)
    expect(prefers(headers, 'consistency', 'local')).toBe(false)
    expect(prefers(new Headers(), 'durability', 'mirrored')).toBe(false)
  })
})
