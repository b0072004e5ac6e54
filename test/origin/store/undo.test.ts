import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportQuarantine, listQuarantine, showQuarantine } from '../../../origin/store/quarantine.ts'
import { openWriting } from '../../../origin/store/sqlite.ts'
import { GENESIS } from '../../../replicator/entry/position.ts'
import { bodyOf, entryOf, openStore, put, remove, write } from './fixture.ts'

/** Two committed entries, then three tentative ones that create, replace and delete. */
async function diverged() {
  const opened = await openStore()
  await write(opened, [put('c/1', 'one'), put('c/2', 'two'), put('c/3', 'three', [], 1_800_000_000_000)])
  const kept = await entryOf(opened, [put('c/1', 'uno')])
  opened.store.settle(2)
  const before = await opened.digest()
  await write(opened, [put('c/1', 'x'), put('c/4', 'new'), remove('c/2')])
  await write(opened, [put('c/2', 'again'), put('c/4', 'newer'), put('c/4', ''), remove('c/3')])
  await write(opened, [remove('c/4'), put('c/é\0', new Uint8Array([0, 255]))], 2)
  return { opened, kept: kept.position, before }
}

describe('undo', () => {
  test('brings back rows and history as they were, whatever was created, replaced, deleted', async () => {
    const { opened, kept, before } = await diverged()
    expect(await opened.store.undo(2, 'not acknowledged')).toEqual({ quarantined: 3, last: kept })
    expect(opened.store.last()).toEqual(kept)
    expect(await opened.digest()).toEqual(before)
    expect(await opened.store.tail(10)).toEqual([kept])
    expect(await opened.store.read(3, 1e6)).toEqual([])
  })

  test('of a part leaves the rest, and the store goes on from there', async () => {
    const { opened } = await diverged()
    expect(await opened.store.undo(4, 'part')).toMatchObject({ quarantined: 1, last: { index: 4 } })
    expect(bodyOf(opened, 'c/4')).toBe('')
    await write(opened, [put('c/4', 'other')], 3)
    expect(await opened.store.undo(2, 'rest')).toMatchObject({ quarantined: 3, last: { index: 2 } })
    expect(bodyOf(opened, 'c/1')).toBe('uno')
  })

  test('survives a restart in between', async () => {
    const { opened, kept, before } = await diverged()
    await opened.store.close()
    const again = await openStore(opened.dataDir)
    expect((await again.store.tail(10)).map(position => position.index)).toEqual([5, 4, 3, 2])
    expect(await again.store.undo(2, 'after a restart')).toMatchObject({ last: kept })
    expect(await again.digest()).toEqual(before)
  })

  test('to where it is does nothing', async () => {
    const opened = await openStore()
    expect(await opened.store.undo(0, 'nothing')).toEqual({ quarantined: 0, last: GENESIS })
    expect(existsSync(join(opened.dataDir, 'quarantine'))).toBe(false)
  })

  test('is refused for what is committed, and for what is not here', async () => {
    const { opened } = await diverged()
    const before = await opened.digest()
    await expect(opened.store.undo(1, 'too far')).rejects.toMatchObject({ name: 'CannotUndo' })
    await expect(opened.store.undo(9, 'nowhere')).rejects.toMatchObject({ name: 'CannotUndo' })
    opened.store.settle(4)
    await expect(opened.store.undo(3, 'settled')).rejects.toMatchObject({ name: 'CannotUndo' })
    expect(await opened.digest()).toEqual(before)
  })

  test.each([
    ['DELETE FROM undo WHERE idx = 3 AND n = 0', 'is gone'],
    ["UPDATE undo SET old_body = x'00' WHERE idx = 3 AND n = 0", 'has changed'],
    ["UPDATE documents SET body = x'00' WHERE key = 'c/1'", 'has changed'],
    ['UPDATE log SET bytes = zeroblob(200) WHERE idx = 3', 'corrupt'],
  ])('verifies as it goes, and changes nothing where something does not fit: %s', async (sql, says) => {
    const { opened } = await diverged()
    const db = openWriting(join(opened.dataDir, 's0.sqlite'))
    db.exec(sql)
    db.close()
    const before = await opened.digest()
    await expect(opened.store.undo(2, 'damaged')).rejects.toMatchObject({ message: expect.stringContaining(says) })
    expect(await opened.digest()).toEqual(before)
    expect(opened.store.last().index).toBe(5)
  })
})

describe('settle', () => {
  test('never goes back, and never beyond what is here', async () => {
    const opened = await openStore()
    for (let n = 0; n < 4; n++) await write(opened, [put('c/1', `${n}`)])
    opened.store.settle(3)
    opened.store.settle(1)
    opened.store.settle(99)
    await write(opened, [put('c/1', 'after')])
    expect((await opened.store.tail(10)).map(position => position.index)).toEqual([5, 4])
    expect((await opened.store.tail(1)).map(position => position.index)).toEqual([5])
  })

  test('drops the old rows by itself when nothing else is written', async () => {
    const opened = await openStore()
    for (let n = 0; n < 3; n++) await write(opened, [put('c/1', `${n}`)])
    opened.store.settle(3)
    const db = openWriting(join(opened.dataDir, 's0.sqlite'))
    await expect.poll(() => db.prepare('SELECT count(*) AS rows FROM undo').get()?.rows, { timeout: 3000 }).toBe(0)
    db.close()
    await opened.store.close()
    expect((await (await openStore(opened.dataDir)).store.tail(10)).map(position => position.index)).toEqual([3])
  })
})

describe('quarantine', () => {
  test('holds each discarded operation, and can be listed, shown and exported', async () => {
    const { opened } = await diverged()
    await opened.store.undo(2, 'not acknowledged')
    const [file] = listQuarantine(opened.dataDir)
    expect(file).toMatchObject({ file: 's0-1.3-1.jsonl', shard: 's0', epoch: 1, index: 3 })
    const records = await Array.fromAsync(showQuarantine(opened.dataDir, 's0-1.3-1.jsonl'))
    expect(records.map(record => [record.index, record.n, record.op, record.key])).toEqual([
      [3, 0, 'put', 'c/1'],
      [3, 1, 'put', 'c/4'],
      [3, 2, 'delete', 'c/2'],
      [4, 0, 'put', 'c/2'],
      [4, 1, 'put', 'c/4'],
      [4, 2, 'put', 'c/4'],
      [4, 3, 'delete', 'c/3'],
      [5, 0, 'delete', 'c/4'],
      [5, 1, 'put', 'c/é\0'],
    ])
    expect(records.at(-1)).toMatchObject({ epoch: 2, type: 'text/plain', body: 'AP8=', why: 'not acknowledged' })
    const target = join(opened.dataDir, 'exported.jsonl')
    exportQuarantine(opened.dataDir, 's0-1.3-1.jsonl', target)
    expect(readFileSync(target, 'utf8').trim().split('\n')).toHaveLength(9)
    expect(() => exportQuarantine(opened.dataDir, 's0-1.3-1.jsonl', target)).toThrow('EEXIST')
    expect(() => exportQuarantine(opened.dataDir, '../s0.sqlite', target)).toThrow('no quarantine file')
  })

  test('never overwrites an earlier file', async () => {
    const opened = await openStore()
    for (const body of ['first', 'second']) {
      await write(opened, [put('c/1', body)])
      await opened.store.undo(0, body)
    }
    expect(readdirSync(join(opened.dataDir, 'quarantine')).sort()).toEqual(['s0-1.1-1.jsonl', 's0-1.1-2.jsonl'])
    expect(listQuarantine(opened.dataDir)).toHaveLength(2)
  })
})
