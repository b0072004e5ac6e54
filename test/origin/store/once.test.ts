// I7: a write's effect and its record are together on both copies, or on none.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CLIENT_KEPT_MS, EXPIRED_A_GROUP, MINTED_AHEAD_MS_MAX, MINTED_KEPT_MS } from '../../../origin/store/limits.ts'
import { listQuarantine, showQuarantine } from '../../../origin/store/quarantine.ts'
import { openWriting } from '../../../origin/store/sqlite.ts'
import type { OpenStore } from '../../../origin/store/store.ts'
import { decodeEntry, encodeEntry } from '../../../replicator/entry/codec.ts'
import type { Idempotency, WriteCommand } from '../../../replicator/store/command.ts'
import { Minter } from '../../../router/minted.ts'
import { bodyOf, entryOf, openStore, put, remove, withKey, write } from './fixture.ts'

const AT = 1_700_000_000_000
const client = (name: string, fingerprint = 'aa'): Idempotency => ({ kind: 'client', scope: `c${name}`, fingerprint })
const mint = (at = AT, router = 'router-one'): Idempotency => ({
  kind: 'minted',
  ...new Minter(router, () => at).mint(),
})
const ABSENT = [{ kind: 'noneMatch', etags: '*' }] as const

/** The outcome of one command in a group of its own. */
async function one(opened: OpenStore, command: WriteCommand, epoch = 1) {
  const { outcomes, entry } = await write(opened, [command], epoch)
  return { outcome: outcomes[0], entry }
}

describe('a repeat', () => {
  test.each([
    ['client', client('1')] as const,
    ['minted', mint()] as const,
  ])('of a %s key is told what the first did, and does nothing', async (_, idem) => {
    const opened = await openStore()
    const first = await one(opened, withKey(put('c/1', 'x', ABSENT), idem, AT))
    expect(first.outcome).toEqual({ kind: 'created', etag: '"1.1.0"', modified: AT })
    await one(opened, put('c/1', 'somebody else'))
    const again = await one(opened, withKey(put('c/1', 'x', ABSENT), idem, AT + 5))
    expect(again).toEqual({ outcome: { kind: 'replayed', done: first.outcome }, entry: null })
    const blind = await one(opened, withKey(put('c/1', 'x'), idem, AT + 5))
    expect(blind).toEqual(again)
    expect(bodyOf(opened, 'c/1')).toBe('somebody else')
    expect((await opened.digest()).records).toBe(1)
  })

  test('of a delete is told that it deleted, not that there is nothing', async () => {
    const opened = await openStore()
    await one(opened, put('c/1', 'x'))
    const idem = mint()
    expect((await one(opened, withKey(remove('c/1'), idem, AT))).outcome).toMatchObject({ kind: 'deleted' })
    expect((await one(opened, withKey(remove('c/1'), idem, AT))).outcome).toMatchObject({
      kind: 'replayed',
      done: { kind: 'deleted', etag: '"1.2.0"' },
    })
  })

  test('in one group sees the first', async () => {
    const opened = await openStore()
    const idem = mint()
    const { outcomes, entry } = await write(opened, [
      withKey(put('c/1', 'x'), idem, AT),
      withKey(put('c/1', 'x'), idem, AT),
      put('c/2', 'y'),
      withKey(put('c/3', 'z'), client('3'), AT),
    ])
    expect(outcomes.map(outcome => outcome.kind)).toEqual(['created', 'replayed', 'created', 'created'])
    expect(outcomes[3]).toMatchObject({ etag: '"1.1.3"' })
    const decoded = entry && decodeEntry(entry.bytes)
    expect(decoded?.kind === 'ok' && decoded.entry.ops.map(op => op.table)).toEqual([1, 2, 1, 1, 2])
  })

  test('with other content is a mismatch; another scope is another write', async () => {
    const opened = await openStore()
    await one(opened, withKey(put('c/1', 'x'), client('1'), AT))
    expect(await one(opened, withKey(put('c/1', 'y'), client('1', 'bb'), AT))).toEqual({
      outcome: { kind: 'mismatch' },
      entry: null,
    })
    expect((await one(opened, withKey(put('c/1', 'y'), client('2', 'bb'), AT))).outcome).toMatchObject({
      kind: 'replaced',
    })
  })

  test('of a refusal is decided anew', async () => {
    const opened = await openStore()
    await one(opened, put('c/1', 'x'))
    const command = withKey(put('c/1', 'y', ABSENT), client('1'), AT)
    expect((await one(opened, command)).outcome).toMatchObject({ kind: 'preconditionFailed' })
    await one(opened, remove('c/1'))
    expect((await one(opened, command)).outcome).toMatchObject({ kind: 'created' })
  })

  test('is recognised after a restart, and its record is read', async () => {
    const opened = await openStore()
    await one(opened, withKey(put('c/1', 'x'), client('1'), AT))
    await opened.store.close()
    const again = await openStore(opened.dataDir)
    expect(again.reader.record('c1')).toEqual({
      kind: 'found',
      done: { kind: 'created', etag: '"1.1.0"', modified: AT },
      index: 1,
    })
    expect(again.reader.record('c2')).toEqual({ kind: 'missing', seen: 1 })
    expect((await one(again, withKey(put('c/1', 'x'), client('1'), AT), 2)).outcome).toMatchObject({ kind: 'replayed' })
  })

  test('whose scope is none fails alone', async () => {
    const opened = await openStore()
    for (const scope of ['', 'x1', 'c', 'c é', `c${'x'.repeat(200)}`]) {
      const { outcome } = await one(opened, withKey(put('c/1', 'x'), { kind: 'client', scope, fingerprint: '' }, AT))
      expect(outcome).toMatchObject({ kind: 'failed' })
    }
  })
})

