import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equal } from '../../../origin/json/equal.ts'
import { PATCH_OPS_MAX } from '../../../origin/json/operations.ts'
import { patchedBytes } from '../../../origin/json/patched.ts'
import { parseJson } from '../../../origin/json/text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const BYTES_MAX = 1024 * 1024

function patched(document: string, patch: unknown, bytesMax = BYTES_MAX): string {
  const body = bytes(typeof patch === 'string' ? patch : JSON.stringify(patch))
  const outcome = patchedBytes({ type: 'application/json', body: bytes(document) }, { form: 'json', body, bytesMax })
  return outcome.kind === 'patched' ? new TextDecoder().decode(outcome.body) : outcome.kind
}

// RFC 6902, appendix A
test.each([
  ['A.1', '{"foo":"bar"}', [{ op: 'add', path: '/baz', value: 'qux' }], '{"foo":"bar","baz":"qux"}'],
  ['A.2', '{"foo":["bar","baz"]}', [{ op: 'add', path: '/foo/1', value: 'qux' }], '{"foo":["bar","qux","baz"]}'],
  ['A.3', '{"baz":"qux","foo":"bar"}', [{ op: 'remove', path: '/baz' }], '{"foo":"bar"}'],
  ['A.4', '{"foo":["bar","qux","baz"]}', [{ op: 'remove', path: '/foo/1' }], '{"foo":["bar","baz"]}'],
  ['A.5', '{"baz":"qux"}', [{ op: 'replace', path: '/baz', value: 'boo' }], '{"baz":"boo"}'],
  [
    'A.6',
    '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
  ],
  ['A.7', '{"foo":[1,2,3,4]}', [{ op: 'move', from: '/foo/1', path: '/foo/3' }], '{"foo":[1,3,4,2]}'],
  [
    'A.8',
    '{"baz":"qux","foo":["a",2,"c"]}',
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    '{"baz":"qux","foo":["a",2,"c"]}',
  ],
  ['A.9', '{"baz":"qux"}', [{ op: 'test', path: '/baz', value: 'bar' }], 'testFailed'],
  [
    'A.10',
    '{"foo":"bar"}',
    [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    '{"foo":"bar","child":{"grandchild":{}}}',
  ],
  ['A.11', '{"foo":"bar"}', [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }], '{"foo":"bar","baz":"qux"}'],
  ['A.12', '{"foo":"bar"}', [{ op: 'add', path: '/baz/bat', value: 'qux' }], 'inapplicable'],
  ['A.14', '{"/":9,"~1":10}', [{ op: 'test', path: '/~01', value: 10 }], '{"/":9,"~1":10}'],
  ['A.15', '{"/":9,"~1":10}', [{ op: 'test', path: '/~01', value: '10' }], 'testFailed'],
  ['A.16', '{"foo":["bar"]}', [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }], '{"foo":["bar",["abc","def"]]}'],
])('%s of RFC 6902', (_, document, patch, result) => expect(patched(document, patch)).toBe(result))

describe('a JSON patch', () => {
  test.each([
    ['the whole document', '{"a":1}', [{ op: 'replace', path: '', value: [2] }], '[2]'],
    ['the whole document, tested', '[1]', [{ op: 'test', path: '', value: [1] }], '[1]'],
    ['a replaced member keeps its place', '{"a":1,"b":2}', [{ op: 'replace', path: '/a', value: 3 }], '{"a":3,"b":2}'],
    [
      'a copy is no reference',
      '{"a":{"b":1}}',
      [
        { op: 'copy', from: '/a', path: '/c' },
        { op: 'add', path: '/c/b', value: 2 },
      ],
      '{"a":{"b":1},"c":{"b":2}}',
    ],
    ['the empty name', '{"":1}', [{ op: 'replace', path: '/', value: 2 }], '{"":2}'],
    ['no operations', '{"a":1}', [], '{"a":1}'],
    ['null is a value', '{"a":null}', [{ op: 'test', path: '/a', value: null }], '{"a":null}'],
  ])('%s', (_, document, patch, result) => expect(patched(document, patch)).toBe(result))

  test.each([
    ['removes what is not there', '{}', [{ op: 'remove', path: '/a' }]],
    ['replaces what is not there', '{}', [{ op: 'replace', path: '/a', value: 1 }]],
    ['tests what is not there', '{}', [{ op: 'test', path: '/a', value: null }]],
    ['adds beyond the end', '[1]', [{ op: 'add', path: '/2', value: 1 }]],
    ['removes the place after the end', '[1]', [{ op: 'remove', path: '/-' }]],
    ['counts with zeros', '[1,2]', [{ op: 'remove', path: '/01' }]],
    ['counts with a sign', '[1,2]', [{ op: 'remove', path: '/+1' }]],
    ['moves what is not there', '{}', [{ op: 'move', from: '/a', path: '/b' }]],
    ['removes the whole document', '{}', [{ op: 'remove', path: '' }]],
    ['goes into a string', '{"a":"xyz"}', [{ op: 'test', path: '/a/0', value: 'x' }]],
    ['asks for what objects inherit', '{}', [{ op: 'test', path: '/toString', value: 1 }]],
    ['writes into what objects inherit', '{}', [{ op: 'add', path: '/__proto__/polluted', value: 1 }]],
  ])('that %s does not apply', (_, document, patch) => expect(patched(document, patch)).toBe('inapplicable'))

  test.each([
    ['no array', { op: 'add' }],
    ['no JSON', '[{'],
    ['no operation', [1]],
    ['an unknown operation', [{ op: 'spam', path: '' }]],
    ['no path', [{ op: 'remove' }]],
    ['a path that is no pointer', [{ op: 'remove', path: 'a' }]],
    ['a path with a stray tilde', [{ op: 'remove', path: '/~2' }]],
    ['no value', [{ op: 'add', path: '/a' }]],
    ['no from', [{ op: 'copy', path: '/a' }]],
    ['a move into itself', [{ op: 'move', from: '/a', path: '/a/b' }]],
    ['too many operations', Array(PATCH_OPS_MAX + 1).fill({ op: 'test', path: '', value: 1 })],
  ])('with %s is malformed', (_, patch) => expect(patched('{"a":{}}', patch)).toBe('badPatch'))

  test('is for JSON documents, by their type and their bytes', () => {
    const of = (type: string, body: string) =>
      patchedBytes({ type, body: bytes(body) }, { form: 'merge', body: bytes('{"a":1}'), bytesMax: BYTES_MAX }).kind
    expect(of('application/json; charset=utf-8', '{}')).toBe('patched')
    expect(of('application/vnd.x+json', '{}')).toBe('patched')
    expect(of('Application/JSON', '{}')).toBe('patched')
    expect(of('text/plain', '{}')).toBe('notJson')
    expect(of('application/jsonx', '{}')).toBe('notJson')
    expect(of('text/plain; a="+json"', '{}')).toBe('notJson')
    expect(of('application/json', '')).toBe('notJson')
  })

  test('leaves no member behind on what all objects inherit', () => {
    expect(
      patched('{}', '[{"op":"add","path":"/__proto__","value":{"x":1}},{"op":"copy","from":"/__proto__","path":"/y"}]'),
    ).toBe('{"__proto__":{"x":1},"y":{"x":1}}')
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })
})

