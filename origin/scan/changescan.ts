// A page of a shard's changes, read from its log, which the write path keeps anyway. Where the log no longer begins at the
// beginning, a newcomer first walks over the documents as they were at one entry, and then reads on from that entry.
import { decodeEntry, type Op, TABLE_DOCUMENTS } from '../../replicator/entry/codec.ts'
import type { Position } from '../../replicator/entry/position.ts'
import { etagOf } from '../../replicator/entry/row.ts'
import { CURSOR_HASH_CHARS, cursorJson, type ShardCursor } from '../../router/changes.ts'
import { afterAllOf, compareBytes } from '../../router/order.ts'
import { lineOf } from '../../router/part.ts'
import { readBase, readLast } from '../store/schema.ts'
import { blob, type Db, hashHex, int, type Statement, text } from '../store/sqlite.ts'
import { LOG_BYTES_MAX, LOOKED_MAX } from './limits.ts'
import type { ChangesAnswer, ChangesQuestion, Gone } from './question.ts'

export const ENTRIES = 'SELECT idx, epoch, hash, bytes FROM log WHERE idx >= ?1 AND idx <= ?2 ORDER BY idx'
export const HASH_AT = 'SELECT hash FROM log WHERE idx = ?'
export const WALK =
  'SELECT key, epoch, idx, n, modified FROM documents WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3'

/** Every key lies before it: collections are ASCII. */
const END = '\u{10ffff}'

type LogCursor = ShardCursor & { readonly kind: 'log' }
type WalkCursor = ShardCursor & { readonly kind: 'walk' }

export class ChangeScan {
  readonly #db: Db
  readonly #entries: Statement
  readonly #hashAt: Statement
  readonly #walk: Statement

  constructor(db: Db) {
    this.#db = db
    this.#entries = db.prepare(ENTRIES)
    this.#hashAt = db.prepare(HASH_AT)
    this.#walk = db.prepare(WALK)
  }

  /** In a transaction. */
  page(question: ChangesQuestion): ChangesAnswer {
    const last = readLast(this.#db).position
    const base = readBase(this.#db).position
    const bound = Math.min(last.index, question.upTo ?? last.index)
    const begin = this.#begin(question, base, bound)
    if ('why' in begin) return { ...begin, seen: last.index }
    if (begin.kind === 'ahead') return begin
    if (begin.kind === 'log') return this.#read(question, begin, bound)
    // A document whose removal may yet vanish is not among the rows: the page is of the newest entry, whatever the bound.
    return this.#over(question, begin, last.index)
  }

  #begin(
    { from, upTo }: ChangesQuestion,
    base: Position,
    bound: number,
  ): ShardCursor | Omit<Gone, 'seen'> | { kind: 'ahead' } {
    if (from === 'oldest' || from === 'now') {
      if (bound < base.index) return { kind: 'ahead' }
      const oldest = from === 'oldest' && base.index === 0
      const index = oldest ? 0 : bound
      const hash = this.#hash(index, base)
      if (hash === null) throw new Error(`the log has no entry ${index}`)
      if (from === 'now' || oldest) return { kind: 'log', index, hash, op: null }
      return { kind: 'walk', index, hash, after: '' }
    }
    if (from.index > bound)
      return upTo === null ? { kind: 'gone', why: 'It is of another history.' } : { kind: 'ahead' }
    const compacted = from.index < base.index || (from.index === base.index && from.kind === 'log' && from.op !== null)
    if (compacted) return { kind: 'gone', why: 'The changes after it are no longer kept.' }
    if (this.#hash(from.index, base) !== from.hash) return { kind: 'gone', why: 'It is of another history.' }
    return from
  }

  /** First digits of the hash of the history up to there. */
  #hash(index: number, base: Position): string | null {
    if (index === base.index) return base.hash.slice(0, CURSOR_HASH_CHARS)
    const row = this.#hashAt.get(index)
    return row === undefined ? null : hashHex(row.hash).slice(0, CURSOR_HASH_CHARS)
  }

  #read({ collection, limit }: ChangesQuestion, begin: LogCursor, bound: number): ChangesAnswer {
    const lines: string[] = []
    let end: LogCursor = begin
    let stepped = 0
    let looked = 0
    let bytes = 0
    const page = (more: boolean): ChangesAnswer => ({
      kind: 'changes',
      seen: end.index,
      stepped,
      begin,
      end,
      more,
      lines: lines.join('\n'),
    })
    for (const row of this.#entries.iterate(begin.op === null ? begin.index + 1 : begin.index, bound)) {
      stepped += 1
      const entry = blob(row.bytes)
      const [index, epoch] = [int(row.idx), int(row.epoch)]
      const hash = hashHex(row.hash).slice(0, CURSOR_HASH_CHARS)
      const passed = index === begin.index ? (begin.op ?? 0) : 0
      for (const change of changesIn(entry, index, passed, collection)) {
        end = { kind: 'log', index, hash, op: change.last ? null : change.n + 1 }
        const item = { key: change.op.key, op: change.kind, etag: etagOf(epoch, index, change.n), at: iso(change.at) }
        lines.push(lineOf([change.at, cursorJson(end)], JSON.stringify(item)))
        if (lines.length === limit) return page(end.op !== null || index < bound)
      }
      end = { kind: 'log', index, hash, op: null }
      bytes += entry.length
      looked += 1
      if (bytes >= LOG_BYTES_MAX || looked >= LOOKED_MAX) return page(index < bound)
    }
    return page(false)
  }