describe('both copies', () => {
  test('have the records of all entries, and answer repeats alike', async () => {
    const primary = await openStore()
    const standby = await openStore()
    const idem = mint()
    const entries = [
      await entryOf(primary, [withKey(put('c/1', 'x'), idem, AT), withKey(put('c/2', 'x'), client('2'), AT)]),
      await entryOf(primary, [withKey(remove('c/1'), client('3'), AT)]),
    ]
    expect(await standby.store.apply(entries.map(entry => entry.bytes))).toMatchObject({ kind: 'applied' })
    expect(await standby.digest()).toEqual(await primary.digest())
    expect((await standby.digest()).records).toBe(3)
    expect((await one(standby, withKey(put('c/1', 'x'), idem, AT), 2)).outcome).toMatchObject({
      kind: 'replayed',
      done: { kind: 'created', etag: '"1.1.0"' },
    })
  })

  test('a snapshot holds them', async () => {
    const primary = await openStore()
    await one(primary, withKey(put('c/1', 'x'), client('1'), AT))
    const standby = await openStore()
    await standby.store.install(await primary.store.snapshot(), 'new')
    expect(await standby.digest()).toEqual(await primary.digest())
    expect(standby.reader.record('c1')).toMatchObject({ kind: 'found' })
    expect((await one(standby, withKey(put('c/1', 'x'), client('1'), AT), 2)).outcome).toMatchObject({
      kind: 'replayed',
    })
  })

  test.each([
    ['a record too many', "INSERT INTO records VALUES ('c9', x'00', 1, 1, 0, 0)", 'here already'],
    ['a record that is missing', "DELETE FROM records WHERE key = 'cold'", '0000'],
    ['a record that was changed', "UPDATE records SET body = x'00' WHERE key = 'cold'", "the primary's was"],
  ])('drift in %s is found at once', async (_, sql, says) => {
    const primary = await openStore()
    const standby = await openStore()
    const first = await entryOf(primary, [withKey(put('c/1', 'x'), client('old'), AT)])
    expect(await standby.store.apply([first.bytes])).toMatchObject({ kind: 'applied' })
    const db = openWriting(join(standby.dataDir, 's0.sqlite'))
    db.exec(sql)
    db.close()
    expect((await standby.digest()).sha256).not.toBe((await primary.digest()).sha256)
    const later = AT + CLIENT_KEPT_MS + 1
    const second = await entryOf(primary, [withKey(put('c/2', 'x'), client('9'), later)])
    expect(await standby.store.apply([second.bytes])).toMatchObject({
      kind: 'refused',
      reason: 'drift',
      detail: expect.stringContaining(says),
    })
    expect(bodyOf(standby, 'c/2')).toBe(null)
    expect(standby.store.last()).toEqual(first.position)
  })

  test('drift in a run of minted records is found when it goes', async () => {
    const later = AT + MINTED_KEPT_MS + 100
    const entries = async (primary: OpenStore) => [
      await entryOf(
        primary,
        [mint(AT), mint(AT + 1)].map((idem, n) => withKey(put(`c/${n}`, 'x'), idem, AT)),
      ),
      await entryOf(primary, [withKey(put('c/2', 'x'), mint(later), later)]),
    ]
    const [first, second] = await entries(await openStore())
    for (const sql of [
      'UPDATE records SET modified = modified + 1 WHERE key = (SELECT max(key) FROM records)',
      'DELETE FROM records WHERE key = (SELECT min(key) FROM records)',
      'DELETE FROM records',
    ]) {
      const standby = await openStore()
      await standby.store.apply([first?.bytes ?? new Uint8Array(0)])
      const db = openWriting(join(standby.dataDir, 's0.sqlite'))
      db.exec(sql)
      db.close()
      expect(await standby.store.apply([second?.bytes ?? new Uint8Array(0)])).toMatchObject({
        kind: 'refused',
        reason: 'drift',
      })
    }
  })

  test('an entry that would change a record, or give it a type, is refused', async () => {
    const primary = await openStore()
    const first = await entryOf(primary, [withKey(put('c/1', 'x'), client('1'), AT)])
    const decoded = decodeEntry(first.bytes)
    const record = decoded.kind === 'ok' ? decoded.entry.ops[1] : undefined
    if (decoded.kind !== 'ok' || record?.newRow == null) throw new Error('no record')
    const standby = await openStore()
    const changed = encodeEntry({
      ...decoded.entry,
      ops: [{ ...record, oldHash: 'a'.repeat(32), newRow: { ...record.newRow, n: 0 } }],
    })
    expect(await standby.store.apply([changed])).toMatchObject({ kind: 'refused', reason: 'drift' })
    const typed = encodeEntry({ ...decoded.entry, ops: [{ ...record, newRow: { ...record.newRow, type: 'x', n: 0 } }] })
    expect(await standby.store.apply([typed])).toMatchObject({ kind: 'refused', reason: 'corrupt' })
  })
})

