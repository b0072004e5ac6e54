// What an origin's data directory holds when its process is dead: the identity as last saved, and each shard's database.

import { GENESIS, type Position } from '../../replicator/entry/position.ts'
import type { Row } from '../../replicator/entry/row.ts'
import type { Identity } from '../../replicator/identity.ts'
import type { LoggedEntry } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'

export type OldRow = { readonly key: string; readonly old: Row | null }

/** One shard's database, durable. Everything in it changes in whole transactions. */
export class ShardDisk {
  readonly rows = new Map<string, Row>()
  /** the position before the oldest entry of the log */
  base: Position = GENESIS
  readonly log: LoggedEntry[] = []
  /** old rows of tentative entries, by index */
  readonly undo = new Map<number, readonly OldRow[]>()

  get last(): Position {
    return this.log.at(-1)?.position ?? this.base
  }

  /** Entries up to here cannot be undone: their old rows are gone. */
  get settled(): number {
    let oldest = this.last.index + 1
    for (const index of this.undo.keys()) oldest = Math.min(oldest, index)
    return oldest - 1
  }

  entry(index: number): LoggedEntry | undefined {
    return this.log[index - this.base.index - 1]
  }

  positionAt(index: number): Position | null {
    return index === this.base.index ? this.base : (this.entry(index)?.position ?? null)
  }

  copy(): ShardDisk {
    const copy = new ShardDisk()
    copy.base = this.base
    for (const [key, row] of this.rows) copy.rows.set(key, row)
    for (const entry of this.log) copy.log.push(entry)
    for (const [index, old] of this.undo) copy.undo.set(index, old)
    return copy
  }
}

export class Disk {
  identity: Identity | null = null
  shards: Record<ShardName, ShardDisk> = { s0: new ShardDisk(), s1: new ShardDisk() }
  /** hashes of entries that were undone, kept for people */
  readonly quarantined = new Set<string>()
  /** hashes of the entries of databases that were moved aside */
  readonly aside = new Set<string>()
  /** an older copy of it was put in its place, and no process has looked at the register since */
  rolledBack = false
  full = false
  /** it refuses this entry, however often it comes */
  poison: { readonly shard: ShardName; readonly index: number; refused: number } | null = null
  /** one in so many calls takes very long: 0 never */
  slowness = 0
  /** how long the longest of them takes */
  slowMs = 1500
  /** the databases are slow, and the identity file is not */
  fastIdentity = false
  /** how much longer than usual the identity file takes: it is a file of its own */
  identityMs = 0

  /** An older copy of the whole directory, as a backup tool would make it. */
  copy(): Disk {
    const copy = new Disk()
    copy.identity = this.identity
    copy.shards = { s0: this.shards.s0.copy(), s1: this.shards.s1.copy() }
    for (const hash of this.quarantined) copy.quarantined.add(hash)
    for (const hash of this.aside) copy.aside.add(hash)
    return copy
  }
}
