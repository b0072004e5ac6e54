// Group commit: many commands, one transaction, one fsync, one entry.
import { ENTRY_BYTES_EMPTY, encodeEntry, type Op, opBytes, positionAfter } from '../../replicator/entry/codec.ts'
import { ENTRY_BYTES_MAX, KEY_BYTES_MAX, OPS_MAX, TYPE_BYTES_MAX } from '../../replicator/entry/limits.ts'
import type { Position } from '../../replicator/entry/position.ts'
import { NEVER } from '../../replicator/entry/row.ts'
import {
  bodyBytesOf,
  type Change,
  type Check,
  type Create,
  type Idempotency,
  type WriteCommand,
} from '../../replicator/store/command.ts'
import type { WriteOutcome } from '../../replicator/store/outcome.ts'
import type { LoggedEntry, WriteResult } from '../../replicator/store/shardstore.ts'
import type { Database } from './database.ts'
import { type Judged, judge } from './judge.ts'
import { GROWN_BYTES_UNLOOKED } from './limits.ts'
import { expire, isOutdated, recordOp, repeatOf } from './once.ts'
import type { StoredRow } from './rows.ts'
import { begin, CommitFailed, isDiskTrouble, isUnreadable, messageOf, sqliteCode } from './sqlite.ts'

type Group = {
  readonly epoch: number
  readonly index: number
  readonly ops: Op[]
  bytes: number
  /** the row that was looked at last, while it is as it was then */
  seen: Seen | null
  readonly look: (key: string) => StoredRow | null
}
type Seen = { readonly key: string; readonly row: StoredRow | null }

/**
 * Throws CommitFailed, or an error that is no answer of SQLite's: both end the process.
 * @param prepared see ShardStore.write; its bytes are the caller's from then on
 */
