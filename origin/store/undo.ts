// Goes back to an earlier position: what is discarded is first on the disk in a quarantine file, then undone (I9).
import { decodeEntry, type Entry, type Op, TABLE_RECORDS } from '../../replicator/entry/codec.ts'
import type { Position } from '../../replicator/entry/position.ts'
import { NO_ROW_HASH, type Row, rowHash } from '../../replicator/entry/row.ts'
import { reach } from '../failpoint.ts'
import type { Database } from './database.ts'
import { writeQuarantine } from './discarded.ts'
import { Rows } from './rows.ts'
import { begin } from './sqlite.ts'

export type Undone = { readonly quarantined: number; readonly last: Position }

/** The entries cannot be undone here; the shard needs a snapshot. Nothing was changed. */
export class CannotUndo extends Error {
  override readonly name = 'CannotUndo'
}

/** Undoes the entries beyond `index`. Throws CannotUndo or what the disk says, with nothing undone; or CommitFailed. */
export function undoBeyond(database: Database, index: number, why: string): Undone {
  const { history, db, place } = database
  const count = history.last.index - index
  if (count < 0) throw new CannotUndo(`entry ${index} is beyond the last one, ${history.last.index}`)
  if (index < database.settled)
    throw new CannotUndo(`entries up to ${database.settled} are committed, not only to ${index}`)
  if (count === 0) return { quarantined: 0, last: history.last }
  reach('undo.before-quarantine')
  writeQuarantine(place, readEntry(database, index + 1).position, discarded(database, index), why)
  reach('undo.after-quarantine')
  try {
    begin(db)
    for (let undone = history.last.index; undone > index; undone--)
      undoEntry(database, readEntry(database, undone).entry)
    Rows.dropBeyond(db, index)
    history.truncate(index)
    database.commit('undo')
  } catch (error) {
    if (db.isTransaction) database.abandon()
    throw error
  }
  return { quarantined: count, last: history.last }
}

type Found = { readonly position: Position; readonly entry: Entry }

function* discarded(database: Database, index: number): Generator<Found> {
  for (let at = index + 1; at <= database.history.last.index; at++) yield readEntry(database, at)
}

function readEntry({ history }: Database, index: number): Found {
  const logged = history.read(index, 1)?.[0]
  if (logged === undefined) throw new CannotUndo(`entry ${index} is not in the log`)
  const decoded = decodeEntry(logged.bytes)
  if (decoded.kind !== 'ok') throw new CannotUndo(`entry ${index} in the log is ${decoded.kind}: ${decoded.detail}`)
  return { position: logged.position, entry: decoded.entry }
}

function undoEntry(database: Database, { epoch, index, ops }: Entry): void {
  const { rows, records } = database
  for (const [n, op] of [...ops.entries()].reverse()) {
    if (op.table === TABLE_RECORDS && op.newRow !== null) {
      // It is new wherever it is made: there is no old row to bring back.
      if (hashOf(records.read(op.key)) !== hashOf(newRowOf(op, epoch, index)))
        throw new CannotUndo(`the idempotency record of ${index}.${n} has changed since`)
      records.remove(op.key)
      continue
    }
    const kept = rows.oldOf(index, n)
    if (kept === undefined || kept.key !== op.key) throw new CannotUndo(`the old row of ${index}.${n} is gone`)
    const current = op.table === TABLE_RECORDS ? null : rows.read(op.key)
    if (hashOf(current) !== hashOf(newRowOf(op, epoch, index)))
      throw new CannotUndo(`the row of ${index}.${n} has changed since`)
    if (hashOf(kept.old) !== op.oldHash) throw new CannotUndo(`the old row of ${index}.${n} has changed`)
    if (op.table === TABLE_RECORDS) {
      if (kept.old === null || !records.restore(kept.old))
        throw new CannotUndo(`the idempotency record of ${index}.${n} cannot come back`)
      continue
    }
    if (kept.old !== null) rows.put(kept.old, current)
    else if (current !== null) rows.remove(current)
  }
}

const hashOf = (row: Row | null): string => (row === null ? NO_ROW_HASH : rowHash(row))

const newRowOf = (op: Op, epoch: number, index: number): Row | null =>
  op.newRow === null ? null : { key: op.key, epoch, index, ...op.newRow }
