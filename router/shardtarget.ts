// `/v1/_shards/{shard}/…`: a router asks one shard's primary for its part of a list or of the feed. Routers of the
// cluster alone may: for clients there is no such resource.
import { type Changes, changesQuery, parseChanges } from './changes.ts'
import { pathOf } from './key.ts'
import { type Listing, listingQuery, parseListing } from './listing.ts'
import { SHARDS, type ShardName } from './words.ts'

/** What both shards are asked, each for its part. */
export type Spread = Listing | Changes

const PART = /^\/v1\/_shards\/([a-z0-9]{2})\/([A-Za-z0-9-]{1,64}|_changes)$/

export const partTarget = (shard: ShardName, asked: Spread): string =>
  asked.kind === 'listing'
    ? `/v1/_shards/${shard}/${asked.collection}${listingQuery(asked)}`
    : `/v1/_shards/${shard}/_changes${changesQuery(asked)}`

/** Null where it is none; a text says what is wrong with it. */
export function parsePart(target: string): { readonly shard: ShardName; readonly asked: Spread } | string | null {
  const [, name, what] = PART.exec(pathOf(target)) ?? []
  const shard = SHARDS.find(each => each === name)
  if (shard === undefined || what === undefined) return null
  const asked = what === '_changes' ? parseChanges(target, null) : parseListing(what, target)
  return typeof asked === 'string' ? asked : { shard, asked }
}
