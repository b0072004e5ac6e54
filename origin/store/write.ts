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
import type { Done, LoggedEntry, WriteCommand, WriteOutcome, WriteResult } from '../../replicator/store/shardstore.ts'
import { conditionHolds } from './conditions.ts'
import type { Database } from './database.ts'
import { expire, isOutdated, recordOp, repeatOf } from './once.ts'
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
    if (group.ops.length > 0) expire(database, group, Math.max(...commands.map(command => command.at)))
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
    const refusal = refusalOf(command, old)
    const repeat = judgeRepeat(database, command, refusal !== null)
    if (repeat !== null) return repeat
    return refusal ?? take(database, group, command, old)
  } catch (error) {
    // After SQLITE_FULL there is no transaction any more, and what follows would commit one by one: give up the group.
    if (!database.db.isTransaction || isDiskTrouble(error)) throw error
    if (sqliteCode(error) === null && !isUnreadable(error)) throw error
    return { kind: 'failed', reason: messageOf(error) }
  }
}

function refusalOf(command: WriteCommand, old: StoredRow | null): WriteOutcome | null {
  // RFC 9110 13.2.1: what would be 404 without its conditions is 404 with them.
  if (old === null && command.op === 'delete') return { kind: 'missing' }
  const etag = old === null ? null : etagOf(old.epoch, old.index, old.n)
  for (const condition of command.conditions) {
    if (!conditionHolds(condition, etag)) return { kind: 'preconditionFailed', etag }
  }
  return null
}

/**
 * A repeat goes before every refusal, which its own first run may be the reason of. Where there is none, a router's key
 * is not looked for: nearly all are new, and the table says it where one is not (see `take`).
 */
function judgeRepeat(database: Database, { idem, at }: WriteCommand, refused: boolean): WriteOutcome | null {
  if (idem === undefined) return null
  const outdated = isOutdated(database, idem, at)
  if (idem.kind === 'minted' && !refused && !outdated) return null
  return repeatOf(database, idem) ?? (outdated ? { kind: 'outdated' } : null)
}

/** Nothing of a command that failed half-way remains: it has a savepoint of its own, and its record is in it. */
function take(database: Database, group: Group, command: WriteCommand, old: StoredRow | null): WriteOutcome {
  const { rows, records, db } = database
  const { epoch, index } = group
  const { idem } = command
  const n = group.ops.length
  const op = opOf(command, old, n)
  const kind: Done['kind'] = op.newRow === null ? 'deleted' : old === null ? 'created' : 'replaced'
  const record = idem === undefined ? null : recordOp(idem, kind, n, command.at)
  const bytes = group.bytes + opBytes(op) + (record === null ? 0 : opBytes(record))
  if (bytes > ENTRY_BYTES_MAX || n + 2 > OPS_MAX) return { kind: 'failed', reason: 'the group is full' }
  database.savepoint()
  try {
    if (idem !== undefined && record?.newRow && !records.insert({ key: idem.scope, epoch, index, ...record.newRow })) {
      database.rollbackToSavepoint()
      return repeatOf(database, idem) ?? { kind: 'failed', reason: `the record ${idem.scope} came and went` }
    }
    rows.keepOld(index, n, op.key, old)
    if (op.newRow !== null) rows.put({ key: op.key, epoch, index, ...op.newRow }, old)
    else if (old !== null) rows.remove(old)
    database.release()
  } catch (error) {
    if (db.isTransaction) database.rollbackToSavepoint()
    throw error
  }
  group.ops.push(op)
  if (record !== null) group.ops.push(record)
  group.bytes = bytes
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
  if (command.idem !== undefined && !isScope(command.idem.scope)) return 'the scope of its idempotency is malformed'
  if (command.op === 'delete') return null
  if (!command.type.isWellFormed()) return 'the type has half a surrogate pair'
  const typeBytes = Buffer.byteLength(command.type)
  return typeBytes <= TYPE_BYTES_MAX ? null : `the type has ${typeBytes} bytes, ${TYPE_BYTES_MAX} are allowed`
}

const isScope = (scope: string): boolean => /^[cm][\x21-\x7e]{1,127}$/.test(scope)

function bodyBytes(commands: readonly WriteCommand[]): number {
  let sum = 0
  for (const command of commands) if (command.op === 'put') sum += command.body.length
  return sum
}
