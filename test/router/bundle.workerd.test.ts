// What would be deployed: wrangler builds it without a word of complaint, small, and with no secret and no Node in it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OFFLINE, WRANGLER } from '../../deploy/local/edge.ts'

const GZIP_BYTES_MAX = 60 * 1024
const ROOT = new URL('../../', import.meta.url).pathname

let out = ''
let said = ''
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'tandem-bundle-'))
  const done = spawnSync(process.execPath, [WRANGLER, 'deploy', '--dry-run', '--outdir', out], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...OFFLINE, XDG_CONFIG_HOME: out, WRANGLER_LOG_PATH: join(out, 'logs') },
  })
  said = `${done.stdout}${done.stderr}`
  expect(done.status, said).toBe(0)
}, 60_000)
afterAll(() => rmSync(out, { recursive: true, force: true }))

const scripts = (): string[] =>
  readdirSync(out)
    .filter(name => /\.m?js$/.test(name))
    .map(name => readFileSync(join(out, name), 'utf8'))

test('a dry run of wrangler deploy is clean', () => {
  expect(said).not.toMatch(/warning|error|deprecated/i)
  expect(scripts()).toHaveLength(1)
})

test(`the bundle has at most ${GZIP_BYTES_MAX / 1024} KiB, gzipped`, () => {
  const bytes = scripts().reduce((total, text) => total + gzipSync(text).length, 0)
  expect(bytes).toBeGreaterThan(1_000)
  expect(bytes).toBeLessThanOrEqual(GZIP_BYTES_MAX)
})

test('it imports nothing, and starts no timer of its own', () => {
  const [text = ''] = scripts()
  expect(text).not.toMatch(/from ?["']node:|require\(["']|from ?["']undici/)
  expect(text).not.toMatch(/^(?:setInterval|setTimeout)\(/m)
})

test('the configuration holds no secret', () => {
  const toml = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
  expect(toml).not.toMatch(/^\s*TANDEM_SECRET/m)
  expect(said).not.toContain('TANDEM_SECRET')
})
