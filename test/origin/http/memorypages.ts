// Lists over the rows in memory; the feed is told by a store's log, which there is none of here.
import type { FeedPage, Pages, PartAnswer } from '../../../origin/http/ports.ts'
import type { Gone, ListPage } from '../../../origin/scan/question.ts'
import { shardOf } from '../../../router/hash.ts'
import type { Listing } from '../../../router/listing.ts'
import { lineOf } from '../../../router/part.ts'
import type { ShardName } from '../../../router/words.ts'
import type { Rows } from './pair.ts'

export class MemoryPages implements Pages {
  readonly #rows: Rows

  constructor(rows: Rows) {
    this.#rows = rows
  }

  async list(shard: ShardName, { collection, prefix, after, limit }: Listing): Promise<PartAnswer<ListPage>> {
    const start = `${collection}/`
    const ids = [...this.#rows.keys()]
      .filter(key => key.startsWith(start + prefix) && shardOf(key) === shard)
      .map(key => key.slice(start.length))
      .filter(id => after === null || Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0)
      .sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
    const lines = ids.slice(0, limit).map(id => lineOf(id, JSON.stringify({ id })))
    return { kind: 'list', seen: 0, stepped: ids.length, more: ids.length > limit, lines: lines.join('\n') }
  }

  async changes(): Promise<PartAnswer<FeedPage | Gone>> {
    return { kind: 'gone', seen: 0, why: 'There is no log here.' }
  }
}
