// One live stream: a place in both shards' histories that moves on as fast as its client reads. A client that is slow
// waits in the log, not in memory.
import type { Cursor, ShardCursor, Since } from '../../router/changes.ts'
import { changeEvent, HEARTBEAT_MS, heartbeat, OPENING } from '../../router/events.ts'
import { type ChangesPart, changeLine, mergeChanges } from '../../router/merge.ts'
import { readLines } from '../../router/part.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { ChangesPage } from '../scan/question.ts'
import { BATCH, BEGIN_MS } from './limits.ts'
import type { Source } from './source.ts'

export type Begun =
  | { readonly kind: 'begun'; readonly cursor: Cursor }
  | { readonly kind: 'gone'; readonly why: string }
  | { readonly kind: 'unready'; readonly why: string }

/** Where a stream begins in both shards; waits a moment where this copy cannot say yet. */
export async function begin(
  source: Source,
  since: Since,
  collection: string | null,
  signal: AbortSignal,
): Promise<Begun> {
  const { lineage } = source
  if (lineage === null) return { kind: 'unready', why: 'the register has not been read yet' }
  if (since.kind === 'cursor' && since.lineage !== lineage)
    return { kind: 'gone', why: 'It is of another history: the pair was restored from a backup.' }
  const end = performance.now() + BEGIN_MS
  for (;;) {
    const { turn } = source.pace
    const found: Partial<Record<ShardName, ShardCursor>> = {}
    for (const shard of SHARDS) {
      const from = since.kind === 'cursor' ? since.at[shard] : since.kind
      const page = await source.changes({ shard, from, collection })
      if (page.kind === 'gone') return page
      // a cursor that the other origin gave may be ahead of what is known here: for a beat, or while a takeover runs
      if (page.kind === 'changes') found[shard] = page.begin
    }
    if (found.s0 !== undefined && found.s1 !== undefined)
      return { kind: 'begun', cursor: { lineage, at: { s0: found.s0, s1: found.s1 } } }
    const left = end - performance.now()
    if (left <= 0 || signal.aborted) return { kind: 'unready', why: 'this copy does not know yet what is committed' }
    await source.pace.next(turn, left, signal)
  }
}

export class Stream {
  readonly #source: Source
  readonly #collection: string | null
  readonly #end: AbortSignal
  #cursor: Cursor
  #opened = false
  #said = performance.now()

  constructor(source: Source, cursor: Cursor, collection: string | null, end: AbortSignal) {
    this.#source = source
    this.#cursor = cursor
    this.#collection = collection
    this.#end = end
  }

  /** Text to be sent; waits until there is some. Null where the stream ends: its client comes back with its last id. */
  async next(): Promise<string | null> {
    if (!this.#opened) {
      this.#opened = true
      return OPENING + heartbeat(this.#cursor)
    }
    while (!this.#end.aborted && this.#source.whyNot() === null && this.#source.lineage === this.#cursor.lineage) {
      const { turn } = this.#source.pace
      const text = await this.#read()
      if (text === null) return null
      if (text !== '') {
        this.#said = performance.now()
        return text
      }
      const quietMs = this.#said + HEARTBEAT_MS - performance.now()
      if (quietMs <= 0) {
        this.#said = performance.now()
        return heartbeat(this.#cursor)
      }
      await this.#source.pace.next(turn, quietMs, this.#end)
    }
    return null
  }

  /** What is new, '' where nothing is, null where its place is gone. Goes past what is of no interest at once. */
  async #read(): Promise<string | null> {
    for (;;) {
      const [s0, s1] = await Promise.all(SHARDS.map(shard => this.#part(shard)))
      if (s0 === undefined || s1 === undefined || s0 === null || s1 === null) return null
      const merged = mergeChanges({ s0, s1 }, 2 * BATCH)
      if (merged === null) return null
      this.#cursor = merged.next
      if (merged.changes.length > 0) return merged.changes.map(({ item, cursor }) => changeEvent(item, cursor)).join('')
      if (!merged.more) return ''
    }
  }

  async #part(shard: ShardName): Promise<ChangesPart | null> {
    const { lineage, at } = this.#cursor
    const from = at[shard]
    const page = await this.#source.changes({ shard, from, collection: this.#collection })
    if (page.kind === 'gone') return null
    if (page.kind === 'changes') return { lineage, ...this.#linesOf(page) }
    return { lineage, begin: from, end: from, more: false, lines: [] }
  }

  #linesOf({ begin, end, more, lines }: ChangesPage): Omit<ChangesPart, 'lineage'> {
    return { begin, end, more, lines: readLines(lines).map(changeLine) }
  }
}
