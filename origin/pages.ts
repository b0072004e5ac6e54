// Lists and the feed behind the gate: a page is of one moment of the shard's log, and is answered once that moment is
// committed and the lease still holds.
import type { Replicator } from '../replicator/replicator.ts'
import type { Changes } from '../router/changes.ts'
import type { Listing } from '../router/listing.ts'
import type { ShardName } from '../router/words.ts'
import type { GuardedDocuments } from './documents.ts'
import type { FeedPage, Misdirected, Pages, PartAnswer } from './http/ports.ts'
import type { Gone, ListPage } from './scan/question.ts'
import type { Scans } from './scan/scans.ts'

export type PageParts = {
  readonly replicator: Pick<Replicator, 'state' | 'serves' | 'view'>
  readonly gate: Pick<GuardedDocuments, 'answerable'>
  readonly scans: (shard: ShardName) => Scans
}

export class GuardedPages implements Pages {
  readonly #parts: PageParts

  constructor(parts: PageParts) {
    this.#parts = parts
  }

  async list(shard: ShardName, listing: Listing): Promise<PartAnswer<ListPage>> {
    const { replicator, gate, scans } = this.#parts
    if (replicator.serves(shard) === null) return this.#misdirected()
    const page = await scans(shard).list(listing)
    if (page.kind === 'overloaded') return page
    return (await gate.answerable(shard, page.seen)) ? page : this.#misdirected()
  }

  async changes(shard: ShardName, changes: Changes): Promise<PartAnswer<FeedPage | Gone>> {
    const { replicator, gate, scans } = this.#parts
    const lineage = replicator.state.record?.lineage
    if (replicator.serves(shard) === null || lineage === undefined) return this.#misdirected()
    const { since, collection, limit } = changes
    if (since.kind === 'cursor' && since.lineage !== lineage) {
      const why = 'It is of another history: the pair was restored from a backup.'
      return (await gate.answerable(shard, 0)) ? { kind: 'gone', seen: 0, why } : this.#misdirected()
    }
    const from = since.kind === 'cursor' ? since.at[shard] : since.kind
    const page = await scans(shard).changes({ kind: 'changes', collection, limit, from, upTo: null })
    if (page.kind === 'overloaded') return page
    if (page.kind === 'ahead') throw new Error('nothing is ahead of the newest entry')
    if (!(await gate.answerable(shard, page.seen))) return this.#misdirected()
    return page.kind === 'gone' ? page : { ...page, kind: 'feed', lineage }
  }

  #misdirected(): Misdirected {
    return { kind: 'misdirected', view: this.#parts.replicator.view(), why: 'this origin does not serve the shard now' }
  }
}
