// Answers what a comparison asks of this copy, as of one moment of its log, on a connection of its own.
import { createHash } from 'node:crypto'
import { digestRow, type Row, rowHash } from '../../replicator/entry/row.ts'
import type { ShardName } from '../../router/words.ts'
import type { Answer, Question, Range, Table } from '../verify/copy.ts'
import { databasePath } from './database.ts'
import { rowOf } from './records.ts'
import { readLast } from './schema.ts'
import { type Column, type Db, int, intOrNull, openReading, type Statement, text } from './sqlite.ts'

/** Blocks its thread; holds one row at a time. */
export function answerCopy(dataDir: string, shard: ShardName, question: Question): Answer {
  const db = openReading(databasePath(dataDir, shard))
  try {
    db.exec('BEGIN')
    const at = readLast(db).position.index
    const answer = answerAt(db, at, question)
    db.exec('COMMIT')
    return answer
  } finally {
    db.close()
  }
}

function answerAt(db: Db, at: number, question: Question): Answer {
  const { kind } = question
  switch (kind) {
    case 'sum':
      return { kind, at, ...sumOf(db, question) }
    case 'list': {
      const rows: [string, string][] = []
      for (const row of rowsIn(db, question)) rows.push([row.key, rowHash(row)])
      return { kind, at, rows }
    }
    case 'look': {
      const one = db.prepare(`SELECT * FROM ${question.table} WHERE key = ?`)
      return { kind, at, hashes: question.keys.map(key => hashAt(one, question.table, key)) }
    }
    case 'count':
      return { kind, at, documents: countOf(db, 'documents'), records: countOf(db, 'records') }
  }
}

function sumOf(db: Db, range: Range): { rows: number; sha256: string; end: string | null } {
  const digest = createHash('sha256')
  let rows = 0
  let last: string | null = null
  for (const row of rowsIn(db, range)) {
    rows += 1
    last = row.key
    digestRow(digest, row)
  }
  return { rows, sha256: digest.digest('hex'), end: rows === range.rowsMax ? last : null }
}

function* rowsIn(db: Db, { table, after, until, rowsMax }: Range): Generator<Row> {
  const upTo = until === null ? '' : 'AND key <= ?2'
  const rows = db.prepare(`SELECT * FROM ${table} WHERE key > ?1 ${upTo} ORDER BY key LIMIT ${rowsMax}`)
  for (const row of until === null ? rows.iterate(after) : rows.iterate(after, until)) yield readRow(table, row)
}

function hashAt(one: Statement, table: Table, key: string): string | null {
  const row = one.get(key)
  return row === undefined ? null : rowHash(readRow(table, row))
}

const readRow = (table: Table, row: Record<string, Column>): Row =>
  table === 'records' ? rowOf(row) : { ...rowOf(row), type: text(row.type), expires: intOrNull(row.expires) }

const countOf = (db: Db, table: Table): number => int(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows)
