// Puts a snapshot in the place of the present database, which is moved aside and kept. A marker file makes the intent
// visible: whatever moment a crash comes at, the next open finds the old database or the new one, never an empty one.
import { existsSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { samePosition } from '../../replicator/entry/position.ts'
import type { SnapshotFile } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import { reach } from '../failpoint.ts'
import { databasePath, type Place } from './database.ts'
import { digestFile, ensureDirectory, moveDurably, syncDirectory, syncFile, writeDurably } from './files.ts'
import { checkSchema, readLast } from './schema.ts'
import { type Db, int, openReading, pragma } from './sqlite.ts'

/** The file is not what it should be, or cannot be moved in; the present database is as it was. */
export class CannotInstall extends Error {
  override readonly name = 'CannotInstall'
}

const markerPath = (dataDir: string, shard: ShardName): string => join(dataDir, `install-${shard}.json`)
/** In this order: a WAL that stayed behind would be replayed into the new database. */
const SUFFIXES = ['-wal', '-shm', '']

/** Checks a copy without changing anything: the very bytes, sound, of this shard and schema, at its position, settled. */
export function checkSnapshot(file: SnapshotFile, place: Place): void {
  if (!existsSync(file.path)) throw new CannotInstall(`${file.path} does not exist`)
  if (statSync(file.path).dev !== statSync(place.dataDir).dev) {
    throw new CannotInstall(`${file.path} is on another file system than ${place.dataDir}`)
  }
  const { bytes, sha256 } = digestFile(file.path)
  if (bytes !== file.bytes || sha256 !== file.sha256) {
    throw new CannotInstall(
      `the file has ${bytes} bytes and SHA-256 ${sha256}, should have ${file.bytes} and ${file.sha256}`,
    )
  }
  const copy = openReading(file.path)
  try {
    if (pragma(copy, 'journal_mode') === 'wal') throw new CannotInstall('the file is half of a database with a WAL')
    const verdict = pragma(copy, 'integrity_check(1)')
    if (verdict !== 'ok') throw new CannotInstall(`the file is damaged: ${String(verdict)}`)
    checkSchema(copy, place.shard)
    checkState(copy, file)
  } finally {
    copy.close()
  }
}

function checkState(copy: Db, file: SnapshotFile): void {
  const { position } = readLast(copy)
  if (!samePosition(position, file.position)) {
    throw new CannotInstall(
      `the file ends at ${position.epoch}.${position.index}, not at ${file.position.epoch}.${file.position.index}`,
    )
  }
  if (int(copy.prepare('SELECT count(*) AS kept FROM undo').get()?.kept) !== 0) {
    throw new CannotInstall('the file holds old rows of entries that could still be undone')
  }
}

/** Replaces the database, which must be closed. Returns where the old one lies. */
export function replaceDatabase(place: Place, file: SnapshotFile, why: string): string {
  const { dataDir, shard } = place
  const target = databasePath(dataDir, shard)
  const aside = freeAside(dataDir, shard)
  ensureDirectory(aside)
  syncFile(file.path)
  const marker = { aside: basename(aside), source: file.path, sha256: file.sha256, why }
  writeDurably(markerPath(dataDir, shard), append => append(JSON.stringify(marker)))
  reach('install.before-aside')
  for (const suffix of SUFFIXES) {
    if (existsSync(target + suffix)) renameSync(target + suffix, join(aside, basename(target) + suffix))
  }
  syncDirectory(aside)
  syncDirectory(dataDir)
  reach('install.after-aside')
  moveDurably(file.path, target)
  reach('install.after-rename')
  forgetMarker(place)
  return aside
}

/** Before a database is opened: finishes an installation that a crash cut short, or takes it back. */
export function recoverInstall(place: Pick<Place, 'dataDir' | 'shard'>): void {
  const { dataDir, shard } = place
  const path = markerPath(dataDir, shard)
  if (!existsSync(path)) return
  const name = asideOf(JSON.parse(readFileSync(path, 'utf8')))
  const target = databasePath(dataDir, shard)
  const aside = join(dataDir, 'aside', basename(name))
  const old = join(aside, basename(target))
  if (!existsSync(target) && !existsSync(old)) {
    throw new Error(`${target} is missing, and ${aside}, where it was moved, does not hold it either`)
  }
  // With both in place the new one was moved in. Otherwise the old one goes back, its WAL before it: it is whole with both.
  if (!(existsSync(target) && existsSync(old))) {
    for (const suffix of SUFFIXES) {
      if (existsSync(old + suffix)) renameSync(old + suffix, target + suffix)
    }
    if (existsSync(aside)) syncDirectory(aside)
    syncDirectory(dataDir)
  }
  forgetMarker(place)
}

/** By hand: a schema library would double the time that the thread takes to start. */
function asideOf(marker: unknown): string {
  if (typeof marker === 'object' && marker !== null && 'aside' in marker && typeof marker.aside === 'string')
    return marker.aside
  throw new Error(`the marker of an installation is unreadable: ${JSON.stringify(marker)}`)
}

function forgetMarker({ dataDir, shard }: Pick<Place, 'dataDir' | 'shard'>): void {
  const path = markerPath(dataDir, shard)
  unlinkSync(path)
  syncDirectory(dirname(path))
}

function freeAside(dataDir: string, shard: ShardName): string {
  const parent = join(dataDir, 'aside')
  ensureDirectory(parent)
  const taken = readdirSync(parent)
    .filter(name => name.startsWith(`${shard}-`))
    .map(name => Number(name.slice(shard.length + 1)))
  return join(parent, `${shard}-${1 + Math.max(0, ...taken.filter(Number.isSafeInteger))}`)
}
