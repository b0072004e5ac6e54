// What both copies of a shard are compared by: one hash over every document and idempotency record, as of one moment of its log.
import { createHash } from 'node:crypto'
import { digestRow } from '../../replicator/entry/row.ts'
import type { ShardName } from '../../router/words.ts'
import type { ShardDigest } from '../http/ports.ts'
import { databasePath } from './database.ts'
import { rowOf } from './records.ts'
import { readLast } from './schema.ts'
import { blob, int, intOrNull, openReading, text } from './sqlite.ts'

/** Blocks its thread; holds one row at a time. */
export function makeDigest(dataDir: string, shard: ShardName): ShardDigest {
  const db = openReading(databasePath(dataDir, shard))
  try {
    db.exec('BEGIN')
    const { position } = readLast(db)
    const digest = createHash('sha256')
    let rows = 0
    for (const row of db.prepare('SELECT * FROM documents ORDER BY key').iterate()) {
      rows += 1
      digestRow(digest, {
        key: text(row.key),
        type: text(row.type),
        body: blob(row.body),
        epoch: int(row.epoch),
        index: int(row.idx),
        n: int(row.n),
        modified: int(row.modified),
        expires: intOrNull(row.expires),
      })
    }
    let records = 0
    for (const row of db.prepare('SELECT * FROM records ORDER BY key').iterate()) {
      records += 1
      digestRow(digest, rowOf(row))
    }
    db.exec('COMMIT')
    return { shard, position, rows, records, sha256: digest.digest('hex') }
  } finally {
    db.close()
  }
}
