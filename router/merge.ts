// Both shards' parts become one page: a list in the order of the ids' bytes, changes in the order of their times.
import { CURSOR_HASH_CHARS, type Cursor, cursorJson, readCursor, type ShardCursor } from './changes.ts'
import { compareBytes } from './order.ts'
import type { Line, Part } from './part.ts'
import type { ShardName } from './words.ts'

type Parts<P> = Readonly<Record<ShardName, P>>

/** What one shard has of a list; a page ends early where it is full, and then `more` is true. */
export type ListingPart = { readonly more: boolean; readonly lines: readonly IdLine[] }
type IdLine = { readonly id: string; readonly item: string }

export type MergedListing = { readonly items: readonly string[]; readonly next: string | null }

export function mergeListing({ s0, s1 }: Parts<ListingPart>, limit: number): MergedListing {
  // beyond the last id of a part that ended early, that shard may have ids which are not here
  const known = (id: string): boolean => [s0, s1].every(part => !part.more || compareBytes(id, lastOf(part)) <= 0)
  const items: string[] = []
  let next: string | null = null
  for (let i = 0, j = 0; items.length < limit; ) {
    const [x, y] = [s0.lines[i], s1.lines[j]]
    const first = x !== undefined && (y === undefined || compareBytes(x.id, y.id) < 0) ? x : y
    if (first === undefined || !known(first.id)) break
    if (first === x) i += 1
    else j += 1
    items.push(first.item)
    next = first.id
  }
  const all = s0.lines.length + s1.lines.length
  return { items, next: s0.more || s1.more || items.length < all ? next : null }
}

const lastOf = ({ lines }: ListingPart): string => lines.at(-1)?.id ?? ''

/** What one shard has of the feed, from `begin` to `end`; each line says where its change ends. */
export type ChangesPart = {
  readonly lineage: string
  readonly begin: ShardCursor
  readonly end: ShardCursor
  /** something committed was left for the next page */
  readonly more: boolean
  readonly lines: readonly ChangeLine[]
}
/** @property at wall-clock milliseconds */
export type ChangeLine = { readonly at: number; readonly cursor: ShardCursor; readonly item: string }

export type MergedChange = { readonly item: string; readonly cursor: Cursor }
export type MergedChanges = {
  readonly changes: readonly MergedChange[]
  readonly next: Cursor
  readonly more: boolean
}

/** Each shard keeps its own order, and so does each key. Null where the parts are of two lineages: a restore lies between. */
export function mergeChanges({ s0, s1 }: Parts<ChangesPart>, limit: number): MergedChanges | null {
  const { lineage } = s0
  if (s1.lineage !== lineage) return null
  const changes: MergedChange[] = []
  let at = { s0: s0.begin, s1: s1.begin }
  let [i, j] = [0, 0]
  while (changes.length < limit) {
    const [x, y] = [s0.lines[i], s1.lines[j]]
    const first = x !== undefined && (y === undefined || x.at <= y.at) ? x : y
    if (first === undefined) break
    if (first === x) i += 1
    else j += 1
    at = first === x ? { ...at, s0: first.cursor } : { ...at, s1: first.cursor }
    changes.push({ item: first.item, cursor: { lineage, at } })
  }
  const all = { s0: i === s0.lines.length, s1: j === s1.lines.length }
  // what was passed without an item, too
  const next = { s0: all.s0 ? s0.end : at.s0, s1: all.s1 ? s1.end : at.s1 }
  return { changes, next: { lineage, at: next }, more: s0.more || s1.more || !all.s0 || !all.s1 }
}

/** Throws where it is none. */
export function listingPart({ head, lines }: Part): ListingPart {
  return { more: flag(head, 'more'), lines: lines.map(({ mark, item }) => ({ id: String(mark), item })) }
}

/** Throws where it is none. */
export function changesPart({ head, lines }: Part): ChangesPart {
  return {
    lineage: String(member(head, 'lineage')),
    begin: cursorOf(member(head, 'begin')),
    end: cursorOf(member(head, 'end')),
    more: flag(head, 'more'),
    lines: lines.map(changeLine),
  }
}

export function changeLine({ mark, item }: Line): ChangeLine {
  const [at, cursor]: unknown[] = Array.isArray(mark) ? mark : []
  return { at: Number(at), cursor: cursorOf(cursor), item }
}

export const changesHead = ({ lineage, begin, end, more }: Omit<ChangesPart, 'lines'>): unknown => ({
  lineage,
  begin: cursorJson(begin),
  end: cursorJson(end),
  more,
})

function cursorOf(value: unknown): ShardCursor {
  const cursor = readCursor(value)
  if (cursor === null) throw new TypeError(`a part names no cursor with ${CURSOR_HASH_CHARS} digits`)
  return cursor
}

const member = (head: unknown, name: string): unknown =>
  typeof head === 'object' && head !== null ? Reflect.get(head, name) : undefined

const flag = (head: unknown, name: string): boolean => member(head, name) === true
