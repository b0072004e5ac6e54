// How groups form. The store, the other origin and the clock go on when the test says so.
import { expect, test } from 'vitest'
import {
  GROUP_BYTES_MAX,
  GROUP_WRITES_MAX,
  GROUPS_UNCOMMITTED_MAX,
  type GroupPort,
  type GroupStore,
  Groups,
} from '../../../origin/write/groups.ts'
import type { WriteCommand } from '../../../replicator/store/command.ts'
import type { WriteResult } from '../../../replicator/store/shardstore.ts'

const put = (n: number, bytes = 1): WriteCommand => ({
  op: 'put',
  key: `c/${n}`,
  body: new Uint8Array(bytes),
  type: 'text/plain',
  at: 1,
  expires: null,
  conditions: [],
})

type Under = { readonly writes: number; written(): Promise<void>; refused(): Promise<void>; committed(): Promise<void> }

type Started = {
  readonly groups: Groups
  /** what the writer was given, one group after the other, and how to go on with each */
  readonly given: Under[]
  serve(epoch: number | null): void
  /** lets so many milliseconds pass */
  pass(ms: number): void
  /** waits that are under way */
  waits(): number
}

function startGroups(): Started {
  const given: Under[] = []
  let now = 0
  let timers: { readonly at: number; readonly run: () => void }[] = []
  const pass = (ms: number): void => {
    now += ms
    const over = timers.filter(({ at }) => at <= now)
    timers = timers.filter(({ at }) => at > now)
    for (const { run } of over) run()
  }
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
    now: () => now,
    later: (ms, run) => {
      timers.push({ at: now + ms, run })
    },
  }
  const serve = (next: number | null): void => {
    epoch = next
  }
  return { groups: new Groups(store, port), given, serve, pass, waits: () => timers.length }
}

const sizes = (given: readonly Under[]): number[] => given.map(({ writes }) => writes)

/** Writes that come at once, from `from` on. */
const putMany = (groups: Groups, from: number, count: number): void => {
  for (let n = 0; n < count; n++) void groups.write(put(from + n))
}

/** A first write, then so many that form the next group; both take `ms` each. */
async function busy({ groups, given, pass }: Started, count: number, ms: number): Promise<void> {
  putMany(groups, 0, 1 + count)
  for (const at of [0, 1]) {
    await given[at]?.written()
    pass(ms)
    await given[at]?.committed()
  }
  expect(sizes(given)).toEqual([1, count])
}

test('a lone write waits for nothing, however long groups take', async () => {
  const started = startGroups()
  const { groups, given, pass, waits } = started
  for (let n = 0; n < 3; n++) {
    void groups.write(put(n))
    expect(sizes(given)).toHaveLength(n + 1)
    await given[n]?.written()
    pass(1000)
    await given[n]?.committed()
  }
  expect(waits()).toBe(0)
})

test('a lone write, and where groups are quick a second one beside it, wait for nothing', async () => {
  const { groups, given } = startGroups()
  void groups.write(put(1))
  expect(sizes(given)).toEqual([1])
  void groups.write(put(2))
  await given[0]?.written()
  // the first is on this disk, and on its way to the other
  expect(sizes(given)).toEqual([1, 1])
})

test('where groups are quick, a further one goes once it holds as many writes as are on their way', async () => {
  const { groups, given } = startGroups()
  putMany(groups, 0, 2)
  await given[0]?.written()
  // the first is on this disk, and on its way to the other
  expect(sizes(given)).toEqual([1, 1])
  await given[1]?.written()
  void groups.write(put(2))
  expect(sizes(given)).toEqual([1, 1])
  void groups.write(put(3))
  expect(sizes(given)).toEqual([1, 1, 2])
  await given[2]?.written()
  putMany(groups, 4, 3)
  expect(groups.waiting).toBe(3)
  // what is committed is no longer on its way
  await given[0]?.committed()
  expect(sizes(given)).toEqual([1, 1, 2, 3])
})

test('where groups are quick, whatever waits goes when nothing is on its way any more', async () => {
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

test('where they take their time, it holds twice as many', async () => {
  const started = startGroups()
  const { groups, given } = started
  await busy(started, 2, 8)
  putMany(groups, 10, 3)
  expect(sizes(given)).toEqual([1, 2, 3])
  await given[2]?.written()
  putMany(groups, 20, 5)
  expect(groups.waiting).toBe(5)
  void groups.write(put(30))
  expect(sizes(given)).toEqual([1, 2, 3, 6])
})

test('where clients were answered together, the first to write again waits for the others', async () => {
  const started = startGroups()
  const { groups, given, pass, waits } = started
  await busy(started, 10, 8)
  putMany(groups, 20, 7)
  expect(groups.waiting).toBe(7)
  expect(waits()).toBe(1)
  // eight of the eleven that came together: nobody waits for the last ones
  void groups.write(put(30))
  putMany(groups, 31, 2)
  expect(sizes(given)).toEqual([1, 10, 9])
  pass(10)
  expect(given).toHaveLength(3)
})

test('they wait for half of what a group took of late, and go with those that came', async () => {
  const started = startGroups()
  const { groups, given, pass, waits } = started
  await busy(started, 10, 8)
  // they took 8 and 16 ms, each of which counts a quarter: 5.5, of which half is waited for, in whole milliseconds
  putMany(groups, 20, 3)
  expect(waits()).toBe(1)
  pass(1.9)
  expect(groups.waiting).toBe(3)
  pass(0.1)
  expect(sizes(given)).toEqual([1, 10, 3])
})

test('a group that holds as many bytes as it may waits for nothing', async () => {
  const started = startGroups()
  const { groups, given } = started
  await busy(started, 10, 8)
  const large = GROUP_BYTES_MAX / 4
  for (let n = 0; n < 3; n++) void groups.write(put(20 + n, large))
  expect(groups.waiting).toBe(3)
  void groups.write(put(23, large))
  expect(sizes(given)).toEqual([1, 10, 4])
  await given[2]?.written()
  for (let n = 0; n < 4; n++) void groups.write(put(30 + n, large))
  expect(sizes(given)).toEqual([1, 10, 4, 4])
})

test('a wait that was over before its time disturbs no later one', async () => {
  const started = startGroups()
  const { groups, given, pass } = started
  await busy(started, 10, 8)
  void groups.write(put(20))
  pass(1)
  putMany(groups, 21, 8)
  expect(sizes(given)).toEqual([1, 10, 9])
  await given[2]?.written()
  await given[2]?.committed()
  void groups.write(put(40))
  pass(1)
  expect(groups.waiting).toBe(1)
  pass(1)
  expect(sizes(given)).toEqual([1, 10, 9, 1])
})

test('whoever waits is given back at once where this process serves no more', async () => {
  const started = startGroups()
  const { groups, serve, pass, given } = started
  await busy(started, 10, 8)
  const waiting = groups.write(put(20))
  serve(null)
  groups.wake()
  expect(await waiting).toEqual({ kind: 'closed' })
  pass(10)
  expect(given).toHaveLength(2)
  // and whoever comes when it serves again does not wait for a wait that is over
  serve(2)
  void groups.write(put(21))
  pass(10)
  expect(sizes(given)).toEqual([1, 10, 1])
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
