// The checker of histories: what it must accept and what it must refuse.
import { describe, expect, it } from 'vitest'
import { type Ask, type Call, linearizable, type Told } from './history.ts'

const call = (id: number, invoked: number, returned: number, ask: Ask, told: Told): Call => ({
  id,
  key: 'k',
  client: 'c',
  ask,
  invoked,
  returned: told.kind === 'unknown' ? Number.POSITIVE_INFINITY : returned,
  told,
})
const put = (value: string, match?: string | null): Ask => ({ op: 'put', value, match, expires: null })
const get: Ask = { op: 'get' }
const verdict = (...calls: Call[]): string => linearizable('k', calls).kind

describe('a history is linearizable', () => {
  it('where reads follow writes', () => {
    expect(
      verdict(call(1, 0, 1, put('x'), { kind: 'created' }), call(2, 2, 3, get, { kind: 'found', value: 'x' })),
    ).toBe('linearizable')
  })

  it('where a read that overlaps a write sees either', () => {
    const write = call(2, 2, 9, put('y'), { kind: 'replaced' })
    for (const value of ['x', 'y']) {
      const first = call(1, 0, 1, put('x'), { kind: 'created' })
      expect(verdict(first, write, call(3, 3, 4, get, { kind: 'found', value }))).toBe('linearizable')
    }
  })

  it('where an unknown write takes effect late, or never', () => {
    const unknown = call(1, 0, 0, put('x'), { kind: 'unknown' })
    expect(verdict(unknown, call(2, 50, 51, get, { kind: 'missing' }))).toBe('linearizable')
    expect(
      verdict(unknown, call(2, 50, 51, get, { kind: 'missing' }), call(3, 60, 61, get, { kind: 'found', value: 'x' })),
    ).toBe('linearizable')
  })

  it('where an unknown deletion explains what is missing', () => {
    expect(
      verdict(
        call(1, 0, 1, put('x'), { kind: 'created' }),
        call(2, 2, 0, { op: 'delete', match: 'x' }, { kind: 'unknown' }),
        call(3, 9, 10, get, { kind: 'missing' }),
      ),
    ).toBe('linearizable')
  })
})

describe('a history is not linearizable', () => {
  it('where an acknowledged write is lost', () => {
    expect(verdict(call(1, 0, 1, put('x'), { kind: 'created' }), call(2, 2, 3, get, { kind: 'missing' }))).toBe('not')
  })

  it('where a read goes back in time', () => {
    expect(
      verdict(
        call(1, 0, 1, put('x'), { kind: 'created' }),
        call(2, 2, 20, put('y'), { kind: 'replaced' }),
        call(3, 3, 4, get, { kind: 'found', value: 'y' }),
        call(4, 5, 6, get, { kind: 'found', value: 'x' }),
      ),
    ).toBe('not')
  })

  it('where a condition held that could not', () => {
    expect(
      verdict(
        call(1, 0, 1, put('x'), { kind: 'created' }),
        call(2, 2, 3, put('y'), { kind: 'replaced' }),
        call(3, 4, 5, put('z', 'x'), { kind: 'replaced' }),
      ),
    ).toBe('not')
  })

  it('where a refusal shows what was never there', () => {
    expect(
      verdict(
        call(1, 0, 1, put('x'), { kind: 'created' }),
        call(2, 2, 3, put('z', null), { kind: 'refused', value: 'tentative' }),
      ),
    ).toBe('not')
  })

  it('where an unknown write is seen and then was never made', () => {
    expect(
      verdict(
        call(1, 0, 0, put('x'), { kind: 'unknown' }),
        call(2, 2, 3, get, { kind: 'found', value: 'x' }),
        call(3, 4, 5, get, { kind: 'missing' }),
      ),
    ).toBe('not')
  })
})
