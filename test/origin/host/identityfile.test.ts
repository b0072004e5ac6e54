// The identity file, over real files: found as it was saved, never mistaken for new, never believed in a copy.
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IDENTITY_FILE, moveAside } from '../../../origin/host/aside.ts'
import { createIdentityFile, loadIdentity } from '../../../origin/host/identityfile.ts'
import { placeOf, samePlace } from '../../../origin/host/place.ts'
import type { Identity } from '../../../replicator/identity.ts'

const reign = (name: 'a' | 'b') => ({ name, incarnation: `${name}-1`, since: 3, pinned: false })
const identity: Identity = {
  format: 1,
  name: 'a',
  store: 'store-1',
  lineage: 'lineage-1',
  incarnations: ['a-1', 'a-2'],
  ballotCounter: 7,
  intent: {
    record: {
      lineage: 'lineage-1',
      epoch: 4,
      members: [{ name: 'a', store: 'store-1' }],
      primaries: { s0: reign('a'), s1: reign('b') },
      by: { name: 'a', incarnation: 'a-2' },
      why: 'solo',
    },
    boots: { a: 'a-1' },
  },
  epoch: 4,
  record: null,
  restored: null,
  drifted: ['s1'],
  drained: false,
}

let root = ''
let dir = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tandem-identity-'))
  dir = join(root, 'data')
  await mkdir(dir)
})
afterEach(() => rm(root, { recursive: true, force: true }))
const path = () => join(dir, IDENTITY_FILE)

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) if (await holds()) return
  throw new Error(`in vain: ${what}`)
}

describe('identity file', () => {
  it('is new in an empty directory, and where there is none yet', async () => {
    expect(await loadIdentity(dir, 'a')).toEqual({ kind: 'new' })
    expect(await loadIdentity(join(root, 'none'), 'a')).toEqual({ kind: 'new' })
  })

  it('is found as it was saved last, saves running in order', async () => {
    const file = createIdentityFile(dir)
    const saves = Array.from({ length: 20 }, (_, at) => file.save({ ...identity, ballotCounter: at }))
    await Promise.all([...saves, file.save(identity)])
    expect(await loadIdentity(dir, 'a')).toEqual({ kind: 'found', identity })
    expect(await readdir(dir)).toEqual([IDENTITY_FILE])
  })

  it('is saved as it was when asked', async () => {
    const changing = { ...identity, epoch: 5 }
    const saved = createIdentityFile(dir).save(changing)
    changing.epoch = 6
    await saved
    expect(await loadIdentity(dir, 'a')).toMatchObject({ identity: { epoch: 5 } })
  })

  it('rejects a save that fails, and every later one', async () => {
    const file = createIdentityFile(dir)
    await mkdir(`${path()}.new`)
    await expect(file.save(identity)).rejects.toThrow()
    await rm(`${path()}.new`, { recursive: true })
    await expect(file.save(identity)).rejects.toThrow()
  })

  it.each([
    ['emptied', () => ''],
    ['cut short', (text: string) => text.slice(0, -20)],
    ['without JSON', () => 'not json'],
    ['null', () => 'null'],
    ['with another store in it', (text: string) => text.replace('store-1', 'store-2')],
    ['with a field more', (text: string) => text.replace('"sha256"', '"more": 1, "sha256"')],
  ])('is damaged when it is %s, never new', async (_what, damage) => {
    await createIdentityFile(dir).save(identity)
    await writeFile(path(), damage(await readFile(path(), 'utf8')))
    expect(await loadIdentity(dir, 'a')).toMatchObject({ kind: 'damaged', why: expect.stringContaining(IDENTITY_FILE) })
  })

  it('is missed where databases are', async () => {
    await writeFile(join(dir, 's0.sqlite'), '')
    expect(await loadIdentity(dir, 'a')).toEqual({
      kind: 'damaged',
      why: `${dir} holds s0.sqlite, but no identity.json`,
    })
  })

  it('is foreign under the other name', async () => {
    await createIdentityFile(dir).save(identity)
    expect(await loadIdentity(dir, 'b')).toEqual({ kind: 'foreign', name: 'a', copied: false })
    const copy = join(root, 'copy')
    expect(spawnSync('cp', ['-a', dir, copy]).status).toBe(0)
    expect(await loadIdentity(copy, 'b')).toEqual({ kind: 'foreign', name: 'a', copied: true })
  })

  it('is copied in a copy, until it is saved there', async () => {
    await createIdentityFile(dir).save(identity)
    const copy = join(root, 'copy')
    expect(spawnSync('cp', ['-a', dir, copy]).status).toBe(0)
    expect(await loadIdentity(copy, 'a')).toEqual({ kind: 'copied', identity })
    expect((await loadIdentity(dir, 'a')).kind).toBe('found')
    await createIdentityFile(copy).save({ ...identity, store: 'store-2' })
    expect((await loadIdentity(copy, 'a')).kind).toBe('found')
  })

  it('is copied in a directory that was restored from a copy', async () => {
    await createIdentityFile(dir).save(identity)
    await cp(dir, join(root, 'backup'), { recursive: true, preserveTimestamps: true })
    await rm(dir, { recursive: true })
    await cp(join(root, 'backup'), dir, { recursive: true, preserveTimestamps: true })
    // The inode may be the old one again; the birth time is believed once the clock of the file system moved on.
    await until('the directory changed after its birth', async () => {
      await utimes(dir, 0, 0)
      return !(await placeOf(dir)).doubtful
    })
    expect((await loadIdentity(dir, 'a')).kind).toBe('copied')
  })

  it('is found in a directory that was renamed', async () => {
    await createIdentityFile(dir).save(identity)
    await rename(dir, join(root, 'renamed'))
    expect((await loadIdentity(join(root, 'renamed'), 'a')).kind).toBe('found')
  })

  it('is new after the store was moved aside', async () => {
    await createIdentityFile(dir).save(identity)
    await moveAside(dir, 'reseed')
    expect(await loadIdentity(dir, 'a')).toEqual({ kind: 'new' })
  })
})

describe('place', () => {
  it('goes by birth time where there is one, else by inode', () => {
    const place = { inode: '1', birth: '5' }
    const now = { inode: '1', birth: '5', doubtful: false }
    expect(samePlace(place, { ...now, inode: '2' })).toBe(true)
    expect(samePlace(place, { ...now, birth: '6' })).toBe(false)
    expect(samePlace(place, { ...now, birth: '6', doubtful: true })).toBe(true)
    expect(samePlace(place, { ...now, birth: null })).toBe(true)
    expect(samePlace(place, { ...now, inode: '2', birth: null })).toBe(false)
  })
})
