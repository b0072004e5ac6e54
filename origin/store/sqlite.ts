// The door to node:sqlite: how connections are opened, what their errors mean, what their columns hold.
// Beware: closing any other descriptor of an open database file drops SQLite's locks on it (POSIX), so nothing else
// may open one while it is in use.
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'

export type Db = DatabaseSync
export type Statement = StatementSync
export type Column = SQLOutputValue | undefined

/** A foreign process (an operator's sqlite3, a backup) may hold a lock for a moment; nobody of ours does. */
const BUSY_MS = 2000
/** Page cache of a connection, in KiB: the inner pages of ten million rows; leaves are in the system's cache, and an origin has four connections. */
const CACHE_KIB = 8 * 1024
/** What a WAL that had grown under a long read may keep on disk once it starts over. */
const WAL_BYTES_KEPT = 64 * 1024 * 1024

/** The connection that writes. Checkpoints are its owner's (wal_autocheckpoint is off), never inside a COMMIT. */
export function openWriting(path: string): Db {
  const db = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: false })
  try {
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -${CACHE_KIB}; PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`)
    // A commit that is acknowledged without an fsync would be a lie to the peer: better not to start.
    assertPragma(db, 'journal_mode', 'wal')
    assertPragma(db, 'synchronous', 2)
    assertPragma(db, 'wal_autocheckpoint', 0)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** A connection that can only read; the file must exist. */
export function openReading(path: string): Db {
  const db = new DatabaseSync(path, { timeout: BUSY_MS, readOnly: true })
  try {
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** A connection to a copy that nobody else has open: one plain file, nothing beside it when it is closed. */
export function openCopy(path: string): Db {
  const db = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: false })
  db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL')
  return db
}

function assertPragma(db: Db, name: string, wanted: string | number): void {
  const found = pragma(db, name)
  if (found !== wanted) throw new Error(`PRAGMA ${name} is ${String(found)}, must be ${wanted}`)
}

/** The first column of the first row of a PRAGMA. */
export function pragma(db: Db, name: string): Column {
  const row = db.prepare(`PRAGMA ${name}`).get()
  return row === undefined ? undefined : Object.values(row)[0]
}

export type ExclusiveHold = { release(): void }
/** A hold that its caller forgot must not end with a garbage collection. */
const holds = new Set<Db>()

/** Takes the file for this process alone and keeps it; null where another has it. The system frees it when the process dies. */
export function holdExclusive(path: string): ExclusiveHold | null {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (sqliteCode(error) === SQLITE_BUSY) return null
    throw error
  }
  holds.add(db)
  return {
    release: () => {
      if (holds.delete(db)) db.close()
    },
  }
}

const SQLITE_BUSY = 5
export const SQLITE_FULL = 13
/** PERM, ABORT, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB: not the statement's fault. */
const DISK_CODES = new Set([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26])

/** Primary result code of an SQLite error, null where it is none. See https://sqlite.org/rescode.html */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

/** True where the database or its disk failed, so that no later statement of the transaction may be trusted. */
export function isDiskTrouble(error: unknown): boolean {
  const code = sqliteCode(error)
  return code !== null && DISK_CODES.has(code)
}

/** What a failed statement says, for a detail or a log line. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** COMMIT failed: whether the transaction is on the disk cannot be known without a new start, so the process must end. */
export class CommitFailed extends Error {
  override readonly name = 'CommitFailed'
}

export const begin = (db: Db): void => db.exec('BEGIN IMMEDIATE')

/** Throws CommitFailed, which nobody may catch but the one who ends the process. */
export function commit(db: Db): void {
  try {
    db.exec('COMMIT')
  } catch (error) {
    throw new CommitFailed(`COMMIT failed: ${messageOf(error)}`, { cause: error })
  }
}

/** SQLITE_FULL and its like have rolled back already: then ROLLBACK would be an error of its own. */
export function rollback(db: Db): void {
  if (db.isTransaction) db.exec('ROLLBACK')
}

/** A column held something else than the schema says: the file was changed behind the store's back. */
export class ColumnError extends Error {
  override readonly name = 'ColumnError'
}

export function int(value: Column): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new ColumnError(`a column holds ${typeof value} where a count belongs`)
}

/** Of a column that may be empty. */
export const intOrNull = (value: Column): number | null => (value === null ? null : int(value))

export function text(value: Column): string {
  if (typeof value === 'string') return value
  throw new ColumnError(`a column holds ${typeof value} where text belongs`)
}

export function blob(value: Column): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return value
  throw new ColumnError(`a column holds ${typeof value} where bytes belong`)
}

export function hashHex(value: Column): string {
  const bytes = blob(value)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** True for errors that say a stored value cannot be what was written (see ColumnError; beyond 2^53 node:sqlite throws). */
export const isUnreadable = (error: unknown): boolean =>
  error instanceof ColumnError || (error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')
