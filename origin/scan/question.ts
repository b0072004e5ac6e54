// What the event loop asks of a shard's scanning thread, and what comes back: pages as text, ready to be sent.
import type { ShardCursor } from '../../router/changes.ts'
import type { Listing } from '../../router/listing.ts'
import type { ShardName } from '../../router/words.ts'

export type ListQuestion = Listing

export type ChangesQuestion = {
  readonly kind: 'changes'
  readonly collection: string | null
  readonly limit: number
  readonly from: ShardCursor | 'oldest' | 'now'
  /** nothing of entries beyond this one; null: up to the newest */
  readonly upTo: number | null
}

export type Question = ListQuestion | ChangesQuestion

/** `seen`: answer only once this entry is committed. `stepped`: rows that were read for it. */
export type ListPage = {
  readonly kind: 'list'
  readonly seen: number
  readonly stepped: number
  readonly more: boolean
  /** see router/part.ts */
  readonly lines: string
}

export type ChangesPage = {
  readonly kind: 'changes'
  readonly seen: number
  readonly stepped: number
  readonly begin: ShardCursor
  readonly end: ShardCursor
  readonly more: boolean
  readonly lines: string
}

/** The cursor names no place in this log: it was compacted, or is of another history. */
export type Gone = { readonly kind: 'gone'; readonly seen: number; readonly why: string }
/** The cursor is beyond what may be shown here yet. */
export type Ahead = { readonly kind: 'ahead' }

export type ChangesAnswer = ChangesPage | Gone | Ahead
export type ScanAnswer = ListPage | ChangesAnswer

export type ScanCall =
  | { readonly op: 'ask'; readonly question: Question }
  /** another file is the database now */
  | { readonly op: 'reopen' }
  | { readonly op: 'close' }

export type ScanReply = ScanAnswer | { readonly kind: 'failed'; readonly message: string }

export type ScanPlace = { readonly dataDir: string; readonly shard: ShardName }
