// What both shards have a part in: a list, the feed. The first router asks each primary for its part, under the target
// that the resource has for routers.
import { type Changes, changesQuery } from './changes.ts'
import { type Listing, listingQuery } from './listing.ts'
import { targetOfShard } from './shardtarget.ts'
import type { ShardName } from './words.ts'

export type Spread = Listing | Changes

export const CHANGES = '/v1/_changes'

export const targetOfPart = (shard: ShardName, asked: Spread): string =>
  targetOfShard(
    shard,
    asked.kind === 'listing' ? `/v1/${asked.collection}${listingQuery(asked)}` : CHANGES + changesQuery(asked),
  )
