// A transaction over SQLite: one savepoint, one place in the entry, one record.
import { describe, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../../origin/store/database.ts'
import { STORE_LIMITS, TX_BYTES_MAX } from '../../../origin/store/limits.ts'
import { writeGroup } from '../../../origin/store/write.ts'
import { decodeEntry } from '../../../replicator/entry/codec.ts'
import type { Change, Check, Idempotency, WriteCommand } from '../../../replicator/store/command.ts'
import { bodyOf, entryOf, openStore, patchOf, put, remove, temporaryDirectory, withKey, write } from './fixture.ts'

const AT = 1_700_000_000_000
const tx = (...ops: (Change | Check)[]): WriteCommand & { readonly op: 'tx' } => ({ op: 'tx', ops, at: AT })
const ABSENT: Check['conditions'] = [{ kind: 'noneMatch', etags: '*' }]
const check = (key: string, conditions: Check['conditions']): Check => ({ op: 'check', key, conditions })
const json = (key: string, text: string) => ({ ...put(key, text), type: 'application/json' })
const client = (scope: string, fingerprint = 'aa'): Idempotency => ({ kind: 'client', scope: `c${scope}`, fingerprint })

describe('a transaction', () => {
  test('has operations of its own in the entry of its group, each seeing those before it', async () => {
    const opened = await openStore()
    const { outcomes, entry } = await write(opened, [
      put('c/0', 'other'),
      tx(
        json('c/1', '{"n":1}'),
        check('c/1', [{ kind: 'match', etags: ['"1.1.1"'] }]),
        patchOf('c/1', 'merge', '{"n":2}'),
        remove('c/0'),
      ),
      put('c/2', 'after'),
    ])
    expect(outcomes.map(outcome => outcome.kind)).toEqual(['created', 'transacted', 'created'])
    expect(outcomes[1]).toEqual({ kind: 'transacted', etags: ['"1.1.2"', '"1.1.2"', '"1.1.2"', null], modified: AT })
    expect(outcomes[2]).toMatchObject({ etag: '"1.1.4"' })
    expect(['c/0', 'c/1', 'c/2'].map(key => bodyOf(opened, key))).toEqual([null, '{"n":2}', 'after'])
    const decoded = entry && decodeEntry(entry.bytes)
    expect(decoded?.kind === 'ok' && decoded.entry.ops.map(op => op.key)).toEqual(['c/0', 'c/1', 'c/1', 'c/0', 'c/2'])
  })

  test('that is refused leaves no trace, and the rest of its group goes on', async () => {
    const opened = await openStore()
    await write(opened, [json('c/1', '{"n":1}')])
    const { outcomes } = await write(opened, [
      withKey(tx(remove('c/1'), put('c/new', 'x'), check('c/1', [{ kind: 'match', etags: '*' }])), client('k')),
      put('c/2', 'x'),
    ])
    expect(outcomes[0]).toEqual({ kind: 'refused', op: 2, refusal: { kind: 'preconditionFailed', etag: null } })
    expect(outcomes[1]).toMatchObject({ kind: 'created', etag: '"1.2.0"' })
    expect([bodyOf(opened, 'c/1'), bodyOf(opened, 'c/new')]).toEqual(['{"n":1}', null])
    expect((await opened.digest()).records).toBe(0)
  })

  test('is whole or not there when the database refuses one of its rows', () => {
    const database = new Database({ dataDir: temporaryDirectory(), shard: 's0', limits: STORE_LIMITS })
    onTestFinished(() => database.close())
    database.db.exec(`CREATE TRIGGER no BEFORE INSERT ON documents WHEN new.key = 'c/bad'
      BEGIN SELECT raise(ABORT, 'not this one'); END`)
    const bad = withKey(tx(put('c/1', 'x'), put('c/bad', 'x')), client('k'))
    const result = writeGroup(database, 1, [bad, put('c/2', 'x')])
    expect(result).toMatchObject({ outcomes: [{ kind: 'failed' }, { kind: 'created', etag: '"1.1.0"' }] })
    expect([database.rows.read('c/1'), database.records.read('ck'), database.records.tally.client]).toEqual([
      null,
      null,
      0,
    ])
    expect(database.rows.oldOf(1, 1)).toBe(undefined)
  })

  test('goes to a standby and back as one', async () => {
    const [primary, standby] = [await openStore(), await openStore()]
    const first = await entryOf(primary, [json('c/1', '{"n":1}'), put('c/2', 'x', [], AT + 5000)])
    await standby.store.apply([first.bytes])
    primary.store.settle(1)
    const before = await primary.digest()
    const all = withKey(
      tx(patchOf('c/1', 'merge', '{"n":2}'), patchOf('c/1', 'merge', '{"m":3}'), remove('c/2'), put('c/2', 'y')),
      client('k'),
    )
    const { bytes } = await entryOf(primary, [all])
    expect(await standby.store.apply([bytes])).toMatchObject({ kind: 'applied' })
    expect(await standby.digest()).toEqual(await primary.digest())
    expect(bodyOf(standby, 'c/1')).toBe('{"n":2,"m":3}')
    await primary.store.undo(1, 'never acknowledged')
    expect(await primary.digest()).toEqual(before)
    expect(primary.reader.get('c/2')).toMatchObject({ expires: AT + 5000 })
  })

  test('is replayed under its key, other content is not', async () => {
    const opened = await openStore()
    const once = withKey(tx(put('c/1', 'x'), check('c/2', ABSENT)), client('k'))
    const first = await write(opened, [once])
    await write(opened, [put('c/2', 'there now')])
    const again = await write(opened, [once, { ...once, idem: client('k', 'bb') }])
    expect(again.outcomes).toEqual([{ kind: 'replayed', done: first.outcomes[0] }, { kind: 'mismatch' }])
    expect(opened.reader.record('ck')).toMatchObject({ kind: 'found', done: first.outcomes[0] })
  })

  test('of checks alone makes no entry, and decides anew', async () => {
    const opened = await openStore()
    const once = withKey(tx(check('c/1', ABSENT)), client('k'))
    expect(await write(opened, [once])).toMatchObject({
      outcomes: [{ kind: 'transacted', etags: [null] }],
      entry: null,
    })
    await write(opened, [put('c/1', 'x')])
    expect(await write(opened, [once])).toMatchObject({ outcomes: [{ kind: 'refused', op: 0 }], entry: null })
  })

  test('of too many bytes is refused', async () => {
    const opened = await openStore()
    const half = new Uint8Array(TX_BYTES_MAX / 2 + 1)
    const { outcomes } = await write(opened, [tx(put('c/1', half), put('c/2', half))])
    expect(outcomes[0]).toMatchObject({ kind: 'refused', op: 1, refusal: { kind: 'tooLarge' } })
  })
})

describe('a created document', () => {
  const create = (key: string, body: string): WriteCommand & { readonly op: 'create' } => ({
    ...put(key, body),
    op: 'create',
  })

  test('is told by its key, to a repeat under another key too', async () => {
    const opened = await openStore()
    const first = await write(opened, [withKey(create('c/é 1', 'x'), client('k'))])
    expect(first.outcomes[0]).toEqual({ kind: 'placed', key: 'c/é 1', etag: '"1.1.0"', modified: AT })
    const again = await write(opened, [withKey(create('c/2', 'x'), client('k'))])
    expect(again).toMatchObject({ outcomes: [{ kind: 'replayed', done: first.outcomes[0] }], entry: null })
    expect(bodyOf(opened, 'c/2')).toBe(null)
  })

  test('is refused where there is one', async () => {
    const opened = await openStore()
    const { outcomes } = await write(opened, [put('c/1', 'x'), create('c/1', 'y')])
    expect(outcomes[1]).toEqual({ kind: 'exists' })
  })
})

describe('what expires', () => {
  test('is found by an index, the longest due first, and by nothing else', async () => {
    const opened = await openStore()
    await write(opened, [
      put('c/never', 'x'),
      put('c/later', 'x', [], AT + 2000),
      put('c/first', 'x', [], AT + 1),
      put('c/second', 'x', [], AT + 1000),
    ])
    expect(opened.reader.due(AT, 10)).toEqual([])
    expect(opened.reader.due(AT + 1000, 10)).toEqual(['c/first', 'c/second'])
    expect(opened.reader.due(AT + 5000, 2)).toEqual(['c/first', 'c/second'])
    const database = new Database({ dataDir: temporaryDirectory(), shard: 's0', limits: STORE_LIMITS })
    onTestFinished(() => database.close())
    const plan = database.db.prepare(
      'EXPLAIN QUERY PLAN SELECT key FROM documents WHERE expires <= ? ORDER BY expires LIMIT ?',
    )
    expect(JSON.stringify(plan.all(1, 1))).toMatch(/SEARCH documents USING INDEX documents_that_expire/)
    expect(JSON.stringify(plan.all(1, 1))).not.toContain('B-TREE')
  })

  test('goes only where it is still due: not what was written again, or has more time', async () => {
    const opened = await openStore()
    const keys = ['c/due', 'c/renewed', 'c/kept', 'c/gone']
    await write(
      opened,
      keys.map(key => put(key, 'x', [], AT + 1)),
    )
    await write(opened, [put('c/renewed', 'y', [], AT + 9000), put('c/kept', 'y'), remove('c/gone')])
    const { outcomes, entry } = await write(opened, [{ op: 'expire', keys, at: AT + 1 }])
    expect(outcomes).toEqual([{ kind: 'expired', count: 1 }])
    expect(keys.map(key => bodyOf(opened, key))).toEqual([null, 'y', 'y', null])
    const decoded = entry && decodeEntry(entry.bytes)
    expect(decoded?.kind === 'ok' && decoded.entry.ops).toMatchObject([{ key: 'c/due', newRow: null, at: AT + 1 }])
    const nothing = await write(opened, [{ op: 'expire', keys, at: AT + 1 }])
    expect(nothing).toMatchObject({ outcomes: [{ kind: 'expired', count: 0 }], entry: null })
  })

  test('keeps its time through a patch, a standby and a snapshot', async () => {
    const [primary, standby, third] = [await openStore(), await openStore(), await openStore()]
    const entries = [
      await entryOf(primary, [json('c/1', '{}'), put('c/2', 'x', [], AT + 7)]),
      await entryOf(primary, [{ ...json('c/1', '{}'), expires: AT + 7 }]),
      await entryOf(primary, [patchOf('c/1', 'merge', '{"a":1}')]),
    ]
    await standby.store.apply(entries.map(({ bytes }) => bytes))
    await third.store.install(await standby.store.snapshot(), 'a test')
    for (const opened of [primary, standby, third]) {
      expect(opened.reader.due(AT + 7, 9).toSorted()).toEqual(['c/1', 'c/2'])
      expect(opened.reader.get('c/1')).toMatchObject({ expires: AT + 7 })
    }
    expect(await third.digest()).toEqual(await primary.digest())
  })
})
