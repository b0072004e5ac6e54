// Group commit: many commands, one transaction, one fsync, one entry.
import {
  ENTRY_BYTES_EMPTY,
  encodeEntry,
  type Op,
  opBytes,
  positionAfter,
  TABLE_DOCUMENTS,
} from '../../replicator/entry/codec.ts'
import { ENTRY_BYTES_MAX, KEY_BYTES_MAX, OPS_MAX, TYPE_BYTES_MAX } from '../../replicator/entry/limits.ts'
import { etagOf, NO_ROW_HASH, type Row, rowHash } from '../../replicator/entry/row.ts'
import type { LoggedEntry, WriteCommand, WriteOutcome, WriteResult } from '../../replicator/store/shardstore.ts'
import { conditionHolds } from './conditions.ts'
import type { Database } from './database.ts'
import type { StoredRow } from './rows.ts'
import { begin, CommitFailed, isDiskTrouble, isUnreadable, messageOf, sqliteCode } from './sqlite.ts'

type Group = { readonly epoch: number; readonly index: number; readonly ops: Op[]; bytes: number }

/** Throws CommitFailed, or an error that is no answer of SQLite's: both end the process. */
export function writeGroup(database: Database, epoch: number, commands: readonly WriteCommand[]): WriteResult {
  if (epoch < database.fence) {
    return { kind: 'refused', reason: 'fenced', detail: `epoch ${epoch} is over, ${database.fence} has begun` }
  }
  const low = database.diskLow(bodyBytes(commands))
  if (low !== null) return { kind: 'refused', reason: 'disk', detail: low }
  const { history, db } = database
  const group: Group = { epoch, index: history.last.index + 1, ops: [], bytes: ENTRY_BYTES_EMPTY }
  try {
    begin(db)
    const outcomes = commands.map(command => judge(database, group, command))
    const entry = group.ops.length === 0 ? null : log(database, group)
    if (entry === null) database.abandon()
    else database.commit('write')
    return { kind: 'done', outcomes, entry, seen: history.last.index }
  } catch (error) {
    if (error instanceof CommitFailed || sqliteCode(error) === null) throw error
    database.abandon()
    return { kind: 'refused', reason: 'disk', detail: messageOf(error) }
  }
}

function log({ place, history }: Database, { epoch, index, ops }: Group): LoggedEntry {
  const previousHash = history.last.hash
  const bytes = encodeEntry({ shard: place.shard, epoch, index, previousHash, ops })
  const position = positionAfter(previousHash, bytes)
  history.append(position, bytes)
  return { position, bytes }
}

function judge(database: Database, group: Group, command: WriteCommand): WriteOutcome {
  const fault = faultOf(command)
  if (fault !== null) return { kind: 'failed', reason: fault }
  try {
    const old = database.rows.read(command.key)
    // RFC 9110 13.2.1: what would be 404 without its conditions is 404 with them.
    if (old === null && command.op === 'delete') return { kind: 'missing' }
    const etag = old === null ? null : etagOf(old.epoch, old.index, old.n)
    for (const condition of command.conditions) {
      if (!conditionHolds(condition, etag)) return { kind: 'preconditionFailed', etag }
    }
    const op = opOf(command, old, group.ops.length)
    const bytes = group.bytes + opBytes(op)
    if (bytes > ENTRY_BYTES_MAX || group.ops.length === OPS_MAX) return { kind: 'failed', reason: 'the group is full' }
    const outcome = take(database, group, command, old, op)
    group.ops.push(op)
    group.bytes = bytes
    return outcome
  } catch (error) {
    // After SQLITE_FULL there is no transaction any more, and what follows would commit one by one: give up the group.
    if (!database.db.isTransaction || isDiskTrouble(error)) throw error
    if (sqliteCode(error) === null && !isUnreadable(error)) throw error
    return { kind: 'failed', reason: messageOf(error) }
  }
}

/** Nothing of a command that failed half-way remains: it has a savepoint of its own. */
function take(database: Database, group: Group, command: WriteCommand, old: StoredRow | null, op: Op): WriteOutcome {
  const { rows, db } = database
  const { epoch, index } = group
  const n = group.ops.length
  database.savepoint()
  try {
    rows.keepOld(index, n, op.key, old)
    if (op.newRow !== null) rows.put({ key: op.key, epoch, index, ...op.newRow }, old)
    else if (old !== null) rows.remove(old)
    database.release()
  } catch (error) {
    if (db.isTransaction) database.rollbackToSavepoint()
    throw error
  }
  const kind = op.newRow === null ? 'deleted' : old === null ? 'created' : 'replaced'
  return { kind, etag: etagOf(epoch, index, n), modified: command.at }
}

function opOf(command: WriteCommand, old: Row | null, n: number): Op {
  const { key } = command
  const oldHash = old === null ? NO_ROW_HASH : rowHash(old)
  if (command.op === 'delete') return { table: TABLE_DOCUMENTS, key, oldHash, newRow: null }
  const newRow = { type: command.type, body: command.body, modified: command.at, n }
  return { table: TABLE_DOCUMENTS, key, oldHash, newRow }
}

/** What the HTTP side should have refused; here it must not break a whole group. */
function faultOf(command: WriteCommand): string | null {
  const keyBytes = Buffer.byteLength(command.key)
  if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX)
    return `the key has ${keyBytes} bytes, 1 to ${KEY_BYTES_MAX} are allowed`
  // Two of them would become one key in UTF-8.
  if (!command.key.isWellFormed()) return 'the key has half a surrogate pair'
  if (!Number.isSafeInteger(command.at) || command.at < 0) return `${command.at} is no time`
  if (command.op === 'delete') return null
  if (!command.type.isWellFormed()) return 'the type has half a surrogate pair'
  const typeBytes = Buffer.byteLength(command.type)
  return typeBytes <= TYPE_BYTES_MAX ? null : `the type has ${typeBytes} bytes, ${TYPE_BYTES_MAX} are allowed`
}

function bodyBytes(commands: readonly WriteCommand[]): number {
  let sum = 0
  for (const command of commands) if (command.op === 'put') sum += command.body.length
  return sum
}
