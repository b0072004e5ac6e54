// Where a transaction goes: its keys must lie together, which is so where they share one `{tag}` or are one key. What its
// operations are is the origin's to judge.
import { hashed, shardOf } from './hash.ts'
import { parseKey } from './key.ts'
import type { ProblemName } from './problem.ts'
import type { ShardName } from './words.ts'

export type TransactionResource = { readonly kind: 'transaction' }

export const TRANSACTION = '/v1/_tx'

export type Placed =
  | { readonly kind: 'placed'; readonly shard: ShardName; readonly collections: readonly string[] }
  | { readonly kind: 'refused'; readonly name: ProblemName; readonly detail: string }

const refused = (name: ProblemName, detail: string): Placed => ({ kind: 'refused', name, detail })

export function placeTransaction(body: Uint8Array): Placed {
  const keys = keysIn(body)
  if (keys === null)
    return refused('bad-request', 'The body is JSON: {"ops": […]}, each operation with a "key": "collection/id".')
  let place: string | null = null
  const collections = new Set<string>()
  for (const key of keys) {
    const parsed = parseKey(key)
    if (parsed.kind === 'invalid') return refused('invalid-key', `${JSON.stringify(key)}: ${parsed.detail}`)
    const own = placeOf(key)
    if (place !== null && own !== place)
      return refused('cross-shard', 'All keys of a transaction share one {tag} in their ids, or are one key.')
    place = own
    collections.add(parsed.collection)
  }
  const [first] = keys
  if (first === undefined) return refused('bad-request', 'A transaction has at least one operation.')
  return { kind: 'placed', shard: shardOf(first), collections: [...collections] }
}

/** Without a tag a key lies together with itself alone. */
function placeOf(key: string): string {
  const tag = hashed(key)
  return tag === key ? `key ${key}` : `tag ${tag}`
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function keysIn(body: Uint8Array): readonly string[] | null {
  const json = parsed(body)
  if (typeof json !== 'object' || json === null || !('ops' in json) || !Array.isArray(json.ops)) return null
  const keys: string[] = []
  for (const op of json.ops) {
    if (typeof op !== 'object' || op === null || !('key' in op) || typeof op.key !== 'string') return null
    keys.push(op.key)
  }
  return keys
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body))
  } catch (error) {
    // what is no UTF-8 is a TypeError, what is no JSON a SyntaxError
    if (error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}
