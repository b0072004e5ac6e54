// An idempotency record: what became of a write, found again by the scope of its key. In table and entry it is a row
// like a document's: key = scope, body = outcome and fingerprint, modified = the wall-clock time until which it is kept.
import type { Done } from '../store/outcome.ts'
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

/** @param n the number of the write's first operation in the entry that the record is in too: with it, its ETag */
export function recordBody(done: Done, n: number, fingerprint: string): Uint8Array {
  const rest = done.kind === 'placed' ? ` ${encodeURIComponent(done.key)}` : etagsOf(done)
  return Buffer.from(`${done.kind} ${n} ${done.modified} ${fingerprint}${rest}`, 'latin1')
}

const etagsOf = (done: Done): string =>
  done.kind === 'transacted' ? ` ${done.etags.map(etag => etag ?? NO_ETAG).join(',')}` : ''

/** In the place of an ETag, which has quotes. */
const NO_ETAG = '-'

const BODY = /^(created|replaced|deleted|placed|transacted) ([0-9]{1,9}) ([0-9]{1,16}) ([0-9a-f]*)(?: ([\x21-\x7e]+))?$/

/** Null where the row is no record of ours. */
export function readRecord(row: Pick<Row, 'epoch' | 'index' | 'body'>): Kept | null {
  const text = Buffer.from(row.body.buffer, row.body.byteOffset, row.body.length).toString('latin1')
  const [whole, kind, n, at, fingerprint = '', rest] = BODY.exec(text) ?? []
  if (whole === undefined) return null
  const modified = Number(at)
  const etag = etagOf(row.epoch, row.index, Number(n))
  const done = doneOf(kind, etag, modified, rest)
  return done === null ? null : { done, fingerprint }
}

function doneOf(kind: string | undefined, etag: string, modified: number, rest: string | undefined): Done | null {
  switch (kind) {
    case 'created':
    case 'replaced':
    case 'deleted':
      return rest === undefined ? { kind, etag, modified } : null
    case 'placed': {
      const key = rest === undefined ? null : decoded(rest)
      return key === null ? null : { kind, key, etag, modified }
    }
    case 'transacted': {
      const etags = rest?.split(',').map(each => (each === NO_ETAG ? null : each))
      return etags === undefined ? null : { kind, etags, modified }
    }
    default:
      return null
  }
}

function decoded(key: string): string | null {
  try {
    return decodeURIComponent(key)
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
