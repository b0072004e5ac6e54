// What a command does to the documents that its transaction sees, or why it does nothing. Pure: the writer over SQLite and the
// simulation's model of it both ask here.
import { type NewRow, type Op, TABLE_DOCUMENTS } from '../../replicator/entry/codec.ts'
import { etagOf, NO_ROW_HASH, type Row, rowHash } from '../../replicator/entry/row.ts'
import type {
  Change,
  Check,
  Condition,
  Create,
  Expire,
  Put,
  Transaction,
  WriteCommand,
} from '../../replicator/store/command.ts'
import type { Done, Expired, Refusal, WriteOutcome } from '../../replicator/store/outcome.ts'
import { patchedBytes } from '../json/patched.ts'
import { conditionHolds } from './conditions.ts'
import { TX_BYTES_MAX } from './limits.ts'

/** Where the entry stands that the operations will be in; `n` is the number of the first one. */
export type Place = { readonly epoch: number; readonly index: number; readonly n: number }

export type Judged =
  | { readonly kind: 'change'; readonly ops: readonly Op[]; readonly outcome: Done | Expired }
  | { readonly kind: 'refusal'; readonly outcome: WriteOutcome }

export type Look = (key: string) => Row | null

export function judge(command: WriteCommand, row: Look, place: Place): Judged {
  switch (command.op) {
    case 'tx':
      return judgeAll(command, row, place)
    case 'expire':
      return judgeDue(command, row)
    default:
      return judgeLone(command, row(command.key), place)
  }
}

function judgeLone(command: (Change | Create) & { readonly at: number }, old: Row | null, place: Place): Judged {
  const step = stepOf(command, old, place.n, command.at)
  if (step.kind !== 'op') return { kind: 'refusal', outcome: step }
  const etag = etagOf(place.epoch, place.index, place.n)
  const modified = command.at
  const done: Done =
    command.op === 'create'
      ? { kind: 'placed', key: command.key, etag, modified }
      : { kind: step.op.newRow === null ? 'deleted' : old === null ? 'created' : 'replaced', etag, modified }
  return { kind: 'change', ops: [step.op], outcome: done }
}

function judgeAll({ ops: asked, at }: Transaction & { readonly at: number }, row: Look, place: Place): Judged {
  const ops: Op[] = []
  let bytes = 0
  const changed = new Map<string, Row | null>()
  const now: Look = key => (changed.has(key) ? (changed.get(key) ?? null) : row(key))
  for (const [number, each] of asked.entries()) {
    const refused = (refusal: Refusal): Judged => ({
      kind: 'refusal',
      outcome: { kind: 'refused', op: number, refusal },
    })
    const n = place.n + ops.length
    const step = each.op === 'check' ? checked(each, now(each.key)) : stepOf(each, now(each.key), n, at)
    if (step === null) continue
    if (step.kind !== 'op') return refused(step)
    const { key, newRow } = step.op
    bytes += newRow?.body.length ?? 0
    if (bytes > TX_BYTES_MAX)
      return refused({ kind: 'tooLarge', detail: `A transaction writes up to ${TX_BYTES_MAX} bytes.` })
    changed.set(key, newRow === null ? null : { key, epoch: place.epoch, index: place.index, ...newRow })
    ops.push(step.op)
  }
  const done: Done = { kind: 'transacted', etags: asked.map(({ key }) => etagOfRow(now(key))), modified: at }
  return { kind: 'change', ops, outcome: done }
}

/** What was written again since, or deleted, stays as it is. */
function judgeDue({ keys, at }: Expire, row: Look): Judged {
  const ops: Op[] = []
  for (const key of keys) {
    const old = row(key)
    if (old === null || old.expires === null || old.expires > at) continue
    ops.push(deletion(old, at))
  }
  return { kind: 'change', ops, outcome: { kind: 'expired', count: ops.length } }
}

type Step = { readonly kind: 'op'; readonly op: Op } | Refusal

function stepOf(change: Change | Create, old: Row | null, n: number, at: number): Step {
  const failed = failedCondition(change.conditions, old)
  switch (change.op) {
    case 'create':
      if (old !== null) return { kind: 'exists' }
      return failed ?? brought(change, old, n, at)
    case 'put':
      return failed ?? brought(change, old, n, at)
    // RFC 9110 13.2.1: what would be 404 without its conditions is 404 with them.
    case 'delete':
      if (old === null) return { kind: 'missing' }
      return failed ?? { kind: 'op', op: deletion(old, at) }
    case 'patch': {
      if (old === null) return { kind: 'missing' }
      if (failed !== null) return failed
      const patched = patchedBytes(old, change)
      if (patched.kind !== 'patched') return patched
      return written(change.key, old, { type: old.type, body: patched.body, modified: at, expires: old.expires, n })
    }
  }
}

const brought = ({ key, type, body, expires }: Put | Create, old: Row | null, n: number, at: number): Step =>
  written(key, old, { type, body, modified: at, expires, n })

const written = (key: string, old: Row | null, newRow: NewRow): Step => ({
  kind: 'op',
  op: { table: TABLE_DOCUMENTS, key, oldHash: old === null ? NO_ROW_HASH : rowHash(old), newRow },
})

const deletion = (old: Row, at: number): Op => ({
  table: TABLE_DOCUMENTS,
  key: old.key,
  oldHash: rowHash(old),
  newRow: null,
  at,
})

const checked = ({ conditions }: Check, old: Row | null): Refusal | null => failedCondition(conditions, old)

function failedCondition(conditions: readonly Condition[], old: Row | null): Refusal | null {
  if (conditions.length === 0) return null
  const etag = etagOfRow(old)
  return conditions.every(condition => conditionHolds(condition, etag)) ? null : { kind: 'preconditionFailed', etag }
}

const etagOfRow = (row: Row | null): string | null => (row === null ? null : etagOf(row.epoch, row.index, row.n))
