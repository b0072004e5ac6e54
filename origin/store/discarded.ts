// What an undo discards goes to a quarantine file first: one JSON line for each operation. Read by quarantine.ts.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, TABLE_DOCUMENTS } from '../../replicator/entry/codec.ts'
import type { Position } from '../../replicator/entry/position.ts'
import type { ShardName } from '../../router/words.ts'
import { ensureDirectory, writeDurably } from './files.ts'

/** One discarded operation. */
export type QuarantineRecord = {
  readonly shard: ShardName
  readonly epoch: number
  readonly index: number
  readonly n: number
  /** of a record only its scope is told; a `delete` of a router's own stands for all up to it */
  readonly table: 'documents' | 'records'
  readonly op: 'put' | 'delete'
  readonly key: string
  readonly type: string | null
  /** base64 */
  readonly body: string | null
  /** of a `delete`: when it was deleted */
  readonly modified: number
  readonly expires: number | null
  /** of the history up to the entry */
  readonly hash: string
  readonly why: string
  /** wall-clock time of the undo, ISO 8601 */
  readonly at: string
}

/** Files of one first entry: each but the last comes from an undo that failed after its file was written. */
const FILES_MAX = 1000

export const quarantineDirectory = (dataDir: string): string => join(dataDir, 'quarantine')

/** Returns once the file and its name are on the disk. It is named by the first entry's position. */
export function writeQuarantine(
  place: { readonly dataDir: string; readonly shard: ShardName },
  first: Position,
  entries: Iterable<{ readonly position: Position; readonly entry: Entry }>,
  why: string,
): void {
  const at = new Date().toISOString()
  writeDurably(freePath(place.dataDir, place.shard, first), append => {
    for (const { position, entry } of entries) {
      for (const line of linesOf(position, entry, why, at)) append(line)
    }
  })
}

function freePath(dataDir: string, shard: ShardName, { epoch, index }: Position): string {
  ensureDirectory(quarantineDirectory(dataDir))
  for (let n = 1; n <= FILES_MAX; n++) {
    const path = join(quarantineDirectory(dataDir), `${shard}-${epoch}.${index}-${n}.jsonl`)
    if (!existsSync(path)) return path
  }
  throw new Error(`there are ${FILES_MAX} quarantine files of ${shard} ${epoch}.${index} already`)
}

function* linesOf({ hash }: Position, { shard, epoch, index, ops }: Entry, why: string, at: string): Generator<string> {
  for (const [n, op] of ops.entries()) {
    const { table, key, newRow } = op
    const row = newRow === null ? null : Buffer.from(newRow.body.buffer, newRow.body.byteOffset, newRow.body.length)
    const record: QuarantineRecord = {
      shard,
      epoch,
      index,
      n,
      table: table === TABLE_DOCUMENTS ? 'documents' : 'records',
      op: newRow === null ? 'delete' : 'put',
      key,
      type: newRow?.type ?? null,
      body: row?.toString('base64') ?? null,
      modified: op.newRow === null ? op.at : op.newRow.modified,
      expires: newRow?.expires ?? null,
      hash,
      why,
      at,
    }
    yield `${JSON.stringify(record)}\n`
  }
}
