import { describe, expect, test } from 'vitest'
import { merged } from '../../../origin/json/merge.ts'
import { type Json, parseJson, printJson } from '../../../origin/json/text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (text: string): Json => {
  const json = parseJson(bytes(text))
  if (json === undefined) throw new Error(text)
  return json
}
const merge = (target: string, patch: string): string =>
  new TextDecoder().decode(printJson(merged(parse(target), parse(patch))))

// RFC 7396, appendix A
test.each([
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
])('%s with %s is %s', (target, patch, result) => expect(merge(target, patch)).toBe(result))

describe('names that objects inherit', () => {
  test('are names like any other, and nothing of ours is changed by them', () => {
    expect(merge('{}', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')).toBe(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    )
    expect(merge('{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}')).toBe('{"__proto__":{"a":1,"b":2}}')
    expect(merge('{"__proto__":1}', '{"__proto__":null,"toString":null}')).toBe('{}')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

describe('numbers', () => {
  test('that JavaScript cannot hold stay as they were written', () => {
    const target = '{"id":12345678901234567890,"price":1.10,"far":1e400,"minus":-0,"n":1}'
    expect(merge(target, '{"n":9007199254740993}')).toBe(
      '{"id":12345678901234567890,"price":1.10,"far":1e400,"minus":-0,"n":9007199254740993}',
    )
  })
})

describe('what is no JSON', () => {
  test.each(['', '{', "{'a':1}", '{"a":1,}', '01', 'NaN', '\ufeff\ufeff1'])('%s', text =>
    expect(parseJson(bytes(text))).toBeUndefined())

  test('or no UTF-8, or too deep, is told and never thrown', () => {
    expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined()
    expect(parseJson(bytes('['.repeat(500_000)))).toBeUndefined()
    expect(parseJson(bytes(`${'['.repeat(513)}${']'.repeat(513)}`))).toBeUndefined()
    expect(parseJson(bytes(`${'['.repeat(512)}${']'.repeat(512)}`))).toBeDefined()
    expect(parseJson(bytes(`"${'['.repeat(600)}\\"${'['.repeat(600)}"`))).toBeDefined()
  })
})