  /** Documents that were written later than the entry are left to the log: a key's changes come in their order. */
  #over({ collection, limit }: ChangesQuestion, begin: WalkCursor, seen: number): ChangesAnswer {
    const { index, hash } = begin
    const first = collection === null ? '' : `${collection}/`
    // nothing lies between a text and the same one with a zero behind it
    const from = compareBytes(begin.after, first) < 0 ? first : `${begin.after}\0`
    const to = afterAllOf(first) ?? END
    const lines: string[] = []
    let stepped = 0
    let end: ShardCursor = { kind: 'log', index, hash, op: null }
    for (const row of this.#walk.iterate(from, to, LOOKED_MAX)) {
      stepped += 1
      const key = text(row.key)
      const cursor: WalkCursor = { kind: 'walk', index, hash, after: key }
      if (int(row.idx) <= index) {
        const at = int(row.modified)
        const item = { key, op: 'put', etag: etagOf(int(row.epoch), int(row.idx), int(row.n)), at: iso(at) }
        lines.push(lineOf([at, cursorJson(cursor)], JSON.stringify(item)))
      }
      if (lines.length === limit || stepped === LOOKED_MAX) {
        end = cursor
        break
      }
    }
    const more = end.kind === 'walk' || index < seen
    return { kind: 'changes', seen, stepped, begin, end, more, lines: lines.join('\n') }
  }
}

type Found = {
  readonly n: number
  readonly op: Op
  readonly kind: 'put' | 'delete'
  readonly at: number
  readonly last: boolean
}

/** The documents' operations from number `from` on; idempotency records are nobody's business. */
function* changesIn(bytes: Uint8Array, index: number, from: number, collection: string | null): Generator<Found> {
  const decoded = decodeEntry(bytes)
  if (decoded.kind !== 'ok') throw new Error(`entry ${index} of the log is ${decoded.kind}: ${decoded.detail}`)
  const { ops } = decoded.entry
  const start = collection === null ? '' : `${collection}/`
  const newest = ops.findLastIndex(op => op.table === TABLE_DOCUMENTS)
  for (const [n, op] of ops.entries()) {
    if (n < from || op.table !== TABLE_DOCUMENTS || !op.key.startsWith(start)) continue
    const kind = op.newRow === null ? 'delete' : 'put'
    yield { n, op, kind, at: op.newRow === null ? op.at : op.newRow.modified, last: n === newest }
  }
}

const iso = (at: number): string => new Date(at).toISOString()
