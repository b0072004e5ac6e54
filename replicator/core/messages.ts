// What the two origins say to each other over the link. JSON, parsed once on arrival; entries travel as binary frames.
import { z } from 'zod'
import { HASH_HEX_CHARS } from '../entry/position.ts'
import { recordSchema } from '../register/value.ts'
import { TAIL_MAX } from './limits.ts'

export const WIRE_VERSION = 1

const count = z.number().int().nonnegative()
const id = z.string().min(1).max(200)
const name = z.enum(['a', 'b'])
const shard = z.enum(['s0', 's1'])
export const positionSchema = z.object({ epoch: count, index: count, hash: z.string().length(HASH_HEX_CHARS) })

/** Who speaks: sent when a session begins and whenever one of these facts changes. */
const hello = z.object({
  type: z.literal('hello'),
  wire: count,
  name,
  lineage: id.nullable(),
  store: id,
  incarnation: id,
  /** has finished its own round at the register since it started */
  synced: z.boolean(),
  /** no entry was ever written to it */
  fresh: z.boolean(),
  drifted: z.array(shard),
  /** why it should not be made or kept a member, or null */
  unfit: z.string().max(500).nullable(),
  drained: z.boolean(),
  /** is about to exit: still a standby, but nothing moves to it */
  leaving: z.boolean(),
  /** a person asked for the reseed: the alarm of repeated reseeds does not hold it back */
  byHand: z.boolean(),
})

/**
 * Sent every heartbeat; a primary's beat asks for its lease, and a standby's for one for its reads of so many milliseconds (none:
 * it answers none). `committed` is said for the shards that the sender is primary of.
 */
const beat = z.object({
  type: z.literal('beat'),
  seq: count,
  epoch: count,
  leaseMs: count,
  readMs: count.default(0),
  committed: z.object({ s0: count.nullable(), s1: count.nullable() }),
})
/** `reads`: the sender commits nothing without the one who asked, for 1.3 times as long as that asked for. */
const grant = z.object({
  type: z.literal('grant'),
  seq: count,
  epoch: count,
  granted: z.boolean(),
  reads: z.boolean().default(false),
})
const decided = z.object({ type: z.literal('record'), record: recordSchema })
const ack = z.object({ type: z.literal('ack'), shard, position: positionSchema })
const refused = z.object({ type: z.literal('refused'), shard, index: count, reason: z.string().max(50) })
const askTail = z.object({ type: z.literal('askTail'), shard, query: count })
const tail = z.object({
  type: z.literal('tail'),
  shard,
  query: count,
  positions: z.array(positionSchema).min(1).max(TAIL_MAX),
})
/** The standby's log ends where the primary's has been, with the same history: it is the primary's log. */
const common = z.object({ type: z.literal('common'), shard, position: positionSchema })
const truncate = z.object({ type: z.literal('truncate'), shard, query: count, index: count })
const snapshot = z.object({
  type: z.literal('snapshot'),
  shard,
  query: count,
  position: positionSchema,
  bytes: count,
  sha256: z.string().length(64),
})
const failed = z.object({ type: z.literal('failed'), shard, query: count, why: z.string().max(500) })
const queueSeen = z.object({ type: z.literal('queueSeen'), nonce: id })

const message = z.discriminatedUnion('type', [
  hello,
  beat,
  grant,
  decided,
  ack,
  refused,
  askTail,
  tail,
  common,
  truncate,
  snapshot,
  failed,
  queueSeen,
])

export type LinkMessage = z.infer<typeof message>
export type Hello = z.infer<typeof hello>

/** Null for anything that is not a message of this wire version: the session is then dropped. */
export function parseMessage(payload: Uint8Array): LinkMessage | null {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return null
  }
  const parsed = message.safeParse(value)
  return parsed.success ? parsed.data : null
}
