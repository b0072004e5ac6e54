// How groups form: by the load, and by no timer. The store and the other origin answer when the test says so.
import { expect, test } from 'vitest'
import {
  GROUP_WRITES_MAX,
  GROUPS_UNCOMMITTED_MAX,
  type GroupPort,
  type GroupStore,
  Groups,
} from '../../../origin/write/groups.ts'
import type { WriteCommand } from '../../../replicator/store/command.ts'
import type { WriteResult } from '../../../replicator/store/shardstore.ts'

const put = (n: number): WriteCommand => ({
  op: 'put',
  key: `c/${n}`,
  body: new Uint8Array(1),
  type: 'text/plain',
  at: 1,
  expires: null,
  conditions: [],
})

type Under = { readonly writes: number; written(): Promise<void>; refused(): Promise<void>; committed(): Promise<void> }

/** @returns what the writer was given, one group after the other, and how to go on with each */
function startGroups(): { readonly groups: Groups; readonly given: Under[]; serve(epoch: number | null): void } {
  const given: Under[] = []
  const commits = new Map<number, PromiseWithResolvers<boolean>>()
  let epoch: number | null = 1
  const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  const store: GroupStore = {
    shard: 's0',
    write: (_epoch, commands) => {
      const { promise, resolve } = Promise.withResolvers<WriteResult>()
      const seen = given.length + 1
      const commit = Promise.withResolvers<boolean>()
      commits.set(seen, commit)
      const outcomes = commands.map(() => ({ kind: 'missing' }) as const)
      const after = (act: () => void): Promise<void> => {
        act()
        return settled()
      }
      given.push({
        writes: commands.length,
        written: () => after(() => resolve({ kind: 'done', outcomes, entry: null, seen })),
        refused: () => after(() => resolve({ kind: 'refused', reason: 'disk', detail: 'full' })),
        committed: () => after(() => commit.resolve(true)),
      })
      return promise
    },
  }
  const port: GroupPort = {
    serves: () => epoch,
    prepared: () => {},
    appended: () => {},
    committed: (_shard, index) => commits.get(index)?.promise ?? false,
    diskTrouble: () => {},
  }
  const serve = (next: number | null): void => {
    epoch = next
  }
  return { groups: new Groups(store, port), given, serve }
}

const sizes = (given: readonly Under[]): number[] => given.map(({ writes }) => writes)

test('a lone write, and a second one beside it, wait for nothing', async () => {
  const { groups, given } = startGroups()
  void groups.write(put(1))
  expect(sizes(given)).toEqual([1])
  void groups.write(put(2))
  await given[0]?.written()
  // the first is on this disk, and on its way to the other
  expect(sizes(given)).toEqual([1, 1])
})

test('a further group goes once it holds as many writes as are on their way', async () => {
  const { groups, given } = startGroups()
  void groups.write(put(1))
  void groups.write(put(2))
  await given[0]?.written()
  await given[1]?.written()
  void groups.write(put(3))
  expect(sizes(given)).toEqual([1, 1])
  void groups.write(put(4))
  expect(sizes(given)).toEqual([1, 1, 2])
  await given[2]?.written()
  for (let n = 5; n < 8; n++) void groups.write(put(n))
  expect(groups.waiting).toBe(3)
  // what is committed is no longer on its way
  await given[0]?.committed()
  expect(sizes(given)).toEqual([1, 1, 2, 3])
})

test('whatever waits goes when nothing is on its way any more', async () => {
  const { groups, given } = startGroups()
  for (let n = 0; n < 8; n++) void groups.write(put(n))
  await given[0]?.written()
  expect(sizes(given)).toEqual([1, 7])
  void groups.write(put(8))
  await given[1]?.written()
  await given[0]?.committed()
  expect(groups.waiting).toBe(1)
  await given[1]?.committed()
  expect(sizes(given)).toEqual([1, 7, 1])
})

test('a group that was refused is no longer on its way, and its writes are told', async () => {
  const { groups, given } = startGroups()
  const first = groups.write(put(1))
  for (let n = 2; n < 6; n++) void groups.write(put(n))
  await given[0]?.refused()
  expect(await first).toEqual({ kind: 'disk', detail: 'full' })
  expect(sizes(given)).toEqual([1, 4])
})

test('neither a group nor their number grows beyond its bound', async () => {
  const { groups, given } = startGroups()
  for (let n = 0; n < 1 + GROUP_WRITES_MAX; n++) void groups.write(put(n))
  await given[0]?.written()
  await given[1]?.written()
  expect(sizes(given)).toEqual([1, GROUP_WRITES_MAX])
  // so many are on their way that no group could hold as many: a full one goes
  for (let n = 0; n < 3 * GROUP_WRITES_MAX; n++) void groups.write(put(n))
  for (let at = 2; at < GROUPS_UNCOMMITTED_MAX; at++) await given[at]?.written()
  expect(sizes(given)).toEqual([1, ...Array(GROUPS_UNCOMMITTED_MAX - 1).fill(GROUP_WRITES_MAX)])
  expect(groups.waiting).toBe(GROUP_WRITES_MAX)
  await given[0]?.committed()
  expect(given).toHaveLength(GROUPS_UNCOMMITTED_MAX + 1)
})

test('where this process serves no more, what waits is given back and nothing of it took effect', async () => {
  const { groups, given, serve } = startGroups()
  void groups.write(put(1))
  const waiting = groups.write(put(2))
  serve(null)
  await given[0]?.written()
  expect(await waiting).toEqual({ kind: 'closed' })
  expect(given).toHaveLength(1)
})
