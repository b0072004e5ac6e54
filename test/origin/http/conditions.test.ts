import { describe, expect, it } from 'vitest'
import { conditionsOf, judgeRead, type Preconditions, preconditionsOf } from '../../../origin/http/conditions.ts'

const MODIFIED = Date.parse('2024-05-05T05:05:05.678Z')
const document = { body: new Uint8Array(), type: 'text/plain', etag: '"1.2.3"', modified: MODIFIED, expires: null }
const BEFORE = 'Sun, 05 May 2024 05:05:04 GMT'
const SAME = 'Sun, 05 May 2024 05:05:05 GMT'

const parsed = (headers: Record<string, string>): Preconditions => {
  const result = preconditionsOf(new Headers(headers))
  if (result.kind === 'malformed') throw new Error(`malformed: ${result.header}`)
  return result.preconditions
}

describe('a read of an existing document', () => {
  it.each([
    [{}, 'proceed'],
    [{ 'If-Match': '*' }, 'proceed'],
    [{ 'If-Match': '"1.2.3"' }, 'proceed'],
    [{ 'If-Match': '"x", "1.2.3"' }, 'proceed'],
    [{ 'If-Match': '"x"' }, 'failed'],
    [{ 'If-Match': 'W/"1.2.3"' }, 'failed'],
    [{ 'If-None-Match': '*' }, 'notModified'],
    [{ 'If-None-Match': '"1.2.3"' }, 'notModified'],
    [{ 'If-None-Match': 'W/"1.2.3"' }, 'notModified'],
    [{ 'If-None-Match': '"x" ,\t"y",W/"1.2.3"' }, 'notModified'],
    [{ 'If-None-Match': '"x"' }, 'proceed'],
    [{ 'If-Match': '"1.2.3"', 'If-None-Match': '"1.2.3"' }, 'notModified'],
    [{ 'If-Match': '"x"', 'If-None-Match': '"1.2.3"' }, 'failed'],
    [{ 'If-Modified-Since': SAME }, 'notModified'],
    [{ 'If-Modified-Since': BEFORE }, 'proceed'],
    [{ 'If-Modified-Since': 'yesterday' }, 'proceed'],
    [{ 'If-Modified-Since': SAME, 'If-None-Match': '"x"' }, 'proceed'],
    [{ 'If-Unmodified-Since': SAME }, 'proceed'],
    [{ 'If-Unmodified-Since': BEFORE }, 'failed'],
    [{ 'If-Unmodified-Since': BEFORE, 'If-Match': '*' }, 'proceed'],
    [{ 'If-Unmodified-Since': '2024-05-05T05:05:04Z' }, 'proceed'],
  ] as const)('with %j: %s', (headers, verdict) => {
    expect(judgeRead(parsed(headers), document)).toBe(verdict)
  })
})

describe('entity tag lists', () => {
  it.each([
    ['""', ['""']],
    ['"a,b"', ['"a,b"']],
    [', ,"a",, "b" ,', ['"a"', '"b"']],
    ['"\u00e9"', ['"\u00e9"']],
    ['"a"\t', ['"a"']],
  ])('%j names %j', (text, etags) => {
    expect(conditionsOf(parsed({ 'If-Match': text }))).toEqual([{ kind: 'match', etags }])
  })

  it.each([
    '',
    'a',
    '"a',
    'a"',
    '"a" "b"',
    'w/"a"',
    'W/ "a"',
    '*, "a"',
    '"a"x',
    ',',
    '"a",b',
    "'a'",
    '"a b"',
  ])('%j is none', text => {
    expect(preconditionsOf(new Headers({ 'If-Match': text }))).toEqual({ kind: 'malformed', header: 'If-Match' })
    expect(preconditionsOf(new Headers({ 'If-None-Match': text }))).toEqual({
      kind: 'malformed',
      header: 'If-None-Match',
    })
  })

  it('have an end', () => {
    const list = (n: number): string => Array.from({ length: n }, (_, i) => `"${i}"`).join(',')
    expect(preconditionsOf(new Headers({ 'If-Match': list(256) })).kind).toBe('parsed')
    expect(preconditionsOf(new Headers({ 'If-Match': list(257) })).kind).toBe('malformed')
  })
})

describe('conditions for the writer', () => {
  it('keep order and meaning', () => {
    expect(conditionsOf(parsed({}))).toEqual([])
    expect(conditionsOf(parsed({ 'If-None-Match': '*' }))).toEqual([{ kind: 'noneMatch', etags: '*' }])
    expect(conditionsOf(parsed({ 'If-None-Match': 'W/"a", "b"', 'If-Match': 'W/"a", "b"' }))).toEqual([
      { kind: 'match', etags: ['"b"'] },
      { kind: 'noneMatch', etags: ['"a"', '"b"'] },
    ])
    // a weak tag matches nothing, which is not the same as no condition
    expect(conditionsOf(parsed({ 'If-Match': 'W/"a"' }))).toEqual([{ kind: 'match', etags: [] }])
  })
})
