// The log of a shard: its entries in sequence, the position before the oldest, and how it stays bounded.
import { type Position, samePosition } from '../../replicator/entry/position.ts'
import type { LoggedEntry } from '../../replicator/store/shardstore.ts'
import { LOG_SLACK_SHARE, type StoreLimits, TRIM_BYTES_A_TRANSACTION, TRIM_ENTRIES_A_TRANSACTION } from './limits.ts'
import { type LogEnd, readBase, readLast } from './schema.ts'
import { blob, type Db, hashHex, int, type Statement } from './sqlite.ts'

export class History {
  readonly #db: Db
  readonly #limits: StoreLimits
  readonly #append: Statement
  readonly #at: Statement
  readonly #newest: Statement
  readonly #oldest: Statement
  readonly #from: Statement
  readonly #trim: Statement
  readonly #rebase: Statement
  #base: LogEnd
  #last: LogEnd
  #trimming = false
  /** since the last trim: what is dropped must outpace it */
  #added = { entries: 0, bytes: 0 }

  constructor(db: Db, limits: StoreLimits) {
    this.#db = db
    this.#limits = limits
    this.#append = db.prepare('INSERT INTO log (idx, epoch, hash, total, bytes) VALUES (?, ?, ?, ?, ?)')
    this.#at = db.prepare('SELECT idx, epoch, hash, total FROM log WHERE idx = ?')
    this.#newest = db.prepare('SELECT idx, epoch, hash FROM log WHERE idx >= ? ORDER BY idx DESC LIMIT ?')
    this.#oldest = db.prepare(
      'SELECT idx, epoch, hash, total FROM log WHERE idx <= ? AND total <= ? ORDER BY idx DESC LIMIT 1',
    )
    this.#from = db.prepare('SELECT idx, epoch, hash, bytes FROM log WHERE idx >= ? ORDER BY idx')
    this.#trim = db.prepare('DELETE FROM log WHERE idx <= ?')
    this.#rebase = db.prepare('UPDATE meta SET base_epoch = ?, base_idx = ?, base_hash = ?, base_total = ?')
    this.#base = readBase(db)
    this.#last = readLast(db)
  }

  get last(): Position {
    return this.#last.position
  }
  /** the position before the oldest entry held */
  get base(): Position {
    return this.#base.position
  }

  /** After a rollback: what is on the disk is what counts. */
  reload(): void {
    this.#base = readBase(this.#db)
    this.#last = readLast(this.#db)
  }

  append(position: Position, bytes: Uint8Array): void {
    const total = this.#last.total + bytes.length
    this.#append.run(position.index, position.epoch, Buffer.from(position.hash, 'hex'), total, bytes)
    this.#last = { position, total }
    this.#added.entries += 1
    this.#added.bytes += bytes.length
  }

  /** The position that this history has at an index, null where it holds none. */
  positionAt(index: number): Position | null {
    if (index === this.base.index) return this.base
    const row = this.#at.get(index)
    return row === undefined ? null : { epoch: int(row.epoch), index: int(row.idx), hash: hashHex(row.hash) }
  }

  /** The newest of these positions that this history has too. */
  locate(positions: readonly Position[]): Position | null {
    let found: Position | null = null
    for (const position of positions) {
      const ours: Position | null =
        found === null || position.index > found.index ? this.positionAt(position.index) : null
      if (ours !== null && samePosition(ours, position)) found = ours
    }
    return found
  }

  /** Positions from the last one down to `floor`, newest first, at most `max`. */
  newest(floor: number, max: number): readonly Position[] {
    const positions: Position[] = []
    for (const row of this.#newest.iterate(floor, max)) {
      positions.push({ epoch: int(row.epoch), index: int(row.idx), hash: hashHex(row.hash) })
    }
    if (positions.length < max && floor <= this.base.index) positions.push(this.base)
    return positions
  }

  /** Entries from `index` on; null where they were compacted. One at least, then as many as `bytesMax` allows. */
  read(index: number, bytesMax: number): readonly LoggedEntry[] | null {
    if (index <= this.base.index) return null
    const entries: LoggedEntry[] = []
    let sum = 0
    for (const row of this.#from.iterate(index)) {
      const bytes = blob(row.bytes)
      sum += bytes.length
      if (entries.length > 0 && sum > bytesMax) break
      entries.push({ position: { epoch: int(row.epoch), index: int(row.idx), hash: hashHex(row.hash) }, bytes })
    }
    return entries
  }

  /** In a transaction: drops a few of the oldest entries where the log is beyond its limits, never an unsettled one. */
  trim(settled: number): void {
    const over = this.#overfull()
    if (over <= 0) this.#trimming = false
    else if (over > LOG_SLACK_SHARE) this.#trimming = true
    const added = this.#added
    this.#added = { entries: 0, bytes: 0 }
    if (!this.#trimming) return
    const entries = Math.max(TRIM_ENTRIES_A_TRANSACTION, 2 * added.entries)
    const bytes = Math.max(TRIM_BYTES_A_TRANSACTION, 2 * added.bytes)
    const index = Math.min(this.base.index + entries, settled, this.last.index - 1)
    const row = this.#oldest.get(index, this.#base.total + bytes)
    if (row === undefined) return
    const hash = blob(row.hash)
    const position = { epoch: int(row.epoch), index: int(row.idx), hash: hashHex(hash) }
    this.#base = { position, total: int(row.total) }
    this.#rebase.run(position.epoch, position.index, hash, this.#base.total)
    this.#trim.run(position.index)
  }

  /** How far the log is beyond its limits, as a share of them. */
  #overfull(): number {
    const { logEntriesKept, logBytesKept } = this.#limits
    const entries = this.last.index - this.base.index
    const bytes = this.#last.total - this.#base.total
    return Math.max(entries / logEntriesKept, bytes / logBytesKept) - 1
  }

  /** In a transaction: forgets the entries beyond `index`, which have been undone. */
  truncate(index: number): void {
    this.#db.prepare('DELETE FROM log WHERE idx > ?').run(index)
    this.reload()
  }
}