describe('what a patch may cost', () => {
  test('a document that would become too long is refused', () => {
    expect(patched('{"a":"12345"}', [{ op: 'copy', from: '/a', path: '/b' }], 20)).toBe('tooLarge')
    expect(patched('{"a":"12345"}', [{ op: 'copy', from: '/a', path: '/b' }], 25)).toBe('{"a":"12345","b":"12345"}')
  })

  test('copies that double, again and again', () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '', path: '/-' }))
    expect(patched('["x"]', doubling)).toBe('tooLarge')
    const deep = [...Array(20).keys()].map(n => ({ op: 'copy', from: '', path: '/0'.repeat(2 ** n) }))
    expect(patched('[[]]', deep)).toMatch(/tooLarge|inapplicable/)
    expect(
      patched('{"a":"x"}', [
        { op: 'add', path: '/a', value: 'y'.repeat(5000) },
        ...Array(900).fill({ op: 'copy', from: '/a', path: '/b' }),
      ]),
    ).toBe('tooLarge')
  })

  test('long arrays that are moved about', () => {
    const document = JSON.stringify(Array(200_000).fill(0))
    expect(patched(document, Array(1000).fill({ op: 'add', path: '/0', value: 0 }))).toBe('tooLarge')
  })

  test('numbers without end', () => {
    const zeros = '0'.repeat(400_000)
    for (const number of [`1${zeros}1`, `1e${zeros}1`, `0.${zeros}1`]) {
      const tests = Array(PATCH_OPS_MAX).fill({ op: 'test', path: '/n', value: 1 })
      expect(patched(`{"n":${number}}`, tests)).toBe('testFailed')
      expect(patched(`{"n":${number}}`, `[{"op":"test","path":"/n","value":${number}}]`)).toBe(`{"n":${number}}`)
    }
  })

  test('any patch of any document comes to some end', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', '0', '1', '-', ''), { maxLength: 3 })
      .map(list => list.map(each => `/${each}`).join(''))
    const operation = fc.record(
      {
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
        path,
        from: path,
        value: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: ['op', 'path'] },
    )
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.array(operation, { maxLength: 8 }), (document, patch) => {
        const outcome = patched(JSON.stringify(document), patch)
        if (!/^[a-zA-Z]+$/.test(outcome) || outcome === 'null' || outcome === 'true' || outcome === 'false')
          expect(parseJson(bytes(outcome))).toBeDefined()
      }),
    )
  })
})

test('no bytes make it throw: it runs where a fault would end the process', () => {
  const text = fc.oneof(fc.json(), fc.string()).map(bytes)
  const any = fc.oneof(text, fc.uint8Array({ maxLength: 40 }))
  const form = fc.constantFrom('merge' as const, 'json' as const)
  fc.assert(
    fc.property(any, any, form, (document, body, how) => {
      expect(
        patchedBytes({ type: 'application/json', body: document }, { form: how, body, bytesMax: 100 }),
      ).toBeDefined()
    }),
  )
})

describe('equal values', () => {
  const same = (x: string, y: string): boolean => equal(parseJson(bytes(x)) ?? null, parseJson(bytes(y)) ?? null)

  test.each([
    ['1', '1.0'],
    ['100', '1e2'],
    ['0', '-0'],
    ['0.0', '0e5'],
    ['12345678901234567890', '12345678901234567890.0'],
    ['{"a":1,"b":[1,2]}', '{"b":[1,2.0],"a":1}'],
    ['"é"', '"\\u00e9"'],
  ])('%s and %s', (x, y) => expect([same(x, y), same(y, x)]).toEqual([true, true]))

  test.each([
    ['12345678901234567890', '12345678901234567891'],
    ['1', '"1"'],
    ['1', '-1'],
    ['0.1', '0.10000000000000000001'],
    ['[]', '{}'],
    ['[1]', '[1,2]'],
    ['{"a":1}', '{"a":1,"b":2}'],
    ['{"a":1}', '{"b":1}'],
    ['null', '0'],
    ['[null]', '[]'],
    ['{"rawJSON":"1"}', '1.0'],
  ])('not %s and %s', (x, y) => expect([same(x, y), same(y, x)]).toEqual([false, false]))
})
