// What a kill -9, a full disk and a second process leave behind, with real processes.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../../origin/store/database.ts'
import { STORE_LIMITS } from '../../../origin/store/limits.ts'
import { holdExclusive, pragma } from '../../../origin/store/sqlite.ts'
import { EXIT_STORE_DIED } from '../../../origin/store/store.ts'
import { writeGroup } from '../../../origin/store/write.ts'
import type { Position } from '../../../replicator/entry/position.ts'
import type { WriteResult } from '../../../replicator/store/shardstore.ts'
import { runChild, runLimited, startChild } from './child.ts'
import { bodyOf, openStore, put, remove, temporaryDirectory, write } from './fixture.ts'
import { named, noSmallDisk, smallDisk } from './smalldisk.ts'

describe('killed', () => {
  test.each([
    ['write.before-commit:4', [1, 2, 3], 3],
    ['write.after-commit:4', [1, 2, 3], 4],
  ])('at %s, every answered group is there and none is half there', async (failpoint, said, last) => {
    const dataDir = temporaryDirectory()
    const child = await runChild(['write', dataDir, '9'], failpoint)
    expect(child).toMatchObject({ signal: 'SIGKILL', said })
    const opened = await openStore(dataDir)
    expect(opened.store.last().index).toBe(last)
    expect(bodyOf(opened, 'c/shared')?.trim()).toBe(`${last}`.padEnd(10, '.'))
    expect(bodyOf(opened, `c/${last + 1}`)).toBe(null)
    expect((await opened.store.tail(100)).map(position => position.index)).toEqual(
      Array.from({ length: last + 1 }, (_, n) => last - n),
    )
    await opened.store.undo(1, 'after a crash')
    expect(bodyOf(opened, 'c/shared')).toBe('1'.padEnd(10, '.'))
  })

  test.each([
    ['apply.before-commit:2', 1],
    ['apply.after-commit:2', 2],
  ])('at %s, a standby has whole entries and goes on from there', async (failpoint, last) => {
    const primary = await openStore()
    for (let n = 1; n <= 4; n++) await write(primary, [put(`c/${n}`, 'x'), put('c/shared', `${n}`)])
    const entries = (await primary.store.read(1, 1e6)) ?? []
    const dataDir = temporaryDirectory()
    const list = join(dataDir, 'entries')
    writeFileSync(list, entries.map(entry => Buffer.from(entry.bytes).toString('base64')).join('\n'))
    expect(await runChild(['apply', dataDir, list], failpoint)).toMatchObject({ signal: 'SIGKILL', said: [1] })
    const opened = await openStore(dataDir)
    expect(opened.store.last()).toEqual(entries[last - 1]?.position)
    await opened.store.apply(entries.map(entry => entry.bytes))
    expect(await opened.digest()).toEqual(await primary.digest())
  })

  test.each([
    ['undo.before-quarantine', 0, 3],
    ['undo.after-quarantine', 1, 3],
    ['undo.after-commit', 1, 1],
  ])('at %s, an undo is whole or not begun, never without its quarantine file', async (failpoint, files, last) => {
    const prepared = await openStore()
    await write(prepared, [put('c/1', 'one'), put('c/2', 'two')])
    const before = await prepared.digest()
    await write(prepared, [put('c/1', 'x'), remove('c/2')])
    await write(prepared, [put('c/3', 'x')])
    const tentative = await prepared.digest()
    await prepared.store.close()
    expect(await runChild(['undo', prepared.dataDir, '1'], failpoint)).toMatchObject({ signal: 'SIGKILL', said: [] })
    const directory = join(prepared.dataDir, 'quarantine')
    expect(existsSync(directory) ? readdirSync(directory).filter(name => name.endsWith('.jsonl')) : []).toHaveLength(
      files,
    )
    const opened = await openStore(prepared.dataDir)
    expect(opened.store.last().index).toBe(last)
    expect(await opened.digest()).toEqual(last === 1 ? before : tentative)
    expect(await opened.store.undo(1, 'again')).toMatchObject({ quarantined: last - 1 })
    expect(await opened.digest()).toEqual(before)
  })

  test.each([
    ['install.before-aside', 'old'],
    ['install.after-aside', 'old'],
    ['install.after-rename', 'new'],
  ])('at %s, the store that opens is the %s one', async (failpoint, which) => {
    const source = await openStore()
    await write(source, [put('c/which', 'new')])
    const target = await openStore()
    await write(target, [put('c/which', 'old')], 2)
    await target.store.close()
    const file = await source.store.snapshot()
    const args = ['install', target.dataDir, JSON.stringify(file)]
    expect(await runChild(args, failpoint)).toMatchObject({ signal: 'SIGKILL', said: [] })
    const opened = await openStore(target.dataDir)
    expect(opened.fresh).toBe(false)
    expect(bodyOf(opened, 'c/which')).toBe(which)
    expect(existsSync(join(target.dataDir, 'install-s0.json'))).toBe(false)
    await write(opened, [put('c/which', 'goes on')], 3)
    if (which === 'old') expect((await opened.store.install(file, 'again')).last).toEqual(file.position)
  })

  test('an installation that fails half-way is taken back, and the store goes on', async () => {
    const source = await openStore()
    const target = await openStore()
    await write(target, [put('c/which', 'old')])
    await target.store.close()
    const file = await source.store.snapshot()
    const child = await runChild(['install', target.dataDir, JSON.stringify(file)], 'install.after-aside:1:throw')
    expect(child.code).toBe(1)
    expect(child.errors).toContain('failpoint install.after-aside')
    expect(bodyOf(await openStore(target.dataDir), 'c/which')).toBe('old')
  })
})

