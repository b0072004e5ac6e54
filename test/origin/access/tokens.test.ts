// The file of tokens: what is right opens what it says, what is wrong is told without a word of what stands there.
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type ParsedTokens, parseTokens, type Tokens } from '../../../origin/access/tokens.ts'

const hashOf = (text: string): string => hash('sha256', text, 'hex')
const one = { name: 'reader', hash: hashOf('open-sesame'), scopes: ['read'], prefix: 'notes' }

const tokens = (text: string, path = 'tokens.json'): Tokens => {
  const parsed = parseTokens(text, path)
  if (parsed.kind === 'faulty') throw new Error(parsed.why)
  return parsed.tokens
}
const why = (parsed: ParsedTokens): string => (parsed.kind === 'faulty' ? parsed.why : 'none')

describe('parseTokens', () => {
  it('reads JSON, as a list or under a name, and TOML', () => {
    const toml = `[[tokens]]\nhash = "${one.hash.toUpperCase()}"\nscopes = ["read"]\nprefix = "notes"\n`
    for (const [text, path] of [
      [JSON.stringify([one]), 'tokens'],
      [JSON.stringify({ tokens: [one] }), 'tokens.json'],
      [toml, 'tokens.toml'],
    ] as const) {
      expect(tokens(text, path).find('open-sesame')).toEqual({ id: one.hash, scopes: ['read'], prefix: 'notes' })
      expect(tokens(text, path).find('open-sesamf')).toBeNull()
      // the hash of a token is no token
      expect(tokens(text, path).find(one.hash)).toBeNull()
    }
  })

  it('opens all collections without a prefix, and tells many apart', () => {
    const many = Array.from({ length: 200 }, (_, n) => ({
      hash: hashOf(`t${n}`),
      scopes: n % 2 ? ['read'] : ['write'],
    }))
    const list = tokens(JSON.stringify(many))
    expect(list.count).toBe(200)
    expect(list.find('t7')).toEqual({ id: hashOf('t7'), scopes: ['read'], prefix: '' })
    expect(list.find('t8')?.scopes).toEqual(['write'])
    expect(list.find('')).toBeNull()
  })

  it('says where the fault is, and not what stands there', () => {
    const secret = 'correct-horse'
    for (const [text, expected] of [
      ['{', 'no JSON'],
      [`"${secret}"`, /expected array/],
      ['[]', 'at least one token'],
      [JSON.stringify([one, { ...one, hash: secret }]), 'token 2, hash: the SHA-256 of the token, 64 hex digits'],
      [JSON.stringify([{ ...one, scopes: [secret] }]), /^token 1, scopes0: |^token 1, scopes/],
      [JSON.stringify([{ ...one, prefix: '_x' }]), /^token 1, prefix: the beginning of a collection/],
      [JSON.stringify([{ ...one, token: secret }]), /^token 1: .*token/],
      [JSON.stringify([one, one]), 'two tokens have one hash'],
      [JSON.stringify({ tokens: [one], more: 1 }), 'it has more than the list of tokens'],
    ] as const) {
      const said = why(parseTokens(text, 'x.json'))
      expect(said).toMatch(expected)
      expect(said).not.toContain(secret)
    }
    expect(why(parseTokens(`secret = ${secret}`, 'x.toml'))).toBe('no TOML')
  })
})
