// What every store of a shard does, the one over SQLite and the simulation's model alike. What only a database can do (its
// schema, its files, a tampered row) is in test/origin/store.
import { describe, expect, it } from 'vitest'
import { encodeEntry, TABLE_DOCUMENTS } from '../../../replicator/entry/codec.ts'
import { GENESIS } from '../../../replicator/entry/position.ts'
import { NO_ROW_HASH } from '../../../replicator/entry/row.ts'
import type { WriteCommand } from '../../../replicator/store/command.ts'
import type { LoggedEntry, WriteResult } from '../../../replicator/store/shardstore.ts'
import type { StoreTwin } from '../../models/store.ts'
import { put, remove, withKey } from '../../origin/store/fixture.ts'

export type MakeStore = (logKept?: number) => Promise<StoreTwin>

type Done = Extract<WriteResult, { kind: 'done' }>

async function done({ store }: StoreTwin, commands: readonly WriteCommand[], epoch = 1): Promise<Done> {
  const result = await store.write(epoch, commands)
  if (result.kind !== 'done') throw new Error(result.detail)
  return result
}

async function entry(twin: StoreTwin, commands: readonly WriteCommand[], epoch = 1): Promise<LoggedEntry> {
  const { entry: made } = await done(twin, commands, epoch)
  if (made === null) throw new Error('the group made no entry')
  return made
}

const value = ({ get }: StoreTwin, key: string): string | null => {
  const row = get(key)
  return row.kind === 'found' ? new TextDecoder().decode(row.body) : null
}

