// The file of tokens while it is being changed: what can be read holds, what cannot leaves all as it was.

import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTokenFile, type TokenFile } from '../../../origin/access/tokenfile.ts'
import { until } from '../http/rawclient.ts'

const MAIN = new URL('../../../origin/main.ts', import.meta.url).pathname

let dir = ''
let path = ''
let file: TokenFile | null = null
const errors: unknown[] = []
const log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (fields: unknown) => void errors.push(fields),
}
const listOf = (...texts: string[]): string =>
  JSON.stringify(texts.map(text => ({ hash: hash('sha256', text, 'hex'), scopes: ['read'] })))

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tandem-tokens-'))
  path = join(dir, 'tokens.json')
  errors.length = 0
})
afterEach(() => {
  if (file?.kind === 'open') file.close()
  rmSync(dir, { recursive: true, force: true })
})

async function opened(): Promise<TokenFile & { kind: 'open' }> {
  file = await openTokenFile(path, log)
  if (file.kind !== 'open') throw new Error(file.why)
  return file
}

it('takes a change in by itself, written or renamed into place', async () => {
  writeFileSync(path, listOf('one'))
  const tokens = await opened()
  writeFileSync(path, listOf('one', 'two'))
  await until('the second token is known', () => tokens.current().find('two') !== null)
  writeFileSync(`${path}.new`, listOf('three'))
  renameSync(`${path}.new`, path)
  await until('the first one is gone', () => tokens.current().find('one') === null)
  expect(tokens.current().find('three')).not.toBeNull()
  expect(errors).toEqual([])
})

it('keeps the tokens of before where the change is faulty, or the file is gone', async () => {
  writeFileSync(path, listOf('one'))
  const tokens = await opened()
  writeFileSync(path, '[]')
  tokens.reload()
  await until('it complains', () => errors.length === 1)
  rmSync(path)
  tokens.reload()
  await until('it complains again', () => errors.length === 2)
  expect(errors).toEqual([{ why: 'at least one token' }, { why: 'there is no such file' }])
  expect(tokens.current().find('one')).not.toBeNull()
})

it('says what is wrong with the first one', async () => {
  expect(await openTokenFile(path, log)).toEqual({ kind: 'faulty', why: 'there is no such file' })
  writeFileSync(path, 'x'.repeat(5_000_000))
  expect(await openTokenFile(path, log)).toEqual({ kind: 'faulty', why: 'longer than 4194304 bytes' })
  expect(await openTokenFile(dir, log)).toEqual({ kind: 'faulty', why: 'it cannot be read (EISDIR)' })
})

it('an origin does not start without the tokens that it was told of', () => {
  const env = {
    PATH: process.env.PATH,
    TANDEM_NAME: 'a',
    TANDEM_PUBLIC: '192.0.2.1:80',
    TANDEM_PRIVATE: '127.0.0.1:8101',
    TANDEM_PEER: 'http://127.0.0.1:8102',
    TANDEM_SENTINELS: '127.0.0.1:1',
    TANDEM_REGISTERS: '127.0.0.1:2,127.0.0.1:3,127.0.0.1:4',
    TANDEM_SECRET: 'a-secret-for-tests',
    TANDEM_DATA: join(dir, 'data'),
  }
  const start = (tokens: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [MAIN], { env: { ...env, ...tokens }, cwd: dir, encoding: 'utf8', timeout: 15_000 })
  const open = start({})
  expect([open.status, open.stderr]).toEqual([78, expect.stringContaining('without tokens all may write')])
  const missing = start({ TANDEM_TOKENS: path })
  expect([missing.status, missing.stderr]).toEqual([
    78,
    `TANDEM_TOKENS is ${path}; allowed: the path of a list of tokens (there is no such file)\n`,
  ])
  expect(existsSync(join(dir, 'data'))).toBe(false)
})
