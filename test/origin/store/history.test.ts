import { describe, expect, test } from 'vitest'
import { GENESIS } from '../../../replicator/entry/position.ts'
import { entryOf, openStore, put, write } from './fixture.ts'
import { named, noSmallDisk, smallDisk } from './smalldisk.ts'

describe('the log', () => {
  test('is read from any entry on, in pieces', async () => {
    const opened = await openStore()
    const entries = []
    for (let n = 1; n <= 5; n++) entries.push(await entryOf(opened, [put('c/1', 'x'.repeat(1000))]))
    const all = await opened.store.read(1, 1e6)
    expect(all?.map(entry => entry.position)).toEqual(entries.map(entry => entry.position))
    expect((await opened.store.read(2, 2500))?.map(entry => entry.position.index)).toEqual([2, 3])
    expect((await opened.store.read(4, 1))?.map(entry => entry.position.index)).toEqual([4])
    expect(await opened.store.read(6, 1e6)).toEqual([])
    expect(await opened.store.read(0, 1e6)).toBe(null)
  })

  test('finds the newest common position', async () => {
    const opened = await openStore()
    const first = (await entryOf(opened, [put('c/1', 'x')])).position
    const second = (await entryOf(opened, [put('c/1', 'y')])).position
    const foreign = { ...second, hash: first.hash }
    expect(await opened.store.locate([foreign, first, GENESIS])).toEqual(first)
    expect(await opened.store.locate([GENESIS, second, first])).toEqual(second)
    expect(
      await opened.store.locate([
        { ...second, epoch: 9 },
        { ...second, index: 7 },
      ]),
    ).toBe(null)
    expect(await opened.store.locate([])).toBe(null)
  })

  test('is compacted, but never what is not settled, and remembers where it begins', async () => {
    const opened = await openStore(undefined, { logEntriesKept: 20 })
    const positions = [GENESIS]
    const fill = async (count: number) => {
      for (let n = 0; n < count; n++) positions.push((await entryOf(opened, [put(`c/${n}`, 'x')])).position)
    }
    await fill(60)
    expect(await opened.store.read(1, 1)).toHaveLength(1)
    opened.store.settle(50)
    await fill(10)
    expect(await opened.store.read(30, 1)).toBe(null)
    expect((await opened.store.read(51, 1e6))?.length).toBe(20)
    expect((await opened.store.tail(100)).map(position => position.index)).toEqual(
      Array.from({ length: 21 }, (_, n) => 70 - n),
    )
    expect(await opened.store.locate(positions.slice(0, 20))).toBe(null)
    expect(await opened.store.locate(positions.slice(0, 60))).toEqual(positions[59])

    await opened.store.close()
    const again = await openStore(opened.dataDir, { logEntriesKept: 20 })
    expect(again.store.last()).toEqual(positions[70])
    expect(await again.store.read(30, 1)).toBe(null)
    // A repeat from before the log's beginning is no fault.
    const old = await openStore()
    const repeat = await entryOf(old, [put('c/0', 'x')])
    expect(await again.store.apply([repeat.bytes])).toMatchObject({ kind: 'applied', last: positions[70] })
  })

  test('is compacted by bytes too', async () => {
    const opened = await openStore(undefined, { logBytesKept: 100_000 })
    for (let n = 0; n < 30; n++) {
      await write(opened, [put('c/1', 'x'.repeat(10_000))])
      opened.store.settle(n + 1)
    }
    expect(await opened.store.read(5, 1)).toBe(null)
    expect((await opened.store.read(25, 1e9))?.length).toBe(6)
  })

  test.skipIf(noSmallDisk !== null)(
    named('keeps less of it on a small disk, which so never fills with it'),
    async () => {
      const opened = await openStore(smallDisk(64))
      for (let n = 0; n < 3000; n++) {
        const result = await opened.store.write(1, [put('c/1', `${n}`.padEnd(20_000, 'x'))])
        expect(result.kind).toBe('done')
        opened.store.settle(n + 1)
      }
      expect(await opened.store.read(2700, 1)).toBe(null)
      expect((await opened.store.read(2900, 1e9))?.length).toBe(101)
      await opened.store.close()
    },
  )
})
