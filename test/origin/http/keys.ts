// Keys that are at home where a test needs them.
import { shardOf } from '../../../router/hash.ts'
import type { ShardName } from '../../../router/words.ts'

/** The n-th id of collection `c` that lies in this shard. */
export function idIn(shard: ShardName, n = 0): string {
  let seen = 0
  for (let i = 0; ; i++) {
    if (shardOf(`c/id${i}`) === shard && seen++ === n) return `id${i}`
  }
}

export const pathIn = (shard: ShardName, n = 0): string => `/v1/c/${idIn(shard, n)}`