describe('undo', () => {
  test('takes effect and record back together, into quarantine, and expiry too', async () => {
    const opened = await openStore()
    await one(opened, withKey(put('c/1', 'x'), client('old'), AT))
    opened.store.settle(1)
    const before = await opened.digest()
    const later = AT + CLIENT_KEPT_MS + 1
    await one(opened, withKey(put('c/2', 'y'), mint(later), later))
    expect(opened.reader.record('cold')).toMatchObject({ kind: 'missing' })
    await one(opened, withKey(remove('c/1'), client('gone'), later))
    expect(await opened.store.undo(1, 'never acknowledged')).toMatchObject({ quarantined: 2 })
    expect(await opened.digest()).toEqual(before)
    expect(opened.reader.record('cold')).toMatchObject({ kind: 'found' })
    const [file] = listQuarantine(opened.dataDir)
    const shown = await Array.fromAsync(showQuarantine(opened.dataDir, file?.file ?? ''))
    expect(shown.map(({ index, table, op }) => `${index} ${op} ${table}`)).toEqual([
      '2 put documents',
      '2 put records',
      '2 delete records',
      '3 delete documents',
      '3 put records',
    ])
    // what was undone was never done
    expect((await one(opened, withKey(remove('c/1'), client('gone'), AT), 2)).outcome).toMatchObject({
      kind: 'deleted',
    })
  })

  test('brings back a run of minted records that had gone with one operation', async () => {
    const opened = await openStore()
    const keys = Array.from({ length: 9 }, (_, n) => mint(AT + n))
    await write(
      opened,
      keys.map((idem, n) => withKey(put(`c/${n}`, 'x'), idem, AT + n)),
    )
    opened.store.settle(1)
    const before = await opened.digest()
    const later = AT + MINTED_KEPT_MS + 100
    const { entry } = await write(opened, [withKey(put('c/0', 'y'), mint(later), later)])
    const decoded = entry && decodeEntry(entry.bytes)
    expect(decoded?.kind === 'ok' && decoded.entry.ops.map(op => op.key)).toEqual([
      'c/0',
      expect.stringContaining('m'),
      keys.at(-1)?.kind === 'minted' ? keys.at(-1)?.scope : '',
    ])
    expect((await opened.digest()).records).toBe(1)
    await opened.store.undo(1, 'never acknowledged')
    expect(await opened.digest()).toEqual(before)
  })

  test('refuses where a record has changed since', async () => {
    const opened = await openStore()
    await one(opened, withKey(put('c/1', 'x'), client('1'), AT))
    const db = openWriting(join(opened.dataDir, 's0.sqlite'))
    db.exec("UPDATE records SET body = x'00'")
    db.close()
    await expect(opened.store.undo(0, 'no')).rejects.toMatchObject({ message: expect.stringContaining('has changed') })
    expect(bodyOf(opened, 'c/1')).toBe('x')
  })
})

