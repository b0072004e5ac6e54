// What live streams are fed from: this host's copies of both shards, as far as their history will stay. Pages are shared
// between the streams that are level, which ask the same.
import { lasting } from '../../replicator/core/copy.ts'
import { isFit, isMember } from '../../replicator/core/state.ts'
import type { Replicator } from '../../replicator/replicator.ts'
import type { ShardCursor } from '../../router/changes.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import { epochOf, untilLasting } from '../lasting.ts'
import type { ChangesAnswer, ChangesQuestion } from '../scan/question.ts'
import type { Overloaded, Scans } from '../scan/scans.ts'
import { BATCH, SHARED_MAX, UNHEARD_MS } from './limits.ts'
import { Pace } from './pace.ts'

export type SourceParts = {
  readonly replicator: Pick<Replicator, 'state' | 'serves' | 'onChange' | 'advanced'>
  readonly scans: (shard: ShardName) => Pick<Scans, 'changes'>
  /** monotonic milliseconds */
  readonly now: () => number
}

export type Ask = {
  readonly shard: ShardName
  readonly from: ShardCursor | 'oldest' | 'now'
  readonly collection: string | null
}

export class Source {
  readonly #parts: SourceParts
  readonly #shared = new Map<string, Promise<ChangesAnswer | Overloaded>>()
  readonly #unlisten: readonly (() => void)[]
  readonly pace = new Pace(() => this.#shared.clear())
  /** since when a shard's primary has not been heard of, or null */
  #unheardSince: number | null = null

  constructor(parts: SourceParts) {
    this.#parts = parts
    const { replicator } = parts
    this.#unlisten = [
      replicator.advanced.add(() => this.pace.moved()),
      // membership, a leave, another lineage: streams look whether they may go on
      replicator.onChange(() => this.pace.moved()),
    ]
  }

  get lineage(): string | null {
    return this.#parts.replicator.state.record?.lineage ?? null
  }

  /** Why this origin cannot say what happens in the pair, or null while it can. Looked at by every stream, with each wake. */
  whyNot(): string | null {
    const { replicator, now } = this.#parts
    const s = replicator.state
    if (s.leaving || s.identity.drained) return 'this origin is leaving'
    if (!isMember(s) || s.replaced) return 'this origin is no member of the pair now'
    if (!isFit(s)) return 'this copy differs from its primary'
    const heard = s.peer !== null || SHARDS.every(shard => replicator.serves(shard) !== null)
    if (heard) this.#unheardSince = null
    else this.#unheardSince ??= now()
    const unheard = this.#unheardSince !== null && now() - this.#unheardSince > UNHEARD_MS
    return unheard ? 'the primary of a shard does not answer' : null
  }

  /** Rejects with what the disk says. */
  async changes({ shard, from, collection }: Ask): Promise<ChangesAnswer | Overloaded> {
    const { replicator } = this.#parts
    const upTo = lasting(replicator.state, shard)
    if (upTo === null) return { kind: 'ahead' }
    const question: ChangesQuestion = { kind: 'changes', collection, limit: BATCH, from, upTo }
    const name = `${shard} ${JSON.stringify(question)}`
    const shared = this.#shared.get(name)
    if (shared !== undefined) return shared
    if (this.#shared.size >= SHARED_MAX) this.#shared.clear()
    const page = this.#lasting(question, shard)
    this.#shared.set(name, page)
    return page
  }

  /** A walk looks at all rows, those of the newest entries too: they are waited for. */
  async #lasting(question: ChangesQuestion, shard: ShardName): Promise<ChangesAnswer | Overloaded> {
    const { replicator, scans } = this.#parts
    const epoch = epochOf(replicator)
    const page = await scans(shard).changes(question)
    if (page.kind !== 'changes' || (await untilLasting(replicator, epoch, shard, page.seen))) return page
    return { kind: 'ahead' }
  }

  close(): void {
    for (const unlisten of this.#unlisten) unlisten()
    this.pace.close()
  }
}
