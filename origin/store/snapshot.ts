// A consistent copy of a shard, made beside its writer: VACUUM INTO reads one committed moment, whatever is written on.
import { existsSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Position } from '../../replicator/entry/position.ts'
import type { SnapshotFile } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import { databasePath } from './database.ts'
import { digestFile, diskLow, ensureDirectory, syncDirectory, syncFile } from './files.ts'
import { STORE_LIMITS } from './limits.ts'
import { checkSchema, readLast } from './schema.ts'
import { int, openCopy, openReading, pragma } from './sqlite.ts'

const directory = (dataDir: string): string => join(dataDir, 'snapshots')

/** Blocks its thread until the copy is on the disk. `name` must be new. */
export function makeSnapshot(dataDir: string, shard: ShardName, name: string): SnapshotFile {
  ensureDirectory(directory(dataDir))
  const path = join(directory(dataDir), `${shard}-${name}.sqlite`)
  try {
    copyInto(databasePath(dataDir, shard), path)
    const position = settleCopy(path, shard)
    syncFile(path)
    syncDirectory(directory(dataDir))
    return { path, position, ...digestFile(path) }
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
}

function copyInto(from: string, path: string): void {
  const source = openReading(from)
  try {
    const bytes = int(pragma(source, 'page_count')) * int(pragma(source, 'page_size'))
    // A copy that filled the disk would stop the writes, which need it more.
    const low = diskLow(dirname(path), STORE_LIMITS.diskBytesReserved, bytes)
    if (low !== null) throw new Error(low)
    source.prepare('VACUUM INTO ?').run(path)
  } finally {
    source.close()
  }
}

/** Who takes the copy can go back no further than to its last position. */
function settleCopy(path: string, shard: ShardName): Position {
  const copy = openCopy(path)
  try {
    checkSchema(copy, shard)
    copy.exec('DELETE FROM undo')
    return readLast(copy).position
  } finally {
    copy.close()
  }
}

/** The caller of a snapshot is done with it. */
export function discard(file: SnapshotFile): void {
  unlinkSync(file.path)
}

/** Copies that an earlier life of this process left: nobody knows of them any more. */
export function discardForgotten(dataDir: string, shard: ShardName): void {
  if (!existsSync(directory(dataDir))) return
  for (const file of readdirSync(directory(dataDir))) {
    if (file.startsWith(`${shard}-`)) rmSync(join(directory(dataDir), file), { force: true })
  }
}
