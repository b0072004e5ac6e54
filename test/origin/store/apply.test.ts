import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openWriting } from '../../../origin/store/sqlite.ts'
import { encodeEntry } from '../../../replicator/entry/codec.ts'
import { NO_ROW_HASH } from '../../../replicator/entry/row.ts'
import { bodyOf, entryOf, openStore, put, remove } from './fixture.ts'

/** A primary with a history of every kind of operation, and its entries. */
async function primary() {
  const opened = await openStore()
  const entries = [
    await entryOf(opened, [put('c/1', 'one'), put('c/2', 'two')]),
    await entryOf(opened, [put('c/1', 'uno'), remove('c/2'), put('c/1', 'eins')]),
    await entryOf(opened, [put('c/3', 'three')], 2),
  ]
  return { opened, entries, bytes: entries.map(entry => entry.bytes) }
}

/** The entries of one such primary, for all tests that need no more of it. */
let made: ReturnType<typeof primary> | null = null
async function history() {
  made ??= primary()
  const { entries, bytes } = await made
  return { entries, bytes }
}

/** Changes a file behind the back of the store that has it open, as an operator with sqlite3 might. */
function tamper(dataDir: string, sql: string): void {
  const db = openWriting(join(dataDir, 's0.sqlite'))
  db.exec(sql)
  db.close()
}

describe('a standby', () => {
  test('becomes equal to its primary, byte for byte', async () => {
    const { opened, bytes } = await primary()
    const standby = await openStore()
    expect(await standby.store.apply(bytes)).toEqual({ kind: 'applied', last: opened.store.last() })
    expect(await standby.digest()).toEqual(await opened.digest())
    expect(standby.store.last()).toEqual(opened.store.last())
    expect((await standby.store.read(1, 1e6))?.map(entry => Buffer.from(entry.bytes).toString('hex'))).toEqual(
      (await opened.store.read(1, 1e6))?.map(entry => Buffer.from(entry.bytes).toString('hex')),
    )
  })

  test('skips what it has, and refuses what does not follow', async () => {
    const { bytes, entries } = await history()
    const [first, second, third] = bytes
    if (first === undefined || second === undefined || third === undefined) throw new Error('three entries')
    const standby = await openStore()
    expect(await standby.store.apply([second])).toMatchObject({ kind: 'refused', reason: 'sequence', index: 2 })
    expect(await standby.store.apply([first, first, second])).toEqual({ kind: 'applied', last: entries[1]?.position })
    expect(await standby.store.apply([first, second])).toEqual({ kind: 'applied', last: entries[1]?.position })
    const other = await entryOf(await openStore(), [put('c/9', 'another history')])
    expect(await standby.store.apply([other.bytes])).toMatchObject({ kind: 'refused', reason: 'sequence', index: 1 })
    expect(await standby.store.apply([third])).toMatchObject({ kind: 'applied' })
  })

  test('refuses an entry of the other shard', async () => {
    const { bytes } = await history()
    const standby = await openStore(undefined, {}, 's1')
    expect(await standby.store.apply(bytes)).toMatchObject({ kind: 'refused', reason: 'sequence' })
  })

  test('keeps what came before a bad entry, and nothing of it', async () => {
    const { bytes, entries } = await history()
    const standby = await openStore()
    const bad = Buffer.from(bytes[1] ?? [])
    bad.writeUInt8((bad[100] ?? 0) ^ 1, 100)
    const outcome = await standby.store.apply([bytes[0] ?? bad, bad, bytes[2] ?? bad])
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'corrupt', index: 2, last: entries[0]?.position })
    expect(bodyOf(standby, 'c/1')).toBe('one')
    expect(await standby.store.apply(bytes)).toMatchObject({ kind: 'applied' })
  })

  test('refuses bytes that are no entry, or one cut short', async () => {
    const { bytes } = await history()
    const standby = await openStore()
    for (const broken of [new Uint8Array(0), new Uint8Array(200), (bytes[0] ?? new Uint8Array(0)).subarray(0, -1)]) {
      expect(await standby.store.apply([broken])).toMatchObject({ kind: 'refused', reason: 'corrupt', index: 1 })
    }
    expect(standby.store.last().index).toBe(0)
  })

  test('fences the epochs before the one that it applied', async () => {
    const { bytes } = await history()
    const standby = await openStore()
    await standby.store.apply(bytes)
    expect(await standby.store.write(1, [put('c/1', 'late')])).toMatchObject({ kind: 'refused', reason: 'fenced' })
  })
})

describe('drift', () => {
  const changes = [
    "UPDATE documents SET body = x'00' WHERE key = 'c/1'",
    "UPDATE documents SET type = 'x' WHERE key = 'c/1'",
    "UPDATE documents SET modified = modified + 1 WHERE key = 'c/1'",
    "UPDATE documents SET n = 5 WHERE key = 'c/1'",
    "UPDATE documents SET epoch = 9223372036854775807 WHERE key = 'c/1'",
    "DELETE FROM documents WHERE key = 'c/2'",
    "UPDATE documents SET key = 'c/x' WHERE key = 'c/2'",
  ]
  test.each(changes)('is found by the next entry that touches the row: %s', async sql => {
    const { bytes } = await history()
    const standby = await openStore()
    await standby.store.apply(bytes.slice(0, 1))
    tamper(standby.dataDir, sql)
    expect(await standby.store.apply(bytes.slice(1))).toMatchObject({
      kind: 'refused',
      reason: 'drift',
      index: 2,
      last: { index: 1 },
    })
    expect(standby.store.last().index).toBe(1)
  })

  test('a row that should not be there is drift too, and the entry leaves no trace', async () => {
    const { bytes } = await history()
    const standby = await openStore()
    tamper(standby.dataDir, "INSERT INTO documents VALUES ('c/2', 't', 1, 1, 1, 1, NULL, x'00')")
    expect(await standby.store.apply(bytes)).toMatchObject({ kind: 'refused', reason: 'drift', index: 1 })
    expect(bodyOf(standby, 'c/1')).toBe(null)
  })

  test('a forged entry on the right position with wrong old rows changes nothing', async () => {
    const { bytes } = await history()
    const standby = await openStore()
    await standby.store.apply(bytes.slice(0, 1))
    const last = standby.store.last()
    const newRow = { type: 't', body: new Uint8Array(1), modified: 1, expires: null, n: 0 }
    const forged = encodeEntry({
      shard: 's0',
      epoch: 1,
      index: 2,
      previousHash: last.hash,
      ops: [
        { table: 1, key: 'c/new', oldHash: NO_ROW_HASH, newRow },
        { table: 1, key: 'c/1', oldHash: NO_ROW_HASH, newRow: { ...newRow, n: 1 } },
      ],
    })
    expect(await standby.store.apply([forged])).toMatchObject({
      kind: 'refused',
      reason: 'drift',
      detail: expect.stringContaining('c/1'),
    })
    expect(bodyOf(standby, 'c/new')).toBe(null)
    expect(standby.store.last()).toEqual(last)

    // Behind a good entry of the same transaction too.
    const fresh = await openStore()
    expect(await fresh.store.apply([bytes[0] ?? forged, forged])).toMatchObject({
      kind: 'refused',
      reason: 'drift',
      last,
    })
    expect(bodyOf(fresh, 'c/1')).toBe('one')
    expect(bodyOf(fresh, 'c/new')).toBe(null)
    expect(await fresh.store.undo(0, 'nothing of it is kept')).toMatchObject({ quarantined: 1 })
  })
})
