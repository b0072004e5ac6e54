// The API suite: the same conversations with host a, host b and the edge, with both origins up and with one of them gone.
// Each must say the same, and all of it must be what the OpenAPI document declares.
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENDPOINTS } from '../../origin/api/endpoints.ts'
import { startTestCluster, type TestCluster, until } from '../cluster/cluster.ts'
import { type RawAnswer, exchange as raw } from '../origin/http/rawclient.ts'
import { CONDITIONS } from './cases/conditions.ts'
import { DOCUMENTS } from './cases/documents.ts'
import { LISTS } from './cases/lists.ts'
import { PATCHES } from './cases/patches.ts'
import { WRITES } from './cases/writes.ts'
import { Described } from './described.ts'
import { faultOf, requests } from './fuzz.ts'
import { Conversation, type Side } from './talk.ts'

const BASE = 26_600
const CASES = Object.entries({ ...DOCUMENTS, ...CONDITIONS, ...WRITES, ...PATCHES, ...LISTS })
const EXAMPLE = new URL('../../client/example.ts', import.meta.url).pathname
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

const sh = (line: string): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], { timeout: 30_000 }, (error, stdout, stderr) =>
      // 28: curl was told to end after some seconds
      error === null || error.code === 28 ? resolve(stdout) : reject(new Error(`${line}: ${error.message}${stderr}`)),
    )
  })

test.each(['a', 'b', 'edge'] as const)("the client's example, %s", async name => {
  const said = await sh(`${process.execPath} ${EXAMPLE} ${side(name).url} ${TOKEN}`)
  const lines = said.split('\n')
  expect(lines.filter(line => line !== '' && !line.startsWith('changed: '))).toEqual([
    'written: mirrored',
    'created: 36 characters of id',
    'transacted: 2',
    'listed: shopping Groceries true',
  ])
  expect(lines).toContain('changed: put example-tasks/shopping')
  expect(lines).toContain('changed: delete example-tasks/{ann}-1')
})

test('the lines to type that the docs show', async () => {
  for (const { id, curl, access } of ENDPOINTS) {
    for (const line of curl) {
      const typed = line
        .replaceAll('http://127.0.0.1:8001', side('a').url)
        .replace(
          'curl ',
          `curl -sS -w '%{stderr}%{http_code}' ${access === null ? '' : `-H 'Authorization: Bearer ${TOKEN}'`} `,
        )
      const status = (await sh(`{ ${typed} ; } 2>&1 >/dev/null`)).trim().split('\n').at(-1)
      expect([id, line, status]).toEqual([id, line, expect.stringMatching(/^20[014]/)])
    }
  }
})

test.each(['a', 'b', 'edge'] as const)('whatever is sent, %s answers, and says nothing of its insides', async name => {
  const port = Number(new URL(side(name).url).port)
  const over = ({ closed, text }: RawAnswer): boolean => closed || text.includes('text/event-stream')
  await fc.assert(
    fc.asyncProperty(fc.array(requests(TOKEN), { minLength: 16, maxLength: 16 }), async list => {
      const answers = await Promise.all(list.map(bytes => raw(port, bytes, over, 15_000)))
      const faults = answers.flatMap((answer, at) => {
        const fault = faultOf(answer, [cluster.secret], name !== 'edge')
        return fault === null ? [] : [[fault, String(list[at]).slice(0, 300), answer.text.slice(0, 600)]]
      })
      expect(faults).toEqual([])
    }),
    { numRuns: 40, endOnFailure: true },
  )
  for (const one of ['a', 'b'] as const) expect(cluster.logText(one)).not.toContain('a request met a fault of ours')
})

test.each(['a', 'b', 'edge'] as const)('no path leads inside, %s', async name => {
  const port = Number(new URL(side(name).url).port)
  const inside = [
    '_tandem/status',
    '_tandem/digest',
    'metrics',
    'dashboard',
    '_tandem/link',
    'v1/_shards/s0/notes',
    'v1/_shards/s0/_changes',
  ]
  const ways = [
    '/',
    '//',
    '/./',
    '/v1/../',
    '/v1/c/../../',
    '/v1/%2e%2e/',
    '/v1/c/..%2f..%2f',
    '/v1/c/%2E./%2e%2E/',
    '/v1\\..\\',
    '/%2f',
    '/docs/../',
  ]
  const headers = ['Tandem-Secret: guessed', 'Tandem-Forwarded: 1', `Authorization: Bearer ${TOKEN}`]
  for (const way of ways) {
    for (const path of inside) {
      const bytes = [`GET ${way}${path} HTTP/1.1`, 'Host: h', 'Connection: close', ...headers].join('\r\n')
      const answer = await raw(port, `${bytes}\r\n\r\n`, ({ closed }) => closed, 15_000)
      expect([way + path, answer.statuses]).toEqual([way + path, [expect.toBeOneOf([400, 404])]])
    }
  }
})

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