export function storeSuite(name: string, make: MakeStore): void {
  describe(`shard store: ${name}`, () => {
    it('makes one entry of a group, in which each command sees those before it', async () => {
      const twin = await make()
      const { outcomes, entry: made, seen } = await done(twin, [put('c/1', 'x'), put('c/1', 'y'), remove('c/2')])
      expect(outcomes.map(each => each.kind)).toEqual(['created', 'replaced', 'missing'])
      expect(outcomes[1]).toMatchObject({ etag: '"1.1.1"' })
      expect([made?.position.index, seen, twin.store.last()]).toEqual([1, 1, made?.position])
      expect(value(twin, 'c/1')).toBe('y')
    })

    it('refuses by condition, with the ETag of what is there, and leaves no trace of it', async () => {
      const twin = await make()
      await done(twin, [put('c/1', 'x')])
      const refused = await done(twin, [
        put('c/1', 'n', [{ kind: 'noneMatch', etags: '*' }]),
        put('c/1', 'n', [{ kind: 'match', etags: ['"9.9.9"'] }]),
        put('c/2', 'n', [{ kind: 'match', etags: '*' }]),
      ])
      expect(refused.outcomes).toEqual([
        { kind: 'preconditionFailed', etag: '"1.1.0"' },
        { kind: 'preconditionFailed', etag: '"1.1.0"' },
        { kind: 'preconditionFailed', etag: null },
      ])
      expect([refused.entry, refused.seen]).toEqual([null, 1])
      const taken = await done(twin, [remove('c/1', [{ kind: 'match', etags: ['"1.1.0"'] }])])
      expect(taken.outcomes[0]).toMatchObject({ kind: 'deleted' })
      expect(twin.get('c/1')).toEqual({ kind: 'missing', seen: 2 })
    })

    it('does a write under one key of a router once', async () => {
      const twin = await make()
      const once = (body: string) => {
        const command = put('c/1', body)
        return withKey(command, { kind: 'minted', scope: 'mkey', mintedAt: command.at })
      }
      const first = await done(twin, [once('x')])
      await done(twin, [put('c/1', 'later')])
      const again = await done(twin, [once('x')])
      expect(again.outcomes[0]).toEqual({ kind: 'replayed', done: first.outcomes[0] })
      expect([again.entry, value(twin, 'c/1')]).toEqual([null, 'later'])
    })

    it('refuses an epoch that a fence has ended, also one that an applied entry has ended', async () => {
      const [primary, twin] = [await make(), await make()]
      twin.store.fence(3)
      expect(await twin.store.write(2, [put('c/1', 'late')])).toMatchObject({ kind: 'refused', reason: 'fenced' })
      expect(await twin.store.apply([(await entry(primary, [put('c/1', 'x')], 5)).bytes])).toMatchObject({
        kind: 'applied',
      })
      expect(await twin.store.write(4, [put('c/1', 'late')])).toMatchObject({ kind: 'refused', reason: 'fenced' })
      expect(await twin.store.write(5, [put('c/1', 'y')])).toMatchObject({ kind: 'done' })
    })

    it('applies what follows, once, and only onto its own history', async () => {
      const [primary, twin, other] = [await make(), await make(), await make()]
      const [first, second] = [await entry(primary, [put('c/1', 'x')]), await entry(primary, [put('c/1', 'y')])]
      expect(await twin.store.apply([second.bytes])).toMatchObject({ kind: 'refused', reason: 'sequence', index: 2 })
      expect(await twin.store.apply([first.bytes, first.bytes, second.bytes])).toEqual({
        kind: 'applied',
        last: second.position,
      })
      expect(value(twin, 'c/1')).toBe('y')
      expect(await twin.store.apply([first.bytes])).toEqual({ kind: 'applied', last: second.position })
      const strange = await entry(other, [put('c/9', 'another history')])
      expect(await twin.store.apply([strange.bytes])).toMatchObject({ kind: 'refused', reason: 'sequence', index: 1 })
      expect(await twin.store.apply([new Uint8Array(40)])).toMatchObject({
        kind: 'refused',
        reason: 'corrupt',
        index: 3,
      })
      const bent = first.bytes.slice()
      bent[100] = (bent[100] ?? 0) ^ 1
      expect(await other.store.apply([bent])).toMatchObject({ kind: 'refused' })
    })

    it('finds a row that is not what the primary had, and keeps the entries before it', async () => {
      const [primary, twin] = [await make(), await make()]
      const first = await entry(primary, [put('c/1', 'x')])
      const newRow = { type: 't', body: new Uint8Array(1), modified: 1, expires: null, n: 0 }
      const forged = encodeEntry({
        shard: 's0',
        epoch: 1,
        index: 2,
        previousHash: first.position.hash,
        ops: [
          { table: TABLE_DOCUMENTS, key: 'c/2', oldHash: NO_ROW_HASH, newRow },
          { table: TABLE_DOCUMENTS, key: 'c/1', oldHash: NO_ROW_HASH, newRow: { ...newRow, n: 1 } },
        ],
      })
      const refused = { kind: 'refused', reason: 'drift', index: 2, last: first.position }
      expect(await twin.store.apply([first.bytes, forged])).toMatchObject(refused)
      expect(await twin.store.apply([forged])).toMatchObject(refused)
      expect(['c/1', 'c/2'].map(key => value(twin, key))).toEqual(['x', null])
    })

    it('undoes tentative entries, and nothing that is settled', async () => {
      const twin = await make()
      const kept = await entry(twin, [put('c/1', 'x'), put('c/2', 'x')])
      twin.store.settle(1)
      await entry(twin, [put('c/1', 'y'), remove('c/2'), put('c/3', 'new')])
      await entry(twin, [put('c/3', 'newer'), put('c/2', 'again')])
      expect(await twin.store.undo(1, 'not acknowledged')).toEqual({ quarantined: 2, last: kept.position })
      expect(['c/1', 'c/2', 'c/3'].map(key => value(twin, key))).toEqual(['x', 'x', null])
      await expect(twin.store.undo(0, 'too far')).rejects.toThrow()
      await expect(twin.store.undo(9, 'not here')).rejects.toThrow()
      expect(await twin.store.undo(1, 'nothing')).toEqual({ quarantined: 0, last: kept.position })
    })

    it('says where it can go back to, and what it has in common with another log', async () => {
      const [twin, other] = [await make(), await make()]
      expect(await twin.store.tail(10)).toEqual([GENESIS])
      const first = await entry(twin, [put('c/1', '1')])
      await other.store.apply([first.bytes])
      const second = await entry(twin, [put('c/1', '2')])
      await done(other, [put('c/1', 'parted')])
      expect(await twin.store.tail(10)).toEqual([second.position, first.position, GENESIS])
      expect(await twin.store.tail(1)).toEqual([second.position])
      expect(await twin.store.locate(await other.store.tail(10))).toEqual(first.position)
      expect(await twin.store.locate([GENESIS])).toEqual(GENESIS)
      const third = await entry(twin, [put('c/1', '3')])
      twin.store.settle(2)
      expect(await twin.store.tail(10)).toEqual([third.position, second.position])
    })

    it('reads its log from an index on, at least one entry, and null where that was compacted', async () => {
      const twin = await make(2)
      for (let n = 1; n <= 12; n++) {
        await done(twin, [put('c/1', `${n}`)])
        twin.store.settle(n)
      }
      const some = await twin.store.read(11, 1e6)
      expect(some?.map(({ position }) => position.index)).toEqual([11, 12])
      expect((await twin.store.read(11, 1))?.length).toBe(1)
      expect(await twin.store.read(13, 1e6)).toEqual([])
      expect(await twin.store.read(1, 1e6)).toBe(null)
    })

    it('is replaced by a copy of another one, and goes on from its position', async () => {
      const [primary, twin] = [await make(), await make()]
      await done(primary, [put('c/1', 'x'), put('c/2', 'y')])
      const { position } = await entry(primary, [remove('c/2')])
      await done(twin, [put('c/3', 'mine')])
      const file = await primary.store.snapshot()
      const next = await entry(primary, [put('c/1', 'z')])
      expect(await twin.store.install(file, 'reseeded')).toMatchObject({ last: position })
      expect(['c/1', 'c/2', 'c/3'].map(key => value(twin, key))).toEqual(['x', null, null])
      await expect(twin.store.undo(position.index - 1, 'a copy settles what it holds')).rejects.toThrow()
      expect(await twin.store.apply([next.bytes])).toEqual({ kind: 'applied', last: next.position })
      expect(value(twin, 'c/1')).toBe('z')
    })
  })
}
