// The store over SQLite: the suite, and any calls at all, answered by it and by its model twin alike.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Position } from '../../../replicator/entry/position.ts'
import type { Change, Check, WriteCommand } from '../../../replicator/store/command.ts'
import type { ShardStore } from '../../../replicator/store/shardstore.ts'
import { modelStore, type StoreTwin } from '../../models/store.ts'
import { openStore, patchOf, put, remove, withKey } from '../../origin/store/fixture.ts'
import { storeSuite } from './suite.ts'

async function sqliteStore(logKept?: number): Promise<StoreTwin> {
  const opened = await openStore(undefined, logKept === undefined ? {} : { logEntriesKept: logKept })
  return { store: opened.store, get: key => opened.reader.get(key) }
}

storeSuite('SQLite', sqliteStore)

const RUNS = 25
const key = fc.constantFrom('c/1', 'c/2', 'c/3')
const condition = fc.constantFrom(
  [],
  [{ kind: 'match', etags: '*' } as const],
  [{ kind: 'noneMatch', etags: '*' } as const],
  [{ kind: 'match', etags: ['"1.1.0"', '"1.2.0"', '"2.3.0"'] } as const],
)
const jsonText = fc.oneof(fc.constant('no JSON'), fc.json({ maxDepth: 2 }))
const pointer = fc.constantFrom('', '/a', '/a/0', '/b', '/-', '/~1')
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: pointer, value: fc.constantFrom(1, 'x', [0], {}) }),
  fc.record({ op: fc.constantFrom('move', 'copy'), from: pointer, path: pointer }),
  fc.record({ op: fc.constantFrom('remove', 'none'), path: pointer }),
)
const patch = fc.oneof(
  fc.record({ form: fc.constant('merge' as const), text: jsonText }),
  fc.record({ form: fc.constant('json' as const), text: fc.array(operation, { maxLength: 3 }).map(JSON.stringify) }),
)
const bytesMax = fc.constantFrom(8, 1000)
const AT = 1_700_000_000_000
/** Around the time of what deletes the due ones. */
const expires = fc.option(fc.integer({ min: AT - 2, max: AT + 2 }))
const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ key, body: jsonText, condition, expires })
    .map(({ key: of, body, condition: on, expires: at }) => ({ ...put(of, body, on, at), type: 'application/json' })),
  fc
    .record({ key, patch, bytesMax, condition })
    .map(({ key: of, patch: { form, text }, condition: on, ...rest }) => patchOf(of, form, text, on, rest.bytesMax)),
  fc.record({ key, condition }).map(({ key: of, condition: on }) => remove(of, on)),
)
const check: fc.Arbitrary<Check> = fc.record({ op: fc.constant('check' as const), key, conditions: condition })
const plainCommand = fc.oneof(
  { weight: 5, arbitrary: change.map(each => ({ ...each, at: AT })) },
  { weight: 1, arbitrary: key.map(of => ({ ...put(of, '{}'), op: 'create' as const })) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof({ weight: 3, arbitrary: change }, { weight: 1, arbitrary: check }), { maxLength: 4 })
      .map(ops => ({ op: 'tx' as const, ops, at: AT })),
  },
)
const command: fc.Arbitrary<WriteCommand> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(plainCommand, fc.option(fc.integer({ min: 1, max: 3 })))
      .map(([plain, once]) =>
        once === null ? plain : withKey(plain, { kind: 'minted', scope: `m${once}`, mintedAt: plain.at }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.array(key, { maxLength: 3 }).map(keys => ({ op: 'expire' as const, keys, at: AT })),
  },
)
const index = fc.integer({ min: 0, max: 8 })
const call = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('write' as const),
      epoch: fc.integer({ min: 1, max: 3 }),
      commands: fc.array(command, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('settle' as const, 'undo' as const, 'read' as const, 'locate' as const, 'apply' as const),
      index,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('fence' as const), epoch: fc.integer({ min: 1, max: 3 }) }) },
)
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

/** What a call answers, without the words that only people read. */
async function answer(store: ShardStore, made: Call, positions: readonly Position[], bytes: readonly Uint8Array[]) {
  switch (made.op) {
    case 'write':
      return plain(await store.write(made.epoch, made.commands))
    case 'fence':
      return store.fence(made.epoch)
    case 'settle':
      return store.settle(made.index)
    case 'undo':
      return store.undo(made.index, 'a test').catch(() => 'rejected')
    case 'read':
      return plain(await store.read(made.index, 1e6))
    case 'locate':
      return store.locate(positions.slice(made.index))
    case 'apply':
      return plain(await store.apply(bytes.slice(made.index)))
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (name === 'detail' ? [] : [[name, plain(part)]])),
  )
}

describe('the model twin', () => {
  it('answers any calls as SQLite does, and holds the same rows', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 25 }), async calls => {
        const [real, model] = [await sqliteStore(), modelStore('s0')]
        const positions: Position[] = []
        const bytes: Uint8Array[] = []
        for (const made of calls) {
          const [ours, theirs] = [
            await answer(real.store, made, positions, bytes),
            await answer(model.store, made, positions, bytes),
          ]
          expect(theirs).toEqual(ours)
          expect(model.store.last()).toEqual(real.store.last())
          positions.push(real.store.last())
          for (const entry of (await real.store.read(real.store.last().index, 1e6)) ?? []) bytes.push(entry.bytes)
        }
        expect(await model.store.tail(20)).toEqual(await real.store.tail(20))
        for (const of of ['c/1', 'c/2', 'c/3']) expect(plain(real.get(of))).toMatchObject(Object(plain(model.get(of))))
        await real.store.close()
      }),
      { numRuns: RUNS },
    )
  })
})
