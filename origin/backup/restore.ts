// Puts a backup in place of a store, while its origin does not run. It begins a lineage of its own: see firstboot.ts.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SCHEMA_VERSION } from '../../replicator/entry/limits.ts'
import { restoredIdentity } from '../../replicator/identity.ts'
import type { OriginName } from '../../router/words.ts'
import { isStorePart, moveAside } from '../host/aside.ts'
import { createIdentityFile } from '../host/identityfile.ts'
import { lockDataDir } from '../host/lock.ts'
import { databasePath } from '../store/database.ts'
import { moveDurably, syncFile } from '../store/files.ts'
import { checkSnapshot } from '../store/install.ts'
import { STORE_LIMITS } from '../store/limits.ts'
import { type BackupPart, fileOf, MANIFEST_FILE, type Manifest, manifestSchema } from './manifest.ts'

/** Nothing was changed, or what was there is aside; the message is for a person. */
export class CannotRestore extends Error {}

export type Restored = { readonly manifest: Manifest; readonly aside: string | null; readonly epoch: number }

export type RestoreOptions = {
  readonly backup: string
  readonly dataDir: string
  readonly name: OriginName
  readonly newId: () => string
  /** a store that is there already is moved aside */
  readonly force: boolean
  /** told what is done, step by step */
  readonly report?: (step: string) => void
}

export async function restoreStore(options: RestoreOptions): Promise<Restored> {
  const { backup, dataDir, name, newId, force, report = () => undefined } = options
  const manifest = readManifest(backup)
  for (const part of manifest.parts) {
    report(`checks ${part.shard} of the backup`)
    check(part, join(backup, fileOf(part.shard)), backup)
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const lock = lockDataDir(dataDir)
  if (lock.kind === 'taken') throw new CannotRestore(`${lock.why} Stop it first.`)
  try {
    const occupied = holdsStore(dataDir)
    if (occupied && !force)
      throw new CannotRestore(
        `${dataDir} holds a store already. --force moves it aside, into ${join(dataDir, 'aside')}.`,
      )
    // Whatever fails while they are copied, a full disk say, the store that is there is untouched.
    for (const part of manifest.parts) {
      report(`copies ${part.shard}`)
      copyBeside(part, backup, dataDir)
    }
    report('puts them in place')
    const aside = occupied ? await moveAside(dataDir, 'replaced by a restore') : null
    for (const { shard } of manifest.parts) moveDurably(besidePath(dataDir, shard), databasePath(dataDir, shard))
    const epochs = [manifest.epoch, ...manifest.parts.map(part => part.position.epoch)]
    const identity = restoredIdentity(name, newId(), manifest.lineage, epochs)
    // Last: databases without an identity are a directory that no origin starts on.
    await createIdentityFile(dataDir).save(identity)
    return { manifest, aside, epoch: identity.restored?.epoch ?? 0 }
  } finally {
    for (const { shard } of manifest.parts) rmSync(besidePath(dataDir, shard), { force: true })
    lock.release()
  }
}

export const holdsStore = (dataDir: string): boolean => readdirSync(dataDir).some(isStorePart)

export function readManifest(backup: string): Manifest {
  const path = join(backup, MANIFEST_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new CannotRestore(`${path} cannot be read: is ${backup} a backup that was completed?`)
  }
  const parsed = manifestSchema.safeParse(parseJson(text))
  if (!parsed.success) throw new CannotRestore(`${path} is no manifest of a backup that this version knows`)
  if (parsed.data.schema !== SCHEMA_VERSION)
    throw new CannotRestore(`the backup has schema ${parsed.data.schema}, this version has schema ${SCHEMA_VERSION}`)
  return parsed.data
}

/** The very bytes, sound, of this shard and schema, at its position. */
export function check(part: BackupPart, path: string, dataDir: string): void {
  try {
    checkSnapshot({ path, ...part }, { dataDir, shard: part.shard, limits: STORE_LIMITS })
  } catch (error) {
    throw new CannotRestore(`${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Copied, and checked again where it will be used: a disk may damage what it takes. */
function copyBeside(part: BackupPart, backup: string, dataDir: string): void {
  const beside = besidePath(dataDir, part.shard)
  rmSync(beside, { force: true })
  try {
    copyFileSync(join(backup, fileOf(part.shard)), beside)
    syncFile(beside)
  } catch (error) {
    throw new CannotRestore(`${beside} could not be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  check(part, beside, dataDir)
}

const besidePath = (dataDir: string, shard: 's0' | 's1'): string => join(dataDir, `${fileOf(shard)}.restoring`)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // no manifest of ours
    return null
  }
}
