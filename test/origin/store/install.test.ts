import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestFile } from '../../../origin/store/files.ts'
import { discard } from '../../../origin/store/snapshot.ts'
import { openCopy } from '../../../origin/store/sqlite.ts'
import type { SnapshotFile } from '../../../replicator/store/shardstore.ts'
import { bodyOf, openStore, put, write } from './fixture.ts'

describe('a snapshot', () => {
  test('is one moment of a store that is written on', async () => {
    const opened = await openStore()
    const group = (n: number) => [put(`a/${n}`, `${n}`.repeat(500)), put(`b/${n}`, `${n}`.repeat(500))]
    for (let n = 1; n <= 100; n++) await write(opened, group(n))
    let done = false
    const making = opened.store.snapshot().finally(() => {
      done = true
    })
    let written = 100
    while (!done) await write(opened, group(++written))
    const file = await making
    expect(file.position.index).toBeGreaterThanOrEqual(100)
    expect(digestFile(file.path)).toEqual({ bytes: file.bytes, sha256: file.sha256 })

    const standby = await openStore()
    expect((await standby.store.install(file, 'far behind')).last).toEqual(file.position)
    expect((await standby.digest()).rows).toBe(2 * file.position.index)
    expect(await standby.store.tail(10)).toEqual([file.position])
    const missing = await opened.store.read(file.position.index + 1, 1e9)
    await standby.store.apply((missing ?? []).map(entry => entry.bytes))
    expect(await standby.digest()).toEqual(await opened.digest())
  })

  test('is gone once it is discarded, and so are those of an earlier life', async () => {
    const opened = await openStore()
    const [first, second] = [await opened.store.snapshot(), await opened.store.snapshot()]
    discard(first)
    expect(readdirSync(join(opened.dataDir, 'snapshots'))).toHaveLength(1)
    await opened.store.close()
    await openStore(opened.dataDir)
    expect(existsSync(second.path)).toBe(false)
  })
})

/** A copy of a store with one document, and another store with one of its own. */
async function two() {
  const source = await openStore()
  await write(source, [put('c/new', 'new')])
  const target = await openStore()
  await write(target, [put('c/old', 'old')])
  return { file: await source.store.snapshot(), source, target }
}

describe('install', () => {
  test('puts the copy in place, under the open reader, and keeps the old database aside', async () => {
    const { file, source, target } = await two()
    expect(bodyOf(target, 'c/old')).toBe('old')
    const { last, aside } = await target.store.install(file, 'drifted')
    expect(last).toEqual(source.store.last())
    expect([bodyOf(target, 'c/old'), bodyOf(target, 'c/new')]).toEqual([null, 'new'])
    expect(existsSync(join(target.dataDir, 'install-s0.json'))).toBe(false)
    await write(target, [put('c/new', 'newer')], 2)
    expect(bodyOf(target, 'c/new')).toBe('newer')

    const kept = openCopy(join(aside, 's0.sqlite'))
    expect(kept.prepare('SELECT key FROM documents').all()).toEqual([expect.objectContaining({ key: 'c/old' })])
    kept.close()
  })

  test('twice keeps both old databases', async () => {
    const { file, source, target } = await two()
    const first = await target.store.install(file, 'first')
    const second = await target.store.install(await source.store.snapshot(), 'second')
    expect(new Set([first.aside, second.aside]).size).toBe(2)
    expect(existsSync(join(first.aside, 's0.sqlite')) && existsSync(join(second.aside, 's0.sqlite'))).toBe(true)
  })

  test('goes on while a digest still reads the old database', async () => {
    const { file, target } = await two()
    await write(
      target,
      Array.from({ length: 2000 }, (_, n) => put(`d/${n}`, 'x'.repeat(2000))),
    )
    const [digest, installed] = await Promise.all([target.digest(), target.store.install(file, 'busy')])
    expect(installed.last).toEqual(file.position)
    expect([2001, 1]).toContain(digest.rows)
    await write(target, [put('c/more', 'more')], 2)
    expect(bodyOf(target, 'c/more')).toBe('more')
    await target.store.close()
    expect(bodyOf(await openStore(target.dataDir), 'c/more')).toBe('more')
  })

  test('refuses what is not the very copy, and leaves everything as it was', async () => {
    const { file, target } = await two()
    const bytes = readFileSync(file.path)
    const refused = async (bad: SnapshotFile, says: string) => {
      await expect(target.store.install(bad, 'bad')).rejects.toMatchObject({ message: expect.stringContaining(says) })
      expect(bodyOf(target, 'c/old')).toBe('old')
      await write(target, [put('c/go', 'on')])
    }
    await refused({ ...file, path: `${file.path}.none` }, 'does not exist')
    await refused({ ...file, sha256: '0'.repeat(64) }, 'SHA-256')
    await refused({ ...file, position: { ...file.position, index: 7 } }, 'not at 1.7')
    const damaged = join(target.dataDir, 'damaged')
    const garbled = Buffer.from(bytes).fill(0xee, 4096 * 2, 4096 * 3)
    writeFileSync(damaged, garbled)
    await refused({ ...file, path: damaged, ...digestFile(damaged) }, '')
    const text = join(target.dataDir, 'text')
    writeFileSync(text, 'no database')
    await refused({ ...file, path: text, ...digestFile(text) }, '')
    const other = await openStore(undefined, {}, 's1')
    const foreign = await other.store.snapshot()
    await refused(foreign, 'shard')
    expect(readdirSync(target.dataDir)).not.toContain('aside')
    expect((await target.store.install(file, 'good')).last).toEqual(file.position)
  })
})

describe('a store that was not opened by this process before', () => {
  test('of another shard or schema is refused, with a clear word', async () => {
    const opened = await openStore()
    await opened.store.close()
    const path = join(opened.dataDir, 's0.sqlite')
    const db = openCopy(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    await expect(openStore(opened.dataDir)).rejects.toMatchObject({
      name: 'ForeignDatabase',
      message: expect.stringContaining('schema 99'),
    })
    renameSync(path, join(opened.dataDir, 's1.sqlite'))
    await expect(openStore(opened.dataDir, {}, 's1')).rejects.toMatchObject({ name: 'ForeignDatabase' })
  })

  test('is never made anew while a marker says that it was moved aside', async () => {
    const { file, target } = await two()
    await target.store.install(file, 'x')
    await target.store.close()
    writeFileSync(join(target.dataDir, 'install-s0.json'), JSON.stringify({ aside: 's0-9', source: 'gone' }))
    rmSync(join(target.dataDir, 's0.sqlite'))
    await expect(openStore(target.dataDir)).rejects.toThrow('missing')
    expect(existsSync(join(target.dataDir, 's0.sqlite'))).toBe(false)
  })
})
