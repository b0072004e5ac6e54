import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Database } from '../../../origin/store/database.ts'
import { STORE_LIMITS } from '../../../origin/store/limits.ts'
import { openWriting, pragma } from '../../../origin/store/sqlite.ts'
import { openStore, put, temporaryDirectory, write } from './fixture.ts'

test('a writing connection syncs every commit and never checkpoints inside one', () => {
  const db = openWriting(join(temporaryDirectory(), 'x.sqlite'))
  onTestFinished(() => db.close())
  expect([pragma(db, 'journal_mode'), pragma(db, 'synchronous'), pragma(db, 'wal_autocheckpoint')]).toEqual([
    'wal',
    2,
    0,
  ])
})

test('a new database says so, once', async () => {
  const opened = await openStore()
  expect(opened.fresh).toBe(true)
  await opened.store.close()
  expect((await openStore(opened.dataDir)).fresh).toBe(false)
})

test('a closed store leaves one whole file, and answers nothing more', async () => {
  const opened = await openStore()
  const last = opened.store.write(1, [put('c/1', 'x')])
  await opened.store.close()
  expect(await last).toMatchObject({ kind: 'done' })
  expect(readdirSync(opened.dataDir).filter(name => name.startsWith('s0'))).toEqual(['s0.sqlite'])
  await expect(opened.store.write(1, [put('c/1', 'x')])).rejects.toMatchObject({ name: 'Closed' })
  await opened.store.close()
})

test('the WAL is brought in while writes go on, and wholly when they stop', async () => {
  const opened = await openStore(undefined, { walFramesMax: 40 })
  const db = openWriting(join(opened.dataDir, 's0.sqlite'))
  onTestFinished(() => db.close())
  const backlog = () => {
    const row = db.prepare('PRAGMA wal_checkpoint(NOOP)').get()
    return Number(row?.log) - Number(row?.checkpointed)
  }
  const largest = []
  for (let n = 0; n < 40; n++) {
    await write(opened, [put(`c/${n}`, 'x'.repeat(8000))])
    largest.push(backlog())
  }
  expect(Math.max(...largest)).toBeLessThan(40 + 20)
  await expect.poll(backlog, { timeout: 3000 }).toBe(0)
})

test('a directory that is not there is an error, and not made', async () => {
  const dataDir = join(temporaryDirectory(), 'none')
  const place = { dataDir, shard: 's0' as const, limits: STORE_LIMITS }
  expect(() => new Database(place)).toThrow()
  await expect(openStore(dataDir)).rejects.toMatchObject({ message: expect.stringContaining(dataDir) })
  expect(existsSync(join(dataDir, 's0.sqlite'))).toBe(false)
})
