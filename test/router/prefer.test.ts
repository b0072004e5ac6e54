import fc from 'fast-check'
import { expect, it } from 'vitest'
import { preference } from '../../router/prefer.ts'

it.each([
  ['consistency=local', 'local'],
  ['Consistency = "local"', 'local'],
  ['respond-async, wait=100, consistency=local; foo="a,b"', 'local'],
  ['foo="consistency=local", consistency=strong', 'strong'],
  ['consistency=strong, consistency=local', 'strong'],
  ['consistency', ''],
  ['consistency=""', ''],
  [', ,consistency=local,', 'local'],
  ['@@, consistency=local', 'local'],
  ['foo; consistency=local', null],
  ['consistencyy=local', null],
  ['', null],
])('%s', (header, value) => {
  expect(preference(header, 'consistency')).toBe(value)
})

it('takes any header', () => {
  expect(preference(null, 'consistency')).toBeNull()
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 300 }), header => {
      const found = preference(header, 'consistency')
      return found === null || header.toLowerCase().includes('consistency')
    }),
    { numRuns: 3000 },
  )
})
