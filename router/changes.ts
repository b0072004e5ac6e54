// `GET /v1/_changes`: from where on changes are asked for. A cursor is a place in the history of both shards; since it
// names the history by its hash, another one is noticed, on whichever origin it is shown.
import { fromOpaque, toOpaque } from './opaque.ts'
import { LIMIT_DETAIL, limitOf, queryOf, queryText } from './query.ts'
import { SHARDS, type ShardName } from './words.ts'

/** `index`, `hash`: an entry of the shard's log, and the first digits of the hash of the history up to it. */
export type ShardCursor =
  /** the first `op` operations of the entry have been passed; null: all of them */
  | { readonly kind: 'log'; readonly index: number; readonly hash: string; readonly op: number | null }
  /** documents with keys up to `after` have been passed, as they were at the entry; what came later is in the log */
  | { readonly kind: 'walk'; readonly index: number; readonly hash: string; readonly after: string }

export type Cursor = { readonly lineage: string; readonly at: Readonly<Record<ShardName, ShardCursor>> }

export type Since = { readonly kind: 'oldest' } | { readonly kind: 'now' } | ({ readonly kind: 'cursor' } & Cursor)

export type Changes = {
  readonly kind: 'changes'
  /** of these alone; null of all */
  readonly collection: string | null
  readonly limit: number
  readonly since: Since
}

/** Digits of a history's hash in a cursor: 64 bits. */
export const CURSOR_HASH_CHARS = 16
const HASH = /^[0-9a-f]{16}$/
const LINEAGE_CHARS_MAX = 128
/** collection, slash, id */
const KEY_CHARS_MAX = 577
const FORM = 'feed1'
const COLLECTION = /^[A-Za-z0-9-]{1,64}$/

/** A text says what is wrong with it. @param last what `Last-Event-ID` says: it goes before the query's own */
export function parseChanges(target: string, last: string | null): Changes | string {
  const query = queryOf(target)
  if (query.kind === 'invalid') return query.detail
  const limit = limitOf(query.get('limit'))
  if (limit === null) return LIMIT_DETAIL
  const collection = query.get('collection')
  if (collection !== null && !COLLECTION.test(collection)) return 'collection is the name of one collection.'
  const since = sinceOf(last ?? query.get('since'))
  if (since === null) return 'since is "now", or a cursor that this service gave.'
  return { kind: 'changes', collection, limit, since }
}

function sinceOf(text: string | null): Since | null {
  if (text === null || text === '') return { kind: 'oldest' }
  if (text === 'now') return { kind: 'now' }
  const cursor = decodeCursor(text)
  return cursor === null ? null : { kind: 'cursor', ...cursor }
}

export const sinceText = (since: Since): string | null =>
  since.kind === 'oldest' ? null : since.kind === 'now' ? 'now' : encodeCursor(since)

export const changesQuery = ({ collection, limit, since }: Changes): string =>
  queryText({ since: sinceText(since), collection, limit })

export const encodeCursor = ({ lineage, at }: Cursor): string =>
  toOpaque([FORM, lineage, ...SHARDS.map(shard => cursorJson(at[shard]))])

/** Null where it is none; never throws, whatever the text. */
export function decodeCursor(text: string): Cursor | null {
  const [form, lineage, first, second, ...more] = fromOpaque(text) ?? []
  if (form !== FORM || typeof lineage !== 'string' || lineage.length > LINEAGE_CHARS_MAX || more.length > 0) return null
  const [s0, s1] = [readCursor(first), readCursor(second)]
  return s0 === null || s1 === null ? null : { lineage, at: { s0, s1 } }
}

/** `[index, hash]`, and behind it a number of operations or a key. */
export const cursorJson = (cursor: ShardCursor): readonly unknown[] => {
  const { index, hash } = cursor
  if (cursor.kind === 'walk') return [index, hash, cursor.after]
  return cursor.op === null ? [index, hash] : [index, hash, cursor.op]
}

export function readCursor(value: unknown): ShardCursor | null {
  if (!Array.isArray(value)) return null
  const [index, hash, more, ...rest]: unknown[] = value
  if (!isCount(index) || typeof hash !== 'string' || !HASH.test(hash) || rest.length > 0) return null
  if (more === undefined) return value.length === 2 ? { kind: 'log', index, hash, op: null } : null
  if (isCount(more)) return { kind: 'log', index, hash, op: more }
  const isKey = typeof more === 'string' && more.length <= KEY_CHARS_MAX && more.isWellFormed()
  return isKey ? { kind: 'walk', index, hash, after: more } : null
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
