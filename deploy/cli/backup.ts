// tandem backup: a copy of both shards in a directory, made while the pair serves.
import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type BackupPart,
  type BackupResult,
  backupResult,
  fileOf,
  MANIFEST_FILE,
  type Manifest,
} from '../../origin/backup/manifest.ts'
import { check } from '../../origin/backup/restore.ts'
import { moveDurably, writeDurably } from '../../origin/store/files.ts'
import { SHARDS } from '../../router/words.ts'
import { askAll, type Command } from './command.ts'
import { runJob } from './jobs.ts'
import { RefusedError, table, UsageError } from './outcome.ts'
import { openStream, remove } from './private-api.ts'
import { barOn } from './progress.ts'
import type { Flags, Target } from './target.ts'

export const backupCommand: Command = {
  name: 'backup',
  usage: 'DIR',
  summary: 'copies both shards into a directory, while the pair serves',
  details:
    'Each shard as of one committed position, checked; manifest.json says which, and is written last: a directory without it is no backup. DIR must not exist, or be empty. tandem restore puts it in place.',
  examples: ['tandem backup /var/backups/tandem-2026-11-24', 'tandem backup ./kept --json'],
  async run({ args, flags }) {
    const [name, ...more] = args
    if (name === undefined || more.length > 0) throw new UsageError('Name a directory for the backup.')
    const dir = resolve(name)
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (readdirSync(dir).length > 0) throw new UsageError(`${dir} is not empty: a backup gets a directory of its own.`)
    const manifest = await backup(flags, dir).catch((error: unknown) => {
      // it was empty: what is in it is half of a backup, and ours
      for (const shard of SHARDS) rmSync(join(dir, fileOf(shard)), { force: true })
      throw error
    })
    const rows = manifest.parts.map(({ shard, position, bytes, sha256 }) => [
      shard,
      `${position.epoch}.${position.index}`,
      String(bytes),
      sha256.slice(0, 16),
    ])
    return {
      ok: true,
      text: `${table([['shard', 'position', 'bytes', 'sha256'], ...rows])}\n\nThe backup is in ${dir}`,
      json: { ok: true, dir, ...manifest },
    }
  },
}

async function backup(flags: Flags, dir: string): Promise<Manifest> {
  const taken: { readonly from: Target; readonly result: BackupResult }[] = []
  for (const each of await askAll(flags)) {
    if ('why' in each || !each.status.shards.some(shard => shard.role === 'primary')) continue
    const job = await runJob(each.target, 'backup')
    if (!job.end.ok) throw new RefusedError(`origin ${each.target.name}: ${job.end.detail}`)
    taken.push({ from: each.target, result: backupResult.parse(job.result) })
  }
  const [first] = taken
  if (first === undefined) throw new RefusedError('No origin that answers is primary of a shard.')
  if (taken.some(({ result }) => result.lineage !== first.result.lineage))
    throw new RefusedError('The origins belong to different lineages.')
  const part = (shard: 's0' | 's1'): { from: Target; part: BackupPart } => {
    for (const { from, result } of taken)
      for (const one of result.parts) if (one.shard === shard) return { from, part: one }
    throw new RefusedError(`Nobody serves ${shard} now: try again when the pair serves both shards.`)
  }
  const parts = SHARDS.map(part)
  for (const one of parts) await fetchPart(one.from, one.part, dir)
  const manifest: Manifest = {
    format: 1,
    made: new Date().toISOString(),
    lineage: first.result.lineage,
    epoch: Math.max(...taken.map(({ result }) => result.epoch)),
    schema: first.result.schema,
    parts: [part('s0').part, part('s1').part],
  }
  writeDurably(join(dir, MANIFEST_FILE), append => append(`${JSON.stringify(manifest, null, 2)}\n`))
  return manifest
}

/** Appears under its name once it is whole, on the disk, and checked. */
async function fetchPart(from: Target, part: BackupPart, dir: string): Promise<void> {
  const path = join(dir, fileOf(part.shard))
  const partial = `${path}.partial`
  const bar = barOn(process.stderr)
  const digest = createHash('sha256')
  let bytes = 0
  try {
    const body = openStream(from, `/_tandem/backup/${part.shard}?sha256=${part.sha256}`)
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        bytes += chunk.length
        digest.update(chunk)
        bar.show(`fetches ${part.shard}`, (bytes * 100) / Math.max(1, part.bytes))
        yield chunk
      }
    }
    await pipeline(Readable.from(counted()), createWriteStream(partial, { flush: true, mode: 0o600 })).catch(
      (error: unknown) => {
        if (error instanceof Error && 'syscall' in error)
          throw new RefusedError(`${partial} could not be written: ${error.message}`)
        throw error
      },
    )
    if (digest.digest('hex') !== part.sha256) throw new RefusedError(`${part.shard} was damaged on its way: try again`)
    check(part, partial, dir)
    moveDurably(partial, path)
  } finally {
    bar.end()
    rmSync(partial, { force: true })
  }
  await remove(from, `/_tandem/backup/${part.shard}`)
}