describe('records go', () => {
  test('when they are due, with the next write, on both copies', async () => {
    const primary = await openStore()
    const standby = await openStore()
    const entries = [
      await entryOf(primary, [withKey(put('c/1', 'x'), client('1'), AT), withKey(put('c/2', 'x'), mint(), AT)]),
    ]
    const later = AT + MINTED_KEPT_MS + 1
    entries.push(await entryOf(primary, [withKey(put('c/3', 'x'), mint(later), later)]))
    expect((await primary.digest()).records).toBe(2)
    expect(primary.reader.record('c1')).toMatchObject({ kind: 'found' })
    const nextDay = AT + CLIENT_KEPT_MS + 1
    entries.push(
      await entryOf(
        primary,
        [put('c/4', 'x')].map(command => ({ ...command, at: nextDay })),
      ),
    )
    expect((await primary.digest()).records).toBe(0)
    await standby.store.apply(entries.map(entry => entry.bytes))
    expect(await standby.digest()).toEqual(await primary.digest())
    // the client's key is free again, and the document is what it was
    expect((await one(primary, withKey(put('c/1', 'y'), client('1', 'bb'), nextDay))).outcome).toMatchObject({
      kind: 'replaced',
    })
  })

  test('never by a clock at reading: a late repeat whose record is still there is told', async () => {
    const opened = await openStore()
    await one(opened, withKey(put('c/1', 'x'), client('1'), AT))
    const late = withKey(put('c/1', 'x'), client('1'), AT + 2 * CLIENT_KEPT_MS)
    expect((await one(opened, late)).outcome).toMatchObject({ kind: 'replayed' })
  })

  test('a bounded number at a time', async () => {
    const opened = await openStore()
    const many = EXPIRED_A_GROUP * 3
    await write(
      opened,
      Array.from({ length: many }, (_, n) => withKey(put(`c/${n}`, 'x'), client(`${n}`), AT)),
    )
    const left: number[] = []
    for (let n = 0; n < 4; n++) {
      await write(opened, [{ ...put('c/x', 'x'), at: AT + CLIENT_KEPT_MS + 1 + n }])
      left.push((await opened.digest()).records)
    }
    expect(left).toEqual([many - 65, many - 130, 0, 0])
  })

  test('the oldest first beyond the limit, each kind apart', async () => {
    const opened = await openStore(undefined, { mintedRecordsKept: 3, clientRecordsKept: 2 })
    for (let n = 0; n < 6; n++) {
      await one(opened, withKey(put(`c/m${n}`, 'x'), mint(AT + n), AT + n))
      await one(opened, withKey(put(`c/c${n}`, 'x'), client(`${n}`), AT + n))
    }
    await one(opened, put('c/more', 'x'))
    expect((await opened.digest()).records).toBe(5)
    expect([3, 4, 5].map(n => opened.reader.record(`c${n}`).kind)).toEqual(['missing', 'found', 'found'])
    // after a restart the limit holds as well
    await opened.store.close()
    const again = await openStore(opened.dataDir, { mintedRecordsKept: 1, clientRecordsKept: 1 })
    await one(again, put('c/more', 'x'))
    expect((await again.digest()).records).toBe(2)
  })
})

describe('a minted key', () => {
  test('outside of its time is refused, for nobody knows any more whether it was used', async () => {
    const opened = await openStore()
    const at = AT
    for (const mintedAt of [at - MINTED_KEPT_MS - 1, at + MINTED_AHEAD_MS_MAX + 1]) {
      expect(await one(opened, withKey(put('c/1', 'x'), mint(mintedAt), at))).toEqual({
        outcome: { kind: 'outdated' },
        entry: null,
      })
    }
    expect((await one(opened, withKey(put('c/1', 'x'), mint(at - MINTED_KEPT_MS), at))).outcome).toMatchObject({
      kind: 'created',
    })
  })

  test('whose record had to go early is refused, on the other copy and after a restart too', async () => {
    const limits = { mintedRecordsKept: 1 }
    const primary = await openStore(undefined, limits)
    const standby = await openStore()
    const first = mint(AT)
    const entries = [
      await entryOf(primary, [withKey(put('c/1', 'x'), first, AT)]),
      await entryOf(primary, [withKey(put('c/2', 'x'), mint(AT + 1), AT + 1)]),
    ]
    expect((await one(primary, withKey(put('c/1', 'x'), first, AT + 2))).outcome).toEqual({ kind: 'outdated' })
    await standby.store.apply(entries.map(entry => entry.bytes))
    expect((await one(standby, withKey(put('c/1', 'x'), first, AT + 2), 2)).outcome).toEqual({ kind: 'outdated' })
    await primary.store.close()
    const again = await openStore(primary.dataDir, limits)
    expect((await one(again, withKey(put('c/1', 'x'), first, AT + 2))).outcome).toEqual({ kind: 'outdated' })
    expect((await one(again, withKey(put('c/1', 'x'), mint(AT + 2), AT + 2))).outcome).toMatchObject({
      kind: 'replaced',
    })
  })
})
