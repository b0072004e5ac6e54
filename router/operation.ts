// `/v1/_ops/{idempotency-key}?method=&target=`: asks what became of a write. It is routed as the write itself was: its record
// lies there.
import { shardOf } from './hash.ts'
import { parseTarget, pathOf } from './key.ts'
import { scopeText, shardOfScope } from './scope.ts'
import { TRANSACTION } from './transaction.ts'
import { SHARDS, type ShardName } from './words.ts'

export type OperationResource = {
  readonly kind: 'operation'
  readonly idempotencyKey: string
  readonly method: string
  /** the write's own target */
  readonly about: string
}

/** `shards`: where the record may lie; of a transaction nothing but its body says it. */
export type Operation = { readonly resource: OperationResource; readonly shards: readonly ShardName[] }

export const OPERATIONS = '/v1/_ops/'
const DOCUMENT_WRITES: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE'])
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

export const isIdempotencyKey = (text: string): boolean => IDEMPOTENCY_KEY.test(text)

/**
 * Null where the target is no such question; a text says what is wrong with it.
 * @param token of who asks: only its own writes are told of
 */
export function parseOperation(target: string, token: string): Operation | string | null {
  const path = pathOf(target)
  if (!path.startsWith(OPERATIONS)) return null
  const idempotencyKey = decoded(path.slice(OPERATIONS.length))
  if (idempotencyKey === null || !isIdempotencyKey(idempotencyKey))
    return 'An idempotency key is 1 to 255 visible ASCII characters.'
  const query = new URLSearchParams(target.slice(path.length))
  const method = query.get('method')
  const about = query.get('target')
  if (method === null || (method !== 'POST' && !DOCUMENT_WRITES.has(method)))
    return 'The query must name the method of the write: PUT, PATCH, DELETE or POST.'
  const shards = about === null ? null : shardsOf(method, about, scopeText(token, method, about, idempotencyKey))
  if (about === null || shards === null)
    return 'The query must name the target of the write, percent-encoded: target=%2Fv1%2Fcollection%2Fid.'
  return { resource: { kind: 'operation', idempotencyKey, method, about }, shards }
}

function shardsOf(method: string, about: string, scope: string): readonly ShardName[] | null {
  if (method === 'POST' && pathOf(about) === TRANSACTION) return SHARDS
  const resource = parseTarget(about)
  if (method === 'POST') return resource.kind === 'collection' ? [shardOfScope(scope)] : null
  return resource.kind === 'document' ? [shardOf(resource.key)] : null
}

function decoded(raw: string): string | null {
  try {
    return decodeURIComponent(raw)
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
