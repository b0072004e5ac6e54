// `/v1/_shards/{shard}/…`: what `/v1/…` is, asked of one shard. Routers ask so where an answer takes both shards; a client's
// request of that form is for nothing that exists.
import { SHARDS, type ShardName } from './words.ts'

const PREFIX = '/v1/_shards/'

export const targetOfShard = (shard: ShardName, target: string): string =>
  `${PREFIX}${shard}${target.slice('/v1'.length)}`

export type ShardTarget = { readonly shard: ShardName; readonly target: string }

/** Null where the target is of another form. */
export function parseShardTarget(target: string): ShardTarget | null {
  if (!target.startsWith(PREFIX)) return null
  const shard = SHARDS.find(name => target.startsWith(`${PREFIX}${name}/`))
  return shard === undefined ? null : { shard, target: `/v1${target.slice(PREFIX.length + shard.length)}` }
}

/** What the client asked for. */
export const outerTarget = (target: string): string => parseShardTarget(target)?.target ?? target
