import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { originForm, parseTarget, pathOf, pathOfDocument } from '../../router/key.ts'

describe('parseTarget', () => {
  it.each([
    ['/v1/c/x', 'c/x'],
    ['/v1/c/%41', 'c/A'],
    ['/v1/c/A', 'c/A'],
    ['/v1/%41b/x', 'Ab/x'],
    ['/v1/c/a/b//c', 'c/a/b//c'],
    ['/v1/c/a%2Fb', 'c/a/b'],
    ['/v1/c//x', 'c//x'],
    ['/v1/c/x/', 'c/x/'],
    // decoded once: what comes out is not looked at again
    ['/v1/c/%2541', 'c/%41'],
    ['/v1/c/%252e%252e', 'c/%2e%2e'],
    ['/v1/c/a+b', 'c/a+b'],
    ['/v1/c/%EF%BB%BFx', 'c/\ufeffx'],
    ['/v1/c/%F0%9F%94%91', 'c/🔑'],
    ['/v1/c/...', 'c/...'],
    ['/v1/c/.x', 'c/.x'],
    ['/v1/c/%2e%2e%2e', 'c/...'],
    ['/v1/c/a%2F..%2Fb', 'c/a/../b'],
    ['/v1/c/x?a=/../b', 'c/x'],
    ['/v1/c/x_', 'c/x_'],
  ])('%s is the key %s', (target, key) => {
    expect(parseTarget(target)).toMatchObject({ kind: 'document', key })
  })

  it.each([
    ['no id', '/v1/c/'],
    ['a collection of other characters', '/v1/a.b/x'],
    ['a slash in the collection', '/v1/a%2Fb/x'],
    ['no collection', '/v1//x'],
    ['a long collection', `/v1/${'c'.repeat(65)}/x`],
    ['a long id', `/v1/c/${'x'.repeat(513)}`],
    ['a long id in bytes', `/v1/c/${encodeURIComponent('鍵'.repeat(171))}`],
    ['a leading underscore', '/v1/c/_x'],
    ['a leading underscore, encoded', '/v1/c/%5Fx'],
    ['invalid UTF-8', '/v1/c/%FF'],
    ['overlong UTF-8', '/v1/c/%C0%AE'],
    ['a surrogate', '/v1/c/%ED%A0%80'],
    ['cut-off UTF-8', '/v1/c/%E2%82'],
    ['a broken escape', '/v1/c/%4'],
    ['a broken escape', '/v1/c/%zz'],
    ['.', '/v1/c/.'],
    ['..', '/v1/c/..'],
    ['. encoded', '/v1/c/%2e'],
    ['.. encoded', '/v1/c/%2E%2e'],
    ['.. half encoded', '/v1/c/.%2e/x'],
    ['dots inside', '/v1/c/a/../b'],
    ['dots that reach elsewhere', '/v1/c/../../_tandem/status'],
    ['encoded dots that reach elsewhere', '/v1/c/%2e%2e/%2e%2e/_tandem/status'],
    ['a backslash', '/v1/c\\x'],
    ['a fragment', '/v1/c/x#y'],
    ['raw UTF-8', '/v1/c/\u00e9'],
    ['a space', '/v1/c/a b'],
  ])('refuses %s', (_what, target) => {
    expect(parseTarget(target).kind).toBe('invalid')
  })

  it('tells collections, reserved names and what is outside', () => {
    expect(parseTarget('/v1/c')).toEqual({ kind: 'collection', collection: 'c' })
    expect(parseTarget('/v1/c?prefix=x')).toEqual({ kind: 'collection', collection: 'c' })
    expect(parseTarget('/v1/_tx')).toEqual({ kind: 'reserved', name: '_tx' })
    expect(parseTarget('/v1/_ops/some-key')).toEqual({ kind: 'reserved', name: '_ops' })
    for (const target of ['/', '/v1', '/v1/', '/v2/c/x', '/_tandem/status', '/V1/c/x', '/%761/c/x']) {
      expect(parseTarget(target)).toEqual({ kind: 'outside' })
    }
  })

  it('takes 512 bytes exactly', () => {
    expect(parseTarget(`/v1/c/${'x'.repeat(512)}`).kind).toBe('document')
    expect(parseTarget(`/v1/c/${encodeURIComponent('é'.repeat(256))}`).kind).toBe('document')
    expect(parseTarget(`/v1/c/${encodeURIComponent('é'.repeat(256))}x`).kind).toBe('invalid')
  })

  const id = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 100 })
    .filter(text => !text.startsWith('_') && text !== '.' && text !== '..' && text.isWellFormed())

  it('gives every id back, from any encoding of it', () => {
    fc.assert(
      fc.property(id, text => {
        expect(parseTarget(`/v1/c/${encodeURIComponent(text)}`)).toMatchObject({ kind: 'document', id: text })
        expect(parseTarget(pathOfDocument('c', text))).toMatchObject({ kind: 'document', id: text })
      }),
    )
  })

  it('names a path that URL parsers leave alone', () => {
    const dotty = fc.array(fc.constantFrom('.', '..', 'a', '', '%2e', '_'), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(
        dotty.map(parts => parts.join('/')).filter(text => text.length > 0 && !text.startsWith('_')),
        text => {
          const path = pathOfDocument('c', text)
          expect(new URL(`http://h${path}`).pathname).toBe(path)
        },
      ),
    )
  })

  it('never takes a target that a URL parser would turn into another key', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      'a',
      'v1',
      'c',
      '_tandem',
      '\\',
      '#',
      '?',
      '%5c',
      ';',
      '@',
      ':',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const target = `/v1/c/${pieces.join('')}`
        const parsed = parseTarget(target)
        if (parsed.kind !== 'document') return
        const seen = new URL(`http://h${target}`)
        expect(parseTarget(seen.pathname + seen.search)).toEqual(parsed)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('originForm', () => {
  it('takes absolute targets, as a server must', () => {
    expect(originForm('http://host:8001/v1/c/x?y')).toBe('/v1/c/x?y')
    expect(originForm('HTTP://host')).toBe('/')
    expect(originForm('http://host?x')).toBe('/?x')
    expect(originForm('http://host/v1/../x')).toBeNull()
    for (const target of ['*', '', 'host:443', 'ftp://host/x', 'http:///x']) expect(originForm(target)).toBeNull()
  })

  it('leaves a query alone', () => {
    expect(originForm('/x?a=../..&b=%2e%2e/')).toBe('/x?a=../..&b=%2e%2e/')
    expect(pathOf('/x?y')).toBe('/x')
  })
})
