// The API suite: the same conversations with host a, host b and the edge, with both origins up and with one of them gone.
// Each must say the same, and all of it must be what the OpenAPI document declares.
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestCluster, type TestCluster, until } from '../cluster/cluster.ts'
import { CONDITIONS } from './cases/conditions.ts'
import { DOCUMENTS } from './cases/documents.ts'
import { LISTS } from './cases/lists.ts'
import { PATCHES } from './cases/patches.ts'
import { WRITES } from './cases/writes.ts'
import { Described } from './described.ts'
import { Conversation, type Side } from './talk.ts'

const BASE = 26_600
const CASES = Object.entries({ ...DOCUMENTS, ...CONDITIONS, ...WRITES, ...PATCHES, ...LISTS })
const TOKEN = 'may-do-everything'

let cluster: TestCluster
let described: Described
let home = ''
const side = (name: 'a' | 'b' | 'edge'): Side => ({
  name,
  url: name === 'edge' ? (cluster.edge?.url ?? '') : cluster.origins[name].public,
})

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tandem-api-'))
  const tokensFile = join(home, 'tokens.json')
  const token = (text: string, scopes: readonly string[], prefix = '') => ({
    hash: hash('sha256', text),
    scopes,
    prefix,
  })
  writeFileSync(
    tokensFile,
    JSON.stringify([
      token(TOKEN, ['read', 'write']),
      token('reads', ['read']),
      token('elsewhere', ['read', 'write'], 'elsewhere'),
    ]),
  )
  const env = { TANDEM_TOKENS: tokensFile, TANDEM_RATE_LIMIT: '100000/1s' }
  cluster = await startTestCluster(BASE, { edge: true, originEnv: { a: env, b: env } })
  await cluster.untilWhole()
  described = new Described(await (await fetch(`${side('edge').url}/openapi.json`)).json())
})
afterAll(async () => {
  await cluster?.close()
  rmSync(home, { recursive: true, force: true })
})

/** What host a says with both origins up: all others say the same. */
const reference = new Map<string, readonly string[]>()

function everyCase(letter: string, name: 'a' | 'b' | 'edge'): void {
  test.each(CASES.map(([title, act], at) => ({ title, act, at })))('$title', async ({ title, act, at }) => {
    const collection = `case-${String(at).padStart(3, '0')}-${letter}`
    const conversation = new Conversation(side(name), collection, TOKEN, described)
    const before = described.faults.length
    await act(conversation)
    expect(described.faults.slice(before)).toEqual([])
    const said = conversation.said.map(text => text.replace('tandem-durability: solo', 'tandem-durability: mirrored'))
    const expected = reference.get(title)
    if (expected === undefined) reference.set(title, said)
    else expect(said).toEqual(expected)
  })
}

describe('both up, host a', () => everyCase('p', 'a'))
describe('both up, host b', () => everyCase('q', 'b'))
describe('both up, the edge', () => everyCase('r', 'edge'))

describe('b is gone', () => {
  beforeAll(async () => {
    await cluster.stop('origin.b')
    await until(async () => (await cluster.statusOf('a'))?.members.length === 1, 10_000, 'a is alone')
  })
  describe('host a', () => everyCase('s', 'a'))
  describe('the edge', () => everyCase('t', 'edge'))
})

test('all that is declared has been seen', () => {
  expect(described.faults).toEqual([])
  // who is kept out, and who waits in vain: refusals.test.ts
  const others = described.declared.filter(one => !/ (?:401|403|429|503|504)$/.test(one))
  expect(others.filter(one => !described.seen.has(one))).toEqual([])
})
