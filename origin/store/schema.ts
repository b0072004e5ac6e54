// A shard's database: its tables, how a new one is made, how an existing one is known.
import { SCHEMA_VERSION } from '../../replicator/entry/limits.ts'
import { GENESIS, type Position } from '../../replicator/entry/position.ts'
import type { ShardName } from '../../router/words.ts'
import { begin, commit, type Db, hashHex, int, pragma, text } from './sqlite.ts'

/** "TDM1": says that a file is a shard's database. */
const APPLICATION_ID = 0x54444d31

// STRICT: a value of another type than the writer stores is an error, not a surprise. Text is ordered by its UTF-8 bytes.
// A document's body comes last, so that what is before it is read without the pages of a long one. Only documents that expire
// are in an index. Clients' records are found by age through an index; routers' own by their keys, which begin with the time.
// `total` counts the log's bytes from its beginning, so that its size is known without reading it.
const TABLES = `
  CREATE TABLE documents (
    key TEXT NOT NULL PRIMARY KEY, type TEXT NOT NULL,
    epoch INTEGER NOT NULL, idx INTEGER NOT NULL, n INTEGER NOT NULL, modified INTEGER NOT NULL,
    expires INTEGER, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX documents_that_expire ON documents (expires) WHERE expires IS NOT NULL;
  CREATE TABLE records (
    key TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL,
    epoch INTEGER NOT NULL, idx INTEGER NOT NULL, n INTEGER NOT NULL, modified INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_of_clients ON records (modified) WHERE key < 'm';
  CREATE TABLE log (
    idx INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, hash BLOB NOT NULL, total INTEGER NOT NULL, bytes BLOB NOT NULL
  ) STRICT;
  CREATE TABLE undo (
    idx INTEGER NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, existed INTEGER NOT NULL,
    old_type TEXT, old_body BLOB, old_epoch INTEGER, old_idx INTEGER, old_n INTEGER, old_modified INTEGER,
    old_expires INTEGER,
    PRIMARY KEY (idx, n)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1), shard TEXT NOT NULL,
    base_epoch INTEGER NOT NULL, base_idx INTEGER NOT NULL, base_hash BLOB NOT NULL, base_total INTEGER NOT NULL,
    minted_floor INTEGER NOT NULL
  ) STRICT;`

/** A database that this store cannot be: another shard's, another version's, or none of ours. */
export class ForeignDatabase extends Error {
  override readonly name = 'ForeignDatabase'
}

/** Makes the tables in an empty file; true where it did. Throws ForeignDatabase where the file is something else. */
export function prepareSchema(db: Db, shard: ShardName): boolean {
  if (int(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables) > 0) {
    checkSchema(db, shard)
    return false
  }
  begin(db)
  db.exec(`${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  db.prepare('INSERT INTO meta VALUES (1, ?, ?, ?, ?, 0, 0)').run(
    shard,
    GENESIS.epoch,
    GENESIS.index,
    Buffer.from(GENESIS.hash, 'hex'),
  )
  commit(db)
  return true
}

export function checkSchema(db: Db, shard: ShardName): void {
  if (pragma(db, 'application_id') !== APPLICATION_ID) throw new ForeignDatabase('the file is no database of a shard')
  const version = pragma(db, 'user_version')
  if (version !== SCHEMA_VERSION) {
    throw new ForeignDatabase(`the database has schema ${String(version)}, this is schema ${SCHEMA_VERSION}`)
  }
  const found = text(db.prepare('SELECT shard FROM meta').get()?.shard)
  if (found !== shard) throw new ForeignDatabase(`the database is of shard ${found}, not ${shard}`)
}

export type LogEnd = { readonly position: Position; readonly total: number }

/** The position before the oldest entry that the log still holds. */
export function readBase(db: Db): LogEnd {
  const row = db.prepare('SELECT * FROM meta').get()
  const position = { epoch: int(row?.base_epoch), index: int(row?.base_idx), hash: hashHex(row?.base_hash) }
  return { position, total: int(row?.base_total) }
}

/** The last position of the log, in whatever transaction the connection is in. */
export function readLast(db: Db): LogEnd {
  const row = db.prepare('SELECT idx, epoch, hash, total FROM log ORDER BY idx DESC LIMIT 1').get()
  if (row === undefined) return readBase(db)
  return { position: { epoch: int(row.epoch), index: int(row.idx), hash: hashHex(row.hash) }, total: int(row.total) }
}
