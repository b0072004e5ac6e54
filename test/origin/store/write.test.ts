import { describe, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../../origin/store/database.ts'
import { STORE_LIMITS } from '../../../origin/store/limits.ts'
import { writeGroup } from '../../../origin/store/write.ts'
import { decodeEntry, positionAfter } from '../../../replicator/entry/codec.ts'
import { ENTRY_BYTES_MAX, KEY_BYTES_MAX } from '../../../replicator/entry/limits.ts'
import { GENESIS } from '../../../replicator/entry/position.ts'
import { bodyOf, entryOf, openStore, put, remove, temporaryDirectory, write } from './fixture.ts'

describe('a group', () => {
  test('is one entry, whose outcomes are in order', async () => {
    const opened = await openStore()
    const { outcomes, entry, seen } = await write(opened, [
      put('c/1', 'x'),
      put('c/2', ''),
      put('c/1', 'y'),
      remove('c/2'),
    ])
    expect(outcomes).toEqual([
      { kind: 'created', etag: '"1.1.0"', modified: 1_700_000_000_000 },
      { kind: 'created', etag: '"1.1.1"', modified: 1_700_000_000_000 },
      { kind: 'replaced', etag: '"1.1.2"', modified: 1_700_000_000_000 },
      { kind: 'deleted', etag: '"1.1.3"', modified: 1_700_000_000_001 },
    ])
    if (entry === null) throw new Error('no entry')
    expect(entry.position).toEqual(positionAfter(GENESIS.hash, entry.bytes))
    expect(opened.store.last()).toEqual(entry.position)
    expect(seen).toBe(1)
    expect(bodyOf(opened, 'c/1')).toBe('y')
    expect(bodyOf(opened, 'c/2')).toBe(null)
  })

  test('leaves no trace of what it refuses', async () => {
    const opened = await openStore()
    await write(opened, [put('c/1', 'x')])
    const { outcomes, entry, seen } = await write(opened, [
      put('c/1', 'no', [{ kind: 'match', etags: ['"9.9.9"'] }]),
      remove('c/none'),
      put('c/2', 'yes'),
      put('', 'no key'),
      put('c/\ud800', 'half a pair'),
      put('x'.repeat(KEY_BYTES_MAX + 1), 'long key'),
    ])
    expect(outcomes.map(outcome => outcome.kind)).toEqual([
      'preconditionFailed',
      'missing',
      'created',
      'failed',
      'failed',
      'failed',
    ])
    expect(outcomes[2]).toMatchObject({ etag: '"1.2.0"' })
    expect(seen).toBe(2)
    const decoded = entry && decodeEntry(entry.bytes)
    expect(decoded?.kind === 'ok' && decoded.entry.ops.map(op => op.key)).toEqual(['c/2'])
    expect(bodyOf(opened, 'c/1')).toBe('x')
  })

  test('with nothing but refusals makes no entry, and says what it has seen', async () => {
    const opened = await openStore()
    expect(await write(opened, [remove('c/1')])).toMatchObject({
      outcomes: [{ kind: 'missing' }],
      entry: null,
      seen: 0,
    })
    await write(opened, [put('c/1', 'x')])
    const refused = await write(opened, [put('c/1', 'y', [{ kind: 'noneMatch', etags: '*' }])])
    expect(refused).toMatchObject({ outcomes: [{ kind: 'preconditionFailed', etag: '"1.1.0"' }], entry: null, seen: 1 })
    expect(opened.store.last().index).toBe(1)
  })

  test('beyond the longest entry lets the last ones fail alone', async () => {
    const opened = await openStore()
    const big = new Uint8Array(ENTRY_BYTES_MAX / 2)
    const { outcomes } = await write(opened, [put('c/1', big), put('c/2', big), put('c/3', 'small')])
    expect(outcomes.map(outcome => outcome.kind)).toEqual(['created', 'failed', 'created'])
  })

  test('goes on without a command that the database itself refuses', () => {
    const database = new Database({ dataDir: temporaryDirectory(), shard: 's0', limits: STORE_LIMITS })
    onTestFinished(() => database.close())
    database.db.exec(`CREATE TRIGGER no BEFORE INSERT ON documents WHEN new.key = 'c/bad'
      BEGIN SELECT raise(ABORT, 'not this one'); END`)
    const result = writeGroup(database, 1, [put('c/1', 'x'), put('c/bad', 'x'), put('c/2', 'x')])
    expect(result).toMatchObject({
      outcomes: [{ etag: '"1.1.0"' }, { kind: 'failed', reason: 'not this one' }, { etag: '"1.1.1"' }],
    })
    expect([database.rows.oldOf(1, 0)?.key, database.rows.oldOf(1, 1)?.key, database.rows.oldOf(1, 2)]).toEqual([
      'c/1',
      'c/2',
      undefined,
    ])
  })

  test('of an epoch that is over is refused, in order with the other calls', async () => {
    const opened = await openStore()
    const before = opened.store.write(3, [put('c/1', 'x')])
    opened.store.fence(5)
    const after = opened.store.write(4, [put('c/1', 'y')])
    expect(await before).toMatchObject({ kind: 'done' })
    expect(await after).toMatchObject({ kind: 'refused', reason: 'fenced' })
    expect(await opened.store.write(5, [put('c/1', 'z')])).toMatchObject({ kind: 'done' })
    expect(bodyOf(opened, 'c/1')).toBe('z')
  })

  test('never continues under an epoch lower than its history, not even after a restart', async () => {
    const opened = await openStore()
    await write(opened, [put('c/1', 'x')], 6)
    await opened.store.close()
    const again = await openStore(opened.dataDir)
    expect(again.fresh).toBe(false)
    expect(await again.store.write(5, [put('c/1', 'y')])).toMatchObject({ kind: 'refused', reason: 'fenced' })
  })
})

describe('conditions', () => {
  test('on what is not there', async () => {
    const opened = await openStore()
    const { outcomes } = await write(opened, [
      put('c/1', 'x', [{ kind: 'match', etags: '*' }]),
      put('c/1', 'x', [{ kind: 'noneMatch', etags: '*' }]),
      put('c/1', 'y', [{ kind: 'noneMatch', etags: '*' }]),
      remove('c/2', [{ kind: 'match', etags: '*' }]),
    ])
    expect(outcomes.map(outcome => outcome.kind)).toEqual([
      'preconditionFailed',
      'created',
      'preconditionFailed',
      'missing',
    ])
  })
})

describe('reads', () => {
  test('keys are told apart by their bytes', async () => {
    const opened = await openStore()
    const keys = ['c/a', 'c/a\0', 'c/a\0b', 'c/\ufeffa', 'c/é', 'c/e\u0301', 'c/\u{1F600}', 'c/\uffff']
    await write(
      opened,
      keys.map(key => put(key, key)),
    )
    expect(keys.map(key => bodyOf(opened, key))).toEqual(keys)
  })

  test('a hit names its own entry, a miss the last one', async () => {
    const opened = await openStore()
    expect(opened.reader.get('c/1')).toEqual({ kind: 'missing', seen: 0 })
    await write(opened, [put('c/1', 'x')])
    await write(opened, [put('c/2', 'y')])
    expect(opened.reader.get('c/1')).toMatchObject({
      epoch: 1,
      index: 1,
      n: 0,
      etag: '"1.1.0"',
      modified: 1_700_000_000_000,
    })
    await write(opened, [remove('c/1')])
    expect(opened.reader.get('c/1')).toEqual({ kind: 'missing', seen: 3 })
  })

  test('queued writes are answered in order', async () => {
    const opened = await openStore()
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => entryOf(opened, [put(`c/${i}`, 'x')])))
    expect(results.map(entry => entry.position.index)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  })
})
