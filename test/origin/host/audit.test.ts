import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Audit } from '../../../origin/host/audit.ts'
import { silentLog } from '../../fixtures/silentlog.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tandem-audit-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const open = (): Audit => new Audit(dir, 'a', silentLog)
const act = (audit: Audit, action: string, detail = ''): void => audit.note({ actor: 'me', action, ok: true, detail })

it('appends a line for each action, and knows them after a restart, newest first', async () => {
  const audit = open()
  act(audit, 'drain')
  act(audit, 'ready')
  await audit.flushed()
  const lines = readFileSync(join(dir, 'audit.jsonl'), 'utf8').trim().split('\n')
  expect(lines.map(line => JSON.parse(line))).toMatchObject([{ action: 'drain', origin: 'a' }, { action: 'ready' }])
  expect(statSync(join(dir, 'audit.jsonl')).mode & 0o777).toBe(0o600)
  // as a crash may leave it
  appendFileSync(join(dir, 'audit.jsonl'), '{"at":"2')
  expect(open().recent.map(line => line.action)).toEqual(['ready', 'drain'])
})

it('keeps at most two files of a bounded size', async () => {
  const audit = open()
  // a detail is cut at 500 characters
  for (let n = 0; n < 4500; n++) act(audit, `resync ${n}`, 'x'.repeat(5000))
  await audit.flushed()
  const sizes = ['audit.jsonl', 'audit.1.jsonl'].map(file => statSync(join(dir, file)).size)
  for (const size of sizes) expect(size).toBeLessThanOrEqual(1024 * 1024)
  expect(audit.recent).toHaveLength(50)
  expect(open().recent[0]?.action).toBe('resync 4499')
})

it('notes what cannot be written all the same', async () => {
  rmSync(dir, { recursive: true })
  const audit = open()
  act(audit, 'drain')
  await audit.flushed()
  expect(existsSync(dir)).toBe(false)
  expect(audit.recent).toHaveLength(1)
})
