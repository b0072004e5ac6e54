// What the HTTP side needs of the rest of an origin.
import type { Position } from '../../replicator/entry/position.ts'
import type { WriteCommand } from '../../replicator/store/command.ts'
import type { Done, WriteOutcome } from '../../replicator/store/outcome.ts'
import type { Aimed } from '../../router/aimed.ts'
import type { Changes } from '../../router/changes.ts'
import type { Listing } from '../../router/listing.ts'
import type { View } from '../../router/view.ts'
import type { ShardName } from '../../router/words.ts'
import type { ChangesPage, Gone, ListPage } from '../scan/question.ts'

export type Durability = 'mirrored' | 'solo'

export type Document = {
  readonly body: Uint8Array
  readonly type: string
  /** as it stands in `ETag`, quotes included; conditions name tags in the same way, never weak ones */
  readonly etag: string
  /** wall-clock milliseconds */
  readonly modified: number
  /** wall-clock milliseconds; null is never */
  readonly expires: number | null
}

/** The gate refused before anything took effect: safe to ask again, here or elsewhere. */
export type Misdirected = { readonly kind: 'misdirected'; readonly view: View | null; readonly why: string }

export type ReadAnswer =
  | { readonly kind: 'found'; readonly document: Document }
  | { readonly kind: 'missing' }
  | Misdirected

export type WriteAnswer =
  /** `reign`: the epoch in which it began */
  | {
      readonly kind: 'outcome'
      readonly outcome: WriteOutcome
      readonly durability: Durability
      readonly reign: number
    }
  | Misdirected
  /** may or may not have taken effect: the primary lost its reign while the write was under way */
  | { readonly kind: 'unknown'; readonly why: string; readonly reign: number }
  /** did not take effect: disk trouble, or the pair is solo and configured to refuse */
  | { readonly kind: 'unavailable'; readonly why: string }
  /** it asked for two disks and there is one; `earlier`: the same write took effect before */
  | { readonly kind: 'solo'; readonly earlier: boolean }

export type OperationAnswer =
  | { readonly kind: 'done'; readonly done: Done }
  | { readonly kind: 'missing' }
  | Misdirected

/** One origin's documents, behind the gate: every answer is committed and within the lease when it is given. */
export interface Documents {
  read(shard: ShardName, key: string): Promise<ReadAnswer>
  /**
   * @param aimed refused as misdirected by a reign that began after that epoch
   * @param least not done where less can be had, as far as that is known before
   */
  write(shard: ShardName, command: WriteCommand, aimed: Aimed, least?: Durability): Promise<WriteAnswer>
  /** What the write of this scope did, once it is committed. */
  operation(shard: ShardName, scope: string): Promise<OperationAnswer>
}

export type PartAnswer<Page> =
  | Page
  | Misdirected
  /** more questions wait than can be answered in time */
  | { readonly kind: 'overloaded' }

/** A shard's changes, with the lineage that they belong to. */
export type FeedPage = Omit<ChangesPage, 'kind'> & { readonly kind: 'feed'; readonly lineage: string }

/** One shard's parts of lists and of the feed, behind the gate as documents are. */
export interface Pages {
  list(shard: ShardName, listing: Listing): Promise<PartAnswer<ListPage>>
  changes(shard: ShardName, changes: Changes): Promise<PartAnswer<FeedPage | Gone>>
}

export type { Where, Whereabouts } from '../../router/whereabouts.ts'

export type ShardDigest = {
  readonly shard: ShardName
  readonly position: Position
  /** documents, and idempotency records: the hash is over both */
  readonly rows: number
  readonly records: number
  readonly sha256: string
}
