// The documents of a shard and the old rows of its tentative entries, one row at a time.
import type { Row } from '../../replicator/entry/row.ts'
import { blob, type Db, int, intOrNull, type Statement, text } from './sqlite.ts'

/** A document as it lies in its table, whose row number makes its change cheaper than its key. */
export type StoredRow = Row & { readonly rowid: number }
export type OldRow = { readonly key: string; readonly old: Row | null }

export class Rows {
  readonly #read: Statement
  readonly #insert: Statement
  readonly #update: Statement
  readonly #remove: Statement
  readonly #keep: Statement
  readonly #old: Statement
  readonly #settle: Statement
  readonly #floor: Statement

  constructor(db: Db) {
    this.#read = db.prepare('SELECT rowid, type, body, epoch, idx, n, modified, expires FROM documents WHERE key = ?')
    this.#insert = db.prepare(
      'INSERT INTO documents (type, body, epoch, idx, n, modified, expires, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#update = db.prepare(
      'UPDATE documents SET type = ?, body = ?, epoch = ?, idx = ?, n = ?, modified = ?, expires = ? WHERE rowid = ?',
    )
    this.#remove = db.prepare('DELETE FROM documents WHERE rowid = ?')
    this.#keep = db.prepare('INSERT INTO undo VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#old = db.prepare('SELECT * FROM undo WHERE idx = ? AND n = ?')
    this.#settle = db.prepare('DELETE FROM undo WHERE idx <= ?')
    this.#floor = db.prepare('SELECT min(idx) AS idx FROM undo')
  }

  read(key: string): StoredRow | null {
    const row = this.#read.get(key)
    if (row === undefined) return null
    return {
      rowid: int(row.rowid),
      key,
      type: text(row.type),
      body: blob(row.body),
      epoch: int(row.epoch),
      index: int(row.idx),
      n: int(row.n),
      modified: int(row.modified),
      expires: intOrNull(row.expires),
    }
  }

  /** `old` is what `read` returned for the key in this transaction. */
  put(row: Row, old: StoredRow | null): void {
    const { type, body, epoch, index, n, modified, expires } = row
    if (old === null) this.#insert.run(type, body, epoch, index, n, modified, expires, row.key)
    else this.#update.run(type, body, epoch, index, n, modified, expires, old.rowid)
  }

  remove(old: StoredRow): void {
    this.#remove.run(old.rowid)
  }

  /** Keeps what operation `n` of entry `index` replaces, until the entry is committed. */
  keepOld(index: number, n: number, key: string, old: Row | null): void {
    if (old === null) this.#keep.run(index, n, key, 0, null, null, null, null, null, null, null)
    else this.#keep.run(index, n, key, 1, old.type, old.body, old.epoch, old.index, old.n, old.modified, old.expires)
  }

  /** What operation `n` of entry `index` replaced; undefined where it is no longer kept. */
  oldOf(index: number, n: number): OldRow | undefined {
    const row = this.#old.get(index, n)
    if (row === undefined) return undefined
    const key = text(row.key)
    if (int(row.existed) === 0) return { key, old: null }
    const old = {
      key,
      type: text(row.old_type),
      body: blob(row.old_body),
      epoch: int(row.old_epoch),
      index: int(row.old_idx),
      n: int(row.old_n),
      modified: int(row.old_modified),
      expires: intOrNull(row.old_expires),
    }
    return { key, old }
  }

  /** Drops the old rows of entries up to `index`. */
  settle(index: number): void {
    this.#settle.run(index)
  }

  /** The oldest entry that can be undone, null where none can. */
  oldestKept(): number | null {
    const idx = this.#floor.get()?.idx
    return idx === null || idx === undefined ? null : int(idx)
  }

  /** Drops the old rows of entries beyond `index`, which have been undone. */
  static dropBeyond(db: Db, index: number): void {
    db.prepare('DELETE FROM undo WHERE idx > ?').run(index)
  }
}
