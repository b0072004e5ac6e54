// For operators: lists, shows and exports quarantine files, the writes that were never acknowledged and had to be undone.
import { constants, copyFileSync, createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { SHARDS, type ShardName } from '../../router/words.ts'
import { type QuarantineRecord, quarantineDirectory } from './discarded.ts'
import { syncDirectory, syncFile } from './files.ts'

const FILE = /^(s0|s1)-(\d{1,16})\.(\d{1,16})-(\d{1,6})\.jsonl$/

const RECORD: z.ZodType<QuarantineRecord> = z.object({
  shard: z.enum(SHARDS),
  epoch: z.number().int(),
  index: z.number().int(),
  n: z.number().int(),
  table: z.enum(['documents', 'records']),
  op: z.enum(['put', 'delete']),
  key: z.string(),
  type: z.string().nullable(),
  body: z.string().nullable(),
  modified: z.number().int(),
  expires: z.number().int().nullable(),
  hash: z.string(),
  why: z.string(),
  at: z.string(),
})

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
  if (!existsSync(quarantineDirectory(dataDir))) return []
  const files: QuarantineFile[] = []
  for (const file of readdirSync(quarantineDirectory(dataDir))) {
    const match = FILE.exec(file)
    const shard = SHARDS.find(name => name === match?.[1])
    if (match === null || shard === undefined) continue
    const { size, mtimeMs } = statSync(join(quarantineDirectory(dataDir), file))
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
  return join(quarantineDirectory(dataDir), file)
}
