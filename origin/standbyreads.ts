// Strong reads of a shard whose primary is the other origin, from this one's copy and without a hop (TANDEM_READS=both). Under a read
// lease the copy lacks nothing that was acknowledged; what may yet vanish the primary is asked for, as ever.
import { lasting, readsHold } from '../replicator/core/copy.ts'
import type { Replicator } from '../replicator/replicator.ts'
import type { ShardName } from '../router/words.ts'
import type { ReadRow } from './documents.ts'
import type { Documents, Misdirected, ReadAnswer } from './http/ports.ts'

export type StandbyParts = {
  readonly replicator: Pick<Replicator, 'state'>
  readonly get: (shard: ShardName, key: string) => ReadRow
  /** monotonic milliseconds */
  readonly now: () => number
}

const ASK_THE_PRIMARY: Misdirected = { kind: 'misdirected', view: null, why: 'only the primary can answer for it now' }

export class StandbyReads implements Pick<Documents, 'read' | 'operation'> {
  readonly #parts: StandbyParts

  constructor(parts: StandbyParts) {
    this.#parts = parts
  }

  /** Whether it is worth a look. */
  may(shard: ShardName): boolean {
    const { replicator, now } = this.#parts
    return readsHold(replicator.state, shard, now())
  }

  /** Waits for nothing: an entry that is on its way is known to its primary sooner than here. */
  async read(shard: ShardName, key: string): Promise<ReadAnswer> {
    const row = this.#parts.get(shard, key)
    const upTo = lasting(this.#parts.replicator.state, shard)
    const stays = upTo !== null && (row.kind === 'found' ? row.index : row.seen) <= upTo
    // after the row: the process may have been stopped while it was read
    if (!stays || !this.may(shard)) return ASK_THE_PRIMARY
    return row.kind === 'missing' ? row : { kind: 'found', document: row }
  }

  /** What became of a write is asked for because it is not known: the primary may still be about to commit it. */
  async operation(): Promise<Misdirected> {
    return ASK_THE_PRIMARY
  }
}
