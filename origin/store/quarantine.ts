// Quarantine files: writes that were never acknowledged and had to be undone, kept for operators. One JSON line each.
import { constants, copyFileSync, createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Entry } from '../../replicator/entry/codec.ts'
import type { Position } from '../../replicator/entry/position.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import { ensureDirectory, syncDirectory, syncFile, writeDurably } from './files.ts'

const FILE = /^(s0|s1)-(\d{1,16})\.(\d{1,16})-(\d{1,6})\.jsonl$/
/** Files of one first entry: each comes from an undo that failed after its file was written. */
const FILES_MAX = 1000

const RECORD = z.object({
  shard: z.enum(SHARDS),
  epoch: z.number().int(),
  index: z.number().int(),
  n: z.number().int(),
  op: z.enum(['put', 'delete']),
  key: z.string(),
  type: z.string().nullable(),
  /** base64 */
  body: z.string().nullable(),
  modified: z.number().int().nullable(),
  /** hash of the history up to the entry */
  hash: z.string(),
  why: z.string(),
  /** wall-clock time of the undo, ISO 8601 */
  at: z.string(),
})

/** One discarded operation. */
export type QuarantineRecord = z.infer<typeof RECORD>

const directory = (dataDir: string): string => join(dataDir, 'quarantine')

/** Returns once the file and its name are on the disk. Named by the first entry in it. */
export function writeQuarantine(
  place: { readonly dataDir: string; readonly shard: ShardName },
  entries: Iterable<{ readonly position: Position; readonly entry: Entry }>,
  why: string,
): void {
  const { dataDir, shard } = place
  const at = new Date().toISOString()
  const iterator = entries[Symbol.iterator]()
  const first = iterator.next()
  if (first.done === true) return
  const path = freePath(dataDir, shard, first.value.position)
  writeDurably(path, append => {
    for (
      let step: typeof first | ReturnType<typeof iterator.next> = first;
      step.done !== true;
      step = iterator.next()
    ) {
      for (const line of linesOf(step.value.position, step.value.entry, why, at)) append(line)
    }
  })
}

function freePath(dataDir: string, shard: ShardName, { epoch, index }: Position): string {
  ensureDirectory(directory(dataDir))
  for (let n = 1; n <= FILES_MAX; n++) {
    const path = join(directory(dataDir), `${shard}-${epoch}.${index}-${n}.jsonl`)
    if (!existsSync(path)) return path
  }
  throw new Error(`there are ${FILES_MAX} quarantine files of ${shard} ${epoch}.${index} already`)
}

function* linesOf({ hash }: Position, { shard, epoch, index, ops }: Entry, why: string, at: string): Generator<string> {
  for (const [n, { key, newRow }] of ops.entries()) {
    const row = newRow === null ? null : Buffer.from(newRow.body.buffer, newRow.body.byteOffset, newRow.body.length)
    const record: QuarantineRecord = {
      shard,
      epoch,
      index,
      n,
      op: newRow === null ? 'delete' : 'put',
      key,
      type: newRow?.type ?? null,
      body: row?.toString('base64') ?? null,
      modified: newRow?.modified ?? null,
      hash,
      why,
      at,
    }
    yield `${JSON.stringify(record)}\n`
  }
}

export type QuarantineFile = {
  readonly file: string
  readonly shard: ShardName
  /** position of the first discarded entry */
  readonly epoch: number
  readonly index: number
  readonly bytes: number
  /** wall-clock milliseconds */
  readonly at: number
}

/** The files of a data directory, by shard and position. */
export function listQuarantine(dataDir: string): readonly QuarantineFile[] {
  if (!existsSync(directory(dataDir))) return []
  const files: QuarantineFile[] = []
  for (const file of readdirSync(directory(dataDir))) {
    const match = FILE.exec(file)
    const shard = SHARDS.find(name => name === match?.[1])
    if (match === null || shard === undefined) continue
    const { size, mtimeMs } = statSync(join(directory(dataDir), file))
    files.push({ file, shard, epoch: Number(match[2]), index: Number(match[3]), bytes: size, at: Math.floor(mtimeMs) })
  }
  return files.sort((x, y) =>
    x.shard === y.shard ? x.index - y.index || x.epoch - y.epoch : x.shard < y.shard ? -1 : 1,
  )
}

/** The records of one file, one at a time. Rejects on a name that is no quarantine file's, and on a damaged line. */
export async function* showQuarantine(dataDir: string, file: string): AsyncGenerator<QuarantineRecord> {
  const lines = createInterface({ input: createReadStream(pathOf(dataDir, file)), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) yield RECORD.parse(JSON.parse(line))
}

/** Copies a file as it is, durably; never over an existing one. */
export function exportQuarantine(dataDir: string, file: string, target: string): void {
  copyFileSync(pathOf(dataDir, file), target, constants.COPYFILE_EXCL)
  syncFile(target)
  syncDirectory(join(target, '..'))
}

/** Only names that this store gives: nothing outside the directory can be asked for. */
function pathOf(dataDir: string, file: string): string {
  if (!FILE.test(file)) throw new Error(`${JSON.stringify(file)} is no quarantine file's name`)
  return join(directory(dataDir), file)
}
