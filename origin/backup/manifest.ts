// manifest.json of a backup: what is in it, and by what it is known to be whole.
import { z } from 'zod'
import { HASH_HEX_CHARS } from '../../replicator/entry/position.ts'

export const MANIFEST_FILE = 'manifest.json'

const count = z.int().min(0)

/** One shard, as of one committed position. */
export const backupPart = z.object({
  shard: z.enum(['s0', 's1']),
  position: z.object({ epoch: count, index: count, hash: z.string().length(HASH_HEX_CHARS) }),
  bytes: count,
  /** hex, of the file */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type BackupPart = z.output<typeof backupPart>

/** What one origin gives: the shards that it serves. */
export const backupResult = z.object({
  lineage: z.string().min(1).max(200),
  epoch: z.int().min(1),
  schema: count,
  parts: z.array(backupPart).min(1).max(2),
})
export type BackupResult = z.output<typeof backupResult>

export const manifestSchema = z.object({
  format: z.literal(1),
  /** wall-clock, ISO 8601 */
  made: z.string(),
  lineage: z.string().min(1).max(200),
  /** the newest that the origins knew of */
  epoch: z.int().min(1),
  schema: count,
  parts: z.tuple([backupPart, backupPart]).refine(([x, y]) => x.shard === 's0' && y.shard === 's1'),
})
export type Manifest = z.output<typeof manifestSchema>

export const fileOf = (shard: 's0' | 's1'): string => `${shard}.sqlite`
