// Reads from this host's own copies, without a hop: perhaps behind, but never of what may yet vanish. Where that cannot be
// promised the answer is `misdirected`, and the read goes the strong way.
import { behindMs } from '../replicator/core/copy.ts'
import type { Changes } from '../router/changes.ts'
import type { Listing } from '../router/listing.ts'
import type { ShardName } from '../router/words.ts'
import type { ReadRow } from './documents.ts'
import type { Documents, FeedPage, Misdirected, Pages, PartAnswer, ReadAnswer } from './http/ports.ts'
import { epochOf, untilLasting, type Watched } from './lasting.ts'
import type { Gone, ListPage } from './scan/question.ts'
import type { Scans } from './scan/scans.ts'

export type CopyParts = {
  readonly replicator: Watched
  readonly get: (shard: ShardName, key: string) => ReadRow
  readonly scans: (shard: ShardName) => Scans
  /** monotonic milliseconds */
  readonly now: () => number
}

const NOT_HERE: Misdirected = { kind: 'misdirected', view: null, why: 'this copy cannot answer for it now' }

export class Copies implements Pick<Documents, 'read' | 'operation'>, Pages {
  readonly #parts: CopyParts

  constructor(parts: CopyParts) {
    this.#parts = parts
  }

  /** See behindMs. */
  behindMs(shard: ShardName): number | null {
    return behindMs(this.#parts.replicator.state, shard, this.#parts.now())
  }

  async read(shard: ShardName, key: string): Promise<ReadAnswer> {
    const { replicator, get } = this.#parts
    const epoch = epochOf(replicator)
    const row = get(shard, key)
    if (!(await untilLasting(replicator, epoch, shard, row.kind === 'found' ? row.index : row.seen))) return NOT_HERE
    return row.kind === 'missing' ? row : { kind: 'found', document: row }
  }

  async list(shard: ShardName, listing: Listing): Promise<PartAnswer<ListPage>> {
    const { replicator, scans } = this.#parts
    const epoch = epochOf(replicator)
    const page = await scans(shard).list(listing)
    if (page.kind === 'overloaded') return page
    return (await untilLasting(replicator, epoch, shard, page.seen)) ? page : NOT_HERE
  }

  /** What became of a write is asked for because it is not known: a copy that is behind is no answer. */
  async operation(): Promise<Misdirected> {
    return NOT_HERE
  }

  /** A poll says what is new: here it would only be late. Streams read the copies themselves. */
  async changes(_shard: ShardName, _changes: Changes): Promise<PartAnswer<FeedPage | Gone>> {
    return NOT_HERE
  }
}
