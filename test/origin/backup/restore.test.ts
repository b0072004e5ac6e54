// A backup put in place of a store: checked first, what was there kept, and only with a person's word.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type BackupPart, fileOf, MANIFEST_FILE, type Manifest } from '../../../origin/backup/manifest.ts'
import { CannotRestore, restoreStore } from '../../../origin/backup/restore.ts'
import { loadIdentity } from '../../../origin/host/identityfile.ts'
import { lockDataDir } from '../../../origin/host/lock.ts'
import { AHEAD } from '../../../replicator/core/limits.ts'
import { SCHEMA_VERSION } from '../../../replicator/entry/limits.ts'
import { SHARDS } from '../../../router/words.ts'
import { bodyOf, openStore, put, temporaryDirectory, write } from '../store/fixture.ts'

async function backupIn(dir: string, changes: Partial<Manifest> = {}): Promise<string> {
  mkdirSync(dir, { recursive: true })
  const part = async (shard: 's0' | 's1'): Promise<BackupPart> => {
    const store = await openStore(temporaryDirectory(), {}, shard)
    await write(store, [put('docs/kept', `of ${shard}`)], 7)
    const { path, ...about } = await store.store.snapshot()
    copyFileSync(path, join(dir, fileOf(shard)))
    return { shard, ...about }
  }
  const parts: Manifest['parts'] = [await part('s0'), await part('s1')]
  const manifest = { format: 1, made: 'now', lineage: 'old', epoch: 9, schema: SCHEMA_VERSION, parts, ...changes }
  writeFileSync(join(dir, MANIFEST_FILE), JSON.stringify(manifest))
  return dir
}

const restore = (backup: string, dataDir: string, force = false) =>
  restoreStore({ backup, dataDir, name: 'a', newId: () => 'new-store', force })

test('both shards are in place, under an identity that begins a lineage ahead of all that was', async () => {
  const backup = await backupIn(join(temporaryDirectory(), 'backup'))
  const dataDir = join(temporaryDirectory(), 'a')
  const restored = await restore(backup, dataDir)
  expect(restored).toMatchObject({ aside: null, epoch: 9 + AHEAD })
  const loaded = await loadIdentity(dataDir, 'a')
  if (loaded.kind !== 'found') throw new Error(loaded.kind)
  expect(loaded.identity).toMatchObject({
    store: 'new-store',
    lineage: null,
    restored: { from: 'old', epoch: 9 + AHEAD },
    incarnations: [],
  })
  for (const shard of SHARDS) expect(bodyOf(await openStore(dataDir, {}, shard), 'docs/kept')).toBe(`of ${shard}`)
  expect(readdirSync(dataDir).some(name => name.includes('restoring'))).toBe(false)
})

test('a store that is there is kept: refused without force, moved aside with it', async () => {
  const backup = await backupIn(join(temporaryDirectory(), 'backup'))
  const dataDir = join(temporaryDirectory(), 'a')
  await restore(backup, dataDir)
  await expect(restore(backup, dataDir)).rejects.toThrow(CannotRestore)
  const { aside } = await restore(backup, dataDir, true)
  if (aside === null) throw new Error('nothing was moved aside')
  expect(readdirSync(aside).sort()).toEqual(['identity.json', 's0.sqlite', 's1.sqlite'])
})

test('refused before anything is touched: in use, damaged, of another schema, not completed', async () => {
  const dataDir = join(temporaryDirectory(), 'a')
  const backup = await backupIn(join(temporaryDirectory(), 'backup'))
  mkdirSync(dataDir)
  const lock = lockDataDir(dataDir)
  await expect(restore(backup, dataDir)).rejects.toThrow(/is in use by/)
  if (lock.kind === 'held') lock.release()

  const other = await backupIn(join(temporaryDirectory(), 'other'), { schema: SCHEMA_VERSION + 1 })
  await expect(restore(other, dataDir)).rejects.toThrow(/has schema/)
  const bytes = readFileSync(join(backup, 's1.sqlite'))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(join(backup, 's1.sqlite'), bytes)
  await expect(restore(backup, dataDir)).rejects.toThrow(/SHA-256/)
  await expect(restore(temporaryDirectory(), dataDir)).rejects.toThrow(/is .* a backup that was completed/)
  expect(existsSync(join(dataDir, 'identity.json'))).toBe(false)
})