describe('the process ends, with a clear word,', () => {
  test('when a COMMIT fails, and nothing unanswered was promised', async () => {
    const dataDir = temporaryDirectory()
    // Large enough for the first groups, then every write to the WAL fails.
    const child = await runLimited(['fill', dataDir, '200'], 2000)
    expect(child.code).toBe(EXIT_STORE_DIED)
    expect(child.errors).toContain('COMMIT failed')
    expect(child.said.length).toBeGreaterThan(0)
    const opened = await openStore(dataDir)
    expect(opened.store.last().index).toBeGreaterThanOrEqual(child.said.length)
    for (const seen of child.said) expect(bodyOf(opened, `c/${seen}`)).not.toBe(null)
  })

  test('when its thread dies of anything else', async () => {
    const child = await runChild(['write', temporaryDirectory(), '9'], 'write.before-commit:2:throw')
    expect(child).toMatchObject({ code: EXIT_STORE_DIED, said: [1] })
    expect(child.errors).toContain('failpoint write.before-commit')
  })
})

function writeGroupDone(result: WriteResult<Position>): Extract<WriteResult<Position>, { kind: 'done' }> {
  if (result.kind !== 'done') throw new Error(result.detail)
  return result
}

describe('a full disk', () => {
  test('inside a transaction gives up the whole group, and every next one while it is full', () => {
    const database = new Database({ dataDir: temporaryDirectory(), shard: 's0', limits: STORE_LIMITS })
    onTestFinished(() => database.close())
    const body = new Uint8Array(300_000)
    const room = 40 // pages, some 160 kB: the second command meets the end, a third one would fit again
    expect(writeGroup(database, 1, [put('c/1', 'kept')])).toMatchObject({ kind: 'done', seen: 1 })
    const { entry } = writeGroupDone(writeGroup(database, 1, [put('c/1', 'also kept')]))
    const pages = pragma(database.db, 'page_count')
    database.db.exec(`PRAGMA max_page_count = ${Number(pages) + room}`)
    const group = [put('c/2', 'fits'), put('c/3', body), put('c/4', 'would fit again')]
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(writeGroup(database, 1, group)).toMatchObject({ kind: 'refused', reason: 'disk' })
      expect(database.db.isTransaction).toBe(false)
      expect(database.rows.read('c/2')).toBe(null)
      expect(database.rows.read('c/4')).toBe(null)
      expect(database.history.last).toEqual(entry)
    }
    database.db.exec('PRAGMA max_page_count = 100000')
    expect(writeGroup(database, 1, group)).toMatchObject({ kind: 'done', seen: 3 })
  })

  test.skipIf(noSmallDisk !== null)(named('refuses, then goes on once there is room'), async () => {
    const disk = smallDisk(8)
    const opened = await openStore(disk)
    const answered: string[] = []
    let refused = null
    for (let n = 0; n < 400 && refused === null; n++) {
      const result = await opened.store.write(1, [put(`c/${n}`, `${n}`.padEnd(20_000, 'x'))])
      if (result.kind === 'done') answered.push(`c/${n}`)
      else refused = result
    }
    expect(refused).toMatchObject({ kind: 'refused', reason: 'disk' })
    expect(answered.length).toBeGreaterThan(10)
    expect(opened.store.last().index).toBe(answered.length)
    for (const key of answered) expect(bodyOf(opened, key)).not.toBe(null)
    const entry = await opened.store.read(opened.store.last().index, 1)
    expect(await opened.store.apply((entry ?? []).map(({ bytes }) => bytes))).toMatchObject({
      kind: 'refused',
      reason: 'disk',
    })
    execFileSync('mount', ['-o', 'remount,size=64m', disk])
    expect(await opened.store.write(1, [put('c/room', 'x')])).toMatchObject({ kind: 'done' })
    await opened.store.close()
    expect((await openStore(disk)).store.last().index).toBe(answered.length + 1)
  })
})

describe('an exclusive hold', () => {
  test('is one at a time, in this process too, and is given back', () => {
    const path = join(temporaryDirectory(), 'lock')
    const hold = holdExclusive(path)
    expect(hold).not.toBe(null)
    expect(holdExclusive(path)).toBe(null)
    hold?.release()
    hold?.release()
    const again = holdExclusive(path)
    expect(again).not.toBe(null)
    again?.release()
  })

  test('keeps a second process out, until the first one is killed', async () => {
    const path = join(temporaryDirectory(), 'lock')
    const holder = startChild(['lock', path])
    onTestFinished(() => void holder.kill('SIGKILL'))
    const [said] = await once(holder.stdout, 'data')
    expect(String(said)).toContain('held')
    expect(holdExclusive(path)).toBe(null)
    const ended = once(holder, 'exit')
    holder.kill('SIGKILL')
    await ended
    const hold = holdExclusive(path)
    expect(hold).not.toBe(null)
    hold?.release()
  })
})
