// Copies for a backup, made while this origin serves: each shard as of one position, which is committed before it is given away.
import { SCHEMA_VERSION } from '../../replicator/entry/limits.ts'
import type { Replicator } from '../../replicator/replicator.ts'
import type { ShardStore, SnapshotFile } from '../../replicator/store/shardstore.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { JobEnd, Report } from '../jobs/jobs.ts'
import { discard } from '../store/snapshot.ts'
import type { BackupPart, BackupResult } from './manifest.ts'

/** A copy that nobody fetches takes room for no longer than this. */
const KEPT_MS = 30 * 60_000

type Kept = { readonly file: SnapshotFile; readonly timer: NodeJS.Timeout }

export class Backups {
  readonly #replicator: Replicator
  readonly #stores: Readonly<Record<ShardName, ShardStore>>
  readonly #kept = new Map<ShardName, Kept>()

  constructor(replicator: Replicator, stores: Readonly<Record<ShardName, ShardStore>>) {
    this.#replicator = replicator
    this.#stores = stores
  }

  /** What was made last and not yet forgotten. */
  file(shard: ShardName): SnapshotFile | null {
    return this.#kept.get(shard)?.file ?? null
  }

  forget(shard: ShardName): void {
    const kept = this.#kept.get(shard)
    if (kept === undefined) return
    this.#kept.delete(shard)
    clearTimeout(kept.timer)
    discard(kept.file)
  }

  close(): void {
    for (const shard of SHARDS) this.forget(shard)
  }

  /** Of every shard that this origin serves. */
  async make(report: Report): Promise<JobEnd> {
    const refused = (detail: string): JobEnd => ({ ok: false, detail, result: null })
    const served = SHARDS.filter(shard => this.#replicator.serves(shard) !== null)
    const { identity, record } = this.#replicator.state
    if (served.length === 0 || identity.lineage === null || record === null)
      return refused('this origin serves no shard: ask the other one')
    const parts: BackupPart[] = []
    for (const [at, shard] of served.entries()) {
      report(`copies ${shard}`, (at * 100) / served.length)
      const part = await this.#copy(shard)
      if (part === null) return refused(`${shard} changed hands while it was copied: try again`)
      parts.push(part)
    }
    const result: BackupResult = { lineage: identity.lineage, epoch: record.epoch, schema: SCHEMA_VERSION, parts }
    return { ok: true, detail: `copies of ${served.join(' and ')} are ready`, result }
  }

  /** A copy holds what was written last, too; who restores it must not bring back what nobody was ever answered. */
  async #copy(shard: ShardName): Promise<BackupPart | null> {
    this.forget(shard)
    const file = await this.#stores[shard].snapshot()
    if (!(await this.#replicator.committed(shard, file.position.index))) {
      discard(file)
      return null
    }
    const timer = setTimeout(() => this.forget(shard), KEPT_MS)
    timer.unref()
    this.#kept.set(shard, { file, timer })
    return { shard, position: file.position, bytes: file.bytes, sha256: file.sha256 }
  }
}
