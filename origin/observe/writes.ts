// Groups of writes: how many shared a transaction, and how long the other origin's disk took.
import type { ShardName } from '../../router/words.ts'
import { Buckets, SECONDS, WRITES } from './buckets.ts'

export class Writes {
  readonly sizes: Readonly<Record<ShardName, Buckets>> = { s0: new Buckets(WRITES), s1: new Buckets(WRITES) }
  readonly waits: Readonly<Record<ShardName, Buckets>> = { s0: new Buckets(SECONDS), s1: new Buckets(SECONDS) }

  observed(shard: ShardName, writes: number, waitedMs: number): void {
    this.sizes[shard].observe(writes)
    this.waits[shard].observe(waitedMs / 1000)
  }
}
