// The nouns that every part shares. One word per idea; ARCHITECTURE.md explains each.

export type OriginName = 'a' | 'b'
export type ShardName = 's0' | 's1'

export const ORIGINS: readonly OriginName[] = ['a', 'b']
export const SHARDS: readonly ShardName[] = ['s0', 's1']

const HOME: Readonly<Record<ShardName, OriginName>> = { s0: 'a', s1: 'b' }
const PEER: Readonly<Record<OriginName, OriginName>> = { a: 'b', b: 'a' }

/** The origin on which a shard lives in fair weather. */
export const homeOf = (shard: ShardName): OriginName => HOME[shard]

/** The other origin. */
export const peerOf = (name: OriginName): OriginName => PEER[name]
