// An idempotency record: what became of a write, found again by the scope of its key. In table and entry it is a row
// like a document's: key = scope, body = outcome and fingerprint, modified = the wall-clock time until which it is kept.
import type { Done } from '../store/shardstore.ts'
import { etagOf, type Row } from './row.ts'

/** First letters of scopes, so that both kinds lie apart in one table. The index of the schema names MINTED too. */
export const CLIENT = 'c'
export const MINTED = 'm'
/** A minted scope goes on with its time, 12 hex digits: its table is filled at one end and emptied at the other. */
const TIME_DIGITS = 12

export const isMinted = (scope: string): boolean => scope.startsWith(MINTED)

/** When a minted scope was made, in wall-clock milliseconds of its router; null where it has no such form. */
export function mintedAt(scope: string): number | null {
  const digits = scope.slice(1, 1 + TIME_DIGITS)
  return isMinted(scope) && /^[0-9a-f]{12}$/.test(digits) ? Number.parseInt(digits, 16) : null
}

export type Kept = { readonly done: Done; readonly fingerprint: string }

/** @param n the number of the write's operation in the entry that the record is in too: with it, its ETag */
export function recordBody(kind: Done['kind'], n: number, at: number, fingerprint: string): Uint8Array {
  return Buffer.from(`${kind} ${n} ${at} ${fingerprint}`, 'latin1')
}

const BODY = /^(created|replaced|deleted) ([0-9]{1,9}) ([0-9]{1,16}) ([0-9a-f]*)$/

/** Null where the row is no record of ours. */
export function readRecord(row: Pick<Row, 'epoch' | 'index' | 'body'>): Kept | null {
  const match = BODY.exec(Buffer.from(row.body.buffer, row.body.byteOffset, row.body.length).toString('latin1'))
  const kind = KINDS.find(each => each === match?.[1])
  if (match === null || kind === undefined) return null
  const done = { kind, etag: etagOf(row.epoch, row.index, Number(match[2])), modified: Number(match[3]) }
  return { done, fingerprint: match[4] ?? '' }
}

const KINDS: readonly Done['kind'][] = ['created', 'replaced', 'deleted']
