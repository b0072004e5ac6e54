// Standby: takes the primary's entries in sequence, each only onto the very rows that it was made on (I4).
import {
  decodeEntry,
  type Entry,
  type Op,
  peekEntry,
  positionAfter,
  TABLE_RECORDS,
} from '../../replicator/entry/codec.ts'
import { NO_ROW_HASH, type Row, rowHash } from '../../replicator/entry/row.ts'
import type { ApplyOutcome } from '../../replicator/store/shardstore.ts'
import type { Database } from './database.ts'
import { begin, CommitFailed, isUnreadable, messageOf, sqliteCode } from './sqlite.ts'

type Refused = Extract<ApplyOutcome, { kind: 'refused' }>
type Refusal = Pick<Refused, 'index' | 'reason' | 'detail'>
type Step =
  | { readonly kind: 'applied'; readonly epoch: number }
  | { readonly kind: 'repeat' }
  | ({ readonly kind: 'refused' } & Refusal)

/** One transaction and one fsync for all; entries before a bad one are kept. Throws as writeGroup does. */
export function applyEntries(database: Database, entries: readonly Uint8Array[]): ApplyOutcome {
  const { history, db } = database
  const refuse = (refusal: Refusal): ApplyOutcome => ({ kind: 'refused', last: history.last, ...refusal })
  const low = database.diskLow(entries.reduce((sum, bytes) => sum + bytes.length, 0))
  if (low !== null) return refuse({ index: history.last.index + 1, reason: 'disk', detail: low })
  try {
    begin(db)
    let epoch = 0
    let refused: Refusal | null = null
    for (const bytes of entries) {
      const step = applyOne(database, bytes)
      if (step.kind === 'applied') epoch = step.epoch
      if (step.kind !== 'refused') continue
      refused = { index: step.index, reason: step.reason, detail: step.detail }
      break
    }
    if (epoch === 0) database.abandon()
    else database.commit('apply')
    database.raiseFence(epoch)
    return refused === null ? { kind: 'applied', last: history.last } : refuse(refused)
  } catch (error) {
    if (error instanceof CommitFailed || sqliteCode(error) === null) throw error
    database.abandon()
    return refuse({ index: history.last.index + 1, reason: 'disk', detail: messageOf(error) })
  }
}

/** Position first (a repeat is no drift), then length and checksum, then versions, then the old rows. */
function applyOne(database: Database, bytes: Uint8Array): Step {
  const { history, place } = database
  const { last } = history
  const refused = (index: number, reason: Refused['reason'], detail: string): Step => ({
    kind: 'refused',
    index,
    reason,
    detail,
  })
  const peeked = peekEntry(bytes)
  if (peeked.kind !== 'ok') return refused(last.index + 1, peeked.kind, peeked.detail)
  const { shard, epoch, index, previousHash } = peeked.head
  if (shard !== place.shard) return refused(index, 'sequence', `an entry of shard ${shard} came to ${place.shard}`)
  if (index <= last.index) {
    if (isRepeat(database, index, previousHash, bytes)) return { kind: 'repeat' }
    return refused(index, 'sequence', `entry ${index} is here already, of another history`)
  }
  if (index !== last.index + 1 || previousHash !== last.hash || epoch < last.epoch) {
    const detail = `entry ${epoch}.${index} after ${previousHash} does not follow ${last.epoch}.${last.index} ${last.hash}`
    return refused(index, 'sequence', detail)
  }
  const decoded = decodeEntry(bytes)
  if (decoded.kind !== 'ok') return refused(index, decoded.kind, decoded.detail)
  const drift = onto(database, decoded.entry)
  if (drift !== null) return refused(index, 'drift', drift)
  history.append(positionAfter(last.hash, bytes), bytes)
  database.release()
  return { kind: 'applied', epoch }
}

/** Older than the log goes back, there is nothing to compare with and nothing to do either. */
function isRepeat({ history }: Database, index: number, previousHash: string, bytes: Uint8Array): boolean {
  if (index <= history.base.index) return true
  return history.positionAt(index)?.hash === positionAfter(previousHash, bytes).hash
}

/** Changes the rows within a savepoint that stays open; null where every old row was as the primary had it. */
function onto(database: Database, entry: Entry): string | null {
  const { rows } = database
  const { epoch, index } = entry
  database.savepoint()
  for (const [n, op] of entry.ops.entries()) {
    const drift = (what: string): string => {
      database.rollbackToSavepoint()
      return `operation ${n} on ${JSON.stringify(op.key)}: ${what}`
    }
    if (op.table === TABLE_RECORDS) {
      const trouble = ontoRecord(database, epoch, index, n, op)
      if (trouble !== null) return drift(trouble)
      continue
    }
    const old = readOld(database.rows, op.key)
    if (typeof old === 'string') return drift(old)
    const hash = old === null ? NO_ROW_HASH : rowHash(old)
    if (hash !== op.oldHash) return drift(`the old row is ${hash}, the primary's was ${op.oldHash}`)
    rows.keepOld(index, n, op.key, old)
    if (op.newRow !== null) rows.put({ key: op.key, epoch, index, ...op.newRow }, old)
    else if (old !== null) rows.remove(old)
  }
  return null
}

/** A record is made and removed, never changed; routers' own go in runs, see `falling`. Null where it was as the primary had it. */
function ontoRecord({ rows, records }: Database, epoch: number, index: number, n: number, op: Op): string | null {
  const { key, oldHash, newRow } = op
  if (newRow !== null) {
    if (oldHash !== NO_ROW_HASH) return 'an idempotency record would be changed'
    return records.insert({ key, epoch, index, ...newRow }) ? null : 'the idempotency record is here already'
  }
  const old = readOld({ read: scope => records.falling(scope) }, key)
  if (typeof old === 'string') return old
  const hash = old === null ? NO_ROW_HASH : rowHash(old)
  if (old === null || hash !== oldHash) return `the idempotency record is ${hash}, the primary's was ${oldHash}`
  rows.keepOld(index, n, key, old)
  records.forget(key)
  return null
}

/** A row that cannot even be read is not what was written. */
function readOld<R extends Row>(rows: { read(key: string): R | null }, key: string): R | null | string {
  try {
    return rows.read(key)
  } catch (error) {
    if (isUnreadable(error)) return messageOf(error)
    throw error
  }
}
