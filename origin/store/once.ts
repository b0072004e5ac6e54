// Effects happen once (I7): the record of a write lies in the same savepoint and the same entry as its effect.
import { type NewRow, type Op, opBytes, TABLE_RECORDS } from '../../replicator/entry/codec.ts'
import { ENTRY_BYTES_MAX, OPS_MAX } from '../../replicator/entry/limits.ts'
import { readRecord, recordBody } from '../../replicator/entry/record.ts'
import { NO_ROW_HASH, type Row, rowHash } from '../../replicator/entry/row.ts'
import type { Idempotency } from '../../replicator/store/command.ts'
import type { Done, WriteOutcome } from '../../replicator/store/outcome.ts'
import type { Database } from './database.ts'
import { CLIENT_KEPT_MS, EXPIRED_A_GROUP, EXPIRY_LOOK_MS, MINTED_AHEAD_MS_MAX, MINTED_KEPT_MS } from './limits.ts'
import { isUnreadable } from './sqlite.ts'

/** What a repeat is answered with; null where the write has no record, and so did not take effect. */
export function repeatOf(record: (scope: string) => Row | null, idem: Idempotency): WriteOutcome | null {
  const row = record(idem.scope)
  if (row === null) return null
  const kept = readRecord(row)
  if (kept === null) return { kind: 'failed', reason: `the record ${idem.scope} is unreadable` }
  if (idem.kind === 'client' && kept.fingerprint !== idem.fingerprint) return { kind: 'mismatch' }
  return { kind: 'replayed', done: kept.done }
}

/**
 * Whether a router's key without a record might have had one: too old, or of a clock that is ahead (its record would
 * outlive its turn, and take the floor with it).
 */
export const isOutdated = ({ records }: Database, idem: Idempotency, at: number): boolean =>
  idem.kind === 'minted' &&
  (idem.mintedAt <= records.tally.floor ||
    idem.mintedAt < at - MINTED_KEPT_MS ||
    idem.mintedAt > at + MINTED_AHEAD_MS_MAX)

/** The operation that keeps what `count` operations from `n` on did; it is the next one of the entry. */
export function recordOp(idem: Idempotency, done: Done, n: number, count: number): Op & { readonly newRow: NewRow } {
  const fingerprint = idem.kind === 'client' ? idem.fingerprint : ''
  const modified = done.modified + (idem.kind === 'client' ? CLIENT_KEPT_MS : MINTED_KEPT_MS)
  const newRow = { type: '', body: recordBody(done, n, fingerprint), modified, expires: null, n: n + count }
  return { table: TABLE_RECORDS, key: idem.scope, oldHash: NO_ROW_HASH, newRow }
}

type Growing = { readonly epoch: number; readonly index: number; readonly ops: Op[]; bytes: number }

/**
 * Removes a few records that are due, as operations of the group's entry: so both copies lose them at the same place of
 * their history, at the price of no fsync. Only a primary decides it, by the clock of its writes.
 */
export function expire(database: Database, group: Growing, at: number): void {
  const { records, rows } = database
  for (const row of due(database, group.ops.length, at)) {
    const op: Op = { table: TABLE_RECORDS, key: row.key, oldHash: rowHash(row), newRow: null, at }
    if (group.ops.length === OPS_MAX || group.bytes + opBytes(op) > ENTRY_BYTES_MAX) return
    rows.keepOld(group.index, group.ops.length, row.key, row)
    records.forget(row.key)
    group.ops.push(op)
    group.bytes += opBytes(op)
  }
}

/** What goes with this group: one run of routers' records, and some of clients'. */
function due(database: Database, added: number, at: number): Row[] {
  const { records, place } = database
  const { tally } = records
  const overMinted = tally.minted - place.limits.mintedRecordsKept
  const overClient = tally.client - place.limits.clientRecordsKept
  if (overMinted <= 0 && overClient <= 0 && at < database.expiryLookAt) return []
  // More than a group adds, so that what is due shrinks under any load.
  const limit = EXPIRED_A_GROUP + added
  try {
    const upTo = records.dueRun(at, overMinted, limit)
    const run = upTo === null ? null : records.falling(upTo)
    const clients = records.oldestOfClients(limit).filter((row, n) => n < overClient || row.modified < at)
    database.expiryLookAt = run !== null || clients.length > 0 ? 0 : at + EXPIRY_LOOK_MS
    return run === null ? clients : [run, ...clients]
  } catch (error) {
    // A record that somebody damaged must not stop the writes: it stays, and the comparison of the copies shows it.
    if (isUnreadable(error)) return []
    throw error
  }
}