export function writeGroup(
  database: Database,
  epoch: number,
  commands: readonly WriteCommand[],
  prepared: (entry: LoggedEntry) => void = () => {},
): WriteResult<Position> {
  if (epoch < database.fence) {
    return { kind: 'refused', reason: 'fenced', detail: `epoch ${epoch} is over, ${database.fence} has begun` }
  }
  const brought = bodyBytes(commands)
  const low = database.diskLow(brought)
  if (low !== null) return { kind: 'refused', reason: 'disk', detail: low }
  const { history, db } = database
  const look = (key: string): StoredRow | null => {
    const row = database.rows.read(key)
    group.seen = { key, row }
    return row
  }
  const group: Group = { epoch, index: history.last.index + 1, ops: [], bytes: ENTRY_BYTES_EMPTY, seen: null, look }
  try {
    begin(db)
    const outcomes = commands.map(command => decide(database, group, command))
    // Patched documents may be far longer than their patches.
    const lower = group.bytes > brought + GROWN_BYTES_UNLOOKED ? database.diskLow(group.bytes) : null
    if (lower !== null) {
      database.abandon()
      return { kind: 'refused', reason: 'disk', detail: lower }
    }
    if (group.ops.length > 0) expire(database, group, Math.max(...commands.map(command => command.at)))
    const entry = group.ops.length === 0 ? null : log(database, group)
    if (entry === null) database.abandon()
    else database.commit('write', () => prepared(entry))
    return { kind: 'done', outcomes, entry: entry?.position ?? null, seen: history.last.index }
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

function decide(database: Database, group: Group, command: WriteCommand): WriteOutcome {
  const fault = faultOf(command)
  if (fault !== null) return { kind: 'failed', reason: fault }
  const { epoch, index, ops } = group
  group.seen = null
  try {
    const judged = judge(command, group.look, { epoch, index, n: ops.length })
    const changes = judged.kind === 'change' && judged.ops.length > 0
    const repeat = judgeRepeat(database, command, changes)
    if (repeat !== null) return repeat
    return judged.kind === 'refusal' ? judged.outcome : take(database, group, command, judged)
  } catch (error) {
    // After SQLITE_FULL there is no transaction any more, and what follows would commit one by one: give up the group.
    if (!database.db.isTransaction || isDiskTrouble(error)) throw error
    if (sqliteCode(error) === null && !isUnreadable(error)) throw error
    return { kind: 'failed', reason: messageOf(error) }
  }
}

/**
 * A repeat goes before every refusal, which its own first run may be the reason of. Where there is none, a router's key
 * is not looked for: nearly all are new, and the table says it where one is not (see `take`).
 */
function judgeRepeat(database: Database, { idem, at }: WriteCommand, changes: boolean): WriteOutcome | null {
  if (idem === undefined) return null
  const outdated = isOutdated(database, idem, at)
  if (idem.kind === 'minted' && changes && !outdated) return null
  return keptFor(database, idem) ?? (outdated ? { kind: 'outdated' } : null)
}

const keptFor = ({ records }: Database, idem: Idempotency): WriteOutcome | null =>
  repeatOf(scope => records.read(scope), idem)

/** Nothing of a command that failed half-way remains: it has a savepoint of its own, and its record is in it. */
function take(
  database: Database,
  group: Group,
  { idem }: WriteCommand,
  { ops, outcome }: Judged & { readonly kind: 'change' },
): WriteOutcome {
  // A transaction of checks alone changes nothing, and decides anew when it comes again.
  if (ops.length === 0) return outcome
  const { records, db } = database
  const { epoch, index } = group
  const n = group.ops.length
  const record = idem === undefined || outcome.kind === 'expired' ? null : recordOp(idem, outcome, n, ops.length)
  let bytes = group.bytes + (record === null ? 0 : opBytes(record))
  for (const op of ops) bytes += opBytes(op)
  if (bytes > ENTRY_BYTES_MAX || n + ops.length + 1 > OPS_MAX) return { kind: 'failed', reason: 'the group is full' }
  database.savepoint()
  try {
    if (idem !== undefined && record !== null && !records.insert({ key: idem.scope, epoch, index, ...record.newRow })) {
      database.rollbackToSavepoint()
      return keptFor(database, idem) ?? { kind: 'failed', reason: `the record ${idem.scope} came and went` }
    }
    let place = n
    for (const op of ops) change(database, group, op, place++)
    database.release()
  } catch (error) {
    if (db.isTransaction) database.rollbackToSavepoint()
    throw error
  }
  group.ops.push(...ops)
  if (record !== null) group.ops.push(record)
  group.bytes = bytes
  return outcome
}

/** A lone change is made of the row that it was judged by; a transaction looks again, for it may have changed it itself. */
function change({ rows }: Database, group: Group, op: Op, n: number): void {
  const { epoch, index, seen } = group
  const old = seen?.key === op.key ? seen.row : rows.read(op.key)
  group.seen = null
  rows.keepOld(index, n, op.key, old)
  if (op.newRow !== null) rows.put({ key: op.key, epoch, index, ...op.newRow }, old)
  else if (old !== null) rows.remove(old)
}

/** What the HTTP side should have refused; here it must not break a whole group. */
function faultOf(command: WriteCommand): string | null {
  if (!isTime(command.at)) return `${command.at} is no time`
  if (command.idem !== undefined && !isScope(command.idem.scope)) return 'the scope of its idempotency is malformed'
  switch (command.op) {
    case 'tx':
      return firstFault(command.ops, faultOfChange)
    case 'expire':
      return firstFault(command.keys, faultOfKey)
    default:
      return faultOfChange(command)
  }
}

function firstFault<T>(parts: readonly T[], fault: (part: T) => string | null): string | null {
  for (const part of parts) {
    const found = fault(part)
    if (found !== null) return found
  }
  return null
}

function faultOfChange(change: Change | Create | Check): string | null {
  const fault = faultOfKey(change.key)
  if (fault !== null || (change.op !== 'put' && change.op !== 'create')) return fault
  if (change.expires !== null && (!isTime(change.expires) || change.expires === NEVER))
    return `${change.expires} is no time to expire`
  if (!change.type.isWellFormed()) return 'the type has half a surrogate pair'
  const typeBytes = Buffer.byteLength(change.type)
  return typeBytes <= TYPE_BYTES_MAX ? null : `the type has ${typeBytes} bytes, ${TYPE_BYTES_MAX} are allowed`
}

function faultOfKey(key: string): string | null {
  const bytes = Buffer.byteLength(key)
  if (bytes === 0 || bytes > KEY_BYTES_MAX) return `the key has ${bytes} bytes, 1 to ${KEY_BYTES_MAX} are allowed`
  // Two of them would become one key in UTF-8.
  return key.isWellFormed() ? null : 'the key has half a surrogate pair'
}

const isTime = (at: number): boolean => Number.isSafeInteger(at) && at >= 0

const isScope = (scope: string): boolean => /^[cm][\x21-\x7e]{1,127}$/.test(scope)

/** What its commands bring; a patched document is only known once it was judged. */
function bodyBytes(commands: readonly WriteCommand[]): number {
  let sum = 0
  for (const command of commands) sum += bodyBytesOf(command)
  return sum
}
