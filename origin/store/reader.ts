// Point reads on the event loop, over a connection of their own that cannot write.
import { readRecord } from '../../replicator/entry/record.ts'
import { etagOf } from '../../replicator/entry/row.ts'
import type { Done } from '../../replicator/store/outcome.ts'
import type { ShardName } from '../../router/words.ts'
import { databasePath } from './database.ts'
import { blob, type Column, type Db, int, intOrNull, openReading, type Statement, text } from './sqlite.ts'

export type Read =
  | {
      readonly kind: 'found'
      readonly body: Uint8Array
      readonly type: string
      readonly epoch: number
      /** the entry that wrote it: answer only once this one is committed */
      readonly index: number
      readonly n: number
      readonly etag: string
      /** wall-clock milliseconds */
      readonly modified: number
      readonly expires: number | null
    }
  /** `seen` is the last entry of the same moment, which may be the one that deleted it: answer only once it is committed */
  | { readonly kind: 'missing'; readonly seen: number }

export type ReadRecord =
  | { readonly kind: 'found'; readonly done: Done; readonly index: number }
  | { readonly kind: 'missing'; readonly seen: number }

const HIT = 'SELECT type, body, epoch, idx, n, modified, expires FROM documents WHERE key = ?'
const DUE = 'SELECT key FROM documents WHERE expires <= ? ORDER BY expires LIMIT ?'

/** True in the moment of an answer, never from another moment: document and log come from one statement. */
const MISS = `SELECT coalesce((SELECT max(idx) FROM log), (SELECT base_idx FROM meta)) AS seen, d.*
  FROM (SELECT 1) LEFT JOIN documents AS d ON d.key = ?`

const RECORD = `SELECT coalesce((SELECT max(idx) FROM log), (SELECT base_idx FROM meta)) AS seen, r.*
  FROM (SELECT 1) LEFT JOIN records AS r ON r.key = ?`

export class Reader {
  readonly #path: string
  #db: Db
  #hit: Statement
  #miss: Statement
  #record: Statement
  #due: Statement

  constructor(dataDir: string, shard: ShardName) {
    this.#path = databasePath(dataDir, shard)
    this.#db = openReading(this.#path)
    this.#hit = this.#db.prepare(HIT)
    this.#miss = this.#db.prepare(MISS)
    this.#record = this.#db.prepare(RECORD)
    this.#due = this.#db.prepare(DUE)
  }

  /** Throws what the disk says, and after `close`. */
  get(key: string): Read {
    const row = this.#hit.get(key)
    if (row !== undefined) return found(row)
    const again = this.#miss.get(key)
    if (again === undefined) throw new Error('the statement for misses returned no row')
    return again.key === null ? { kind: 'missing', seen: int(again.seen) } : found(again)
  }

  /** Throws as `get` does. */
  record(scope: string): ReadRecord {
    const row = this.#record.get(scope)
    if (row === undefined) throw new Error('the statement for records returned no row')
    if (row.key === null) return { kind: 'missing', seen: int(row.seen) }
    const index = int(row.idx)
    const kept = readRecord({ epoch: int(row.epoch), index, body: blob(row.body) })
    if (kept === null) throw new Error(`the record ${scope} is unreadable`)
    return { kind: 'found', done: kept.done, index }
  }

  /** Keys of documents that expire up to `at`, the longest due first. Throws as `get` does. */
  due(at: number, limit: number): readonly string[] {
    return this.#due.all(at, limit).map(row => text(row.key))
  }

  /** After another file took the database's place. */
  reopen(): void {
    this.#db.close()
    this.#db = openReading(this.#path)
    this.#hit = this.#db.prepare(HIT)
    this.#miss = this.#db.prepare(MISS)
    this.#record = this.#db.prepare(RECORD)
    this.#due = this.#db.prepare(DUE)
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }
}

function found(row: Record<string, Column>): Read {
  const epoch = int(row.epoch)
  const index = int(row.idx)
  const n = int(row.n)
  return {
    kind: 'found',
    body: blob(row.body),
    type: text(row.type),
    epoch,
    index,
    n,
    etag: etagOf(epoch, index, n),
    modified: int(row.modified),
    expires: intOrNull(row.expires),
  }
}
