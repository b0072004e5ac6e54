// `Idempotency-Key` of a write: by which scope its record is found, and what makes its content that of another request.

import { hash } from 'node:crypto'
import type { Condition, Done, Idempotency } from '../../replicator/store/shardstore.ts'
import type { BareRequest } from '../../router/call.ts'
import { parseTarget, pathOf, pathOfDocument } from '../../router/key.ts'
import type { MintedKey } from '../../router/minted.ts'
import { isIdempotencyKey } from '../../router/operation.ts'

export const IDEMPOTENCY_KEY = 'idempotency-key'
export const REPLAYED = 'Idempotency-Replayed'
/** 128 bits: nobody finds two requests with one scope. */
const HASH_CHARS = 32

export type Content = { readonly type: string; readonly body: Uint8Array; readonly conditions: readonly Condition[] }

export type ParsedIdempotency =
  | { readonly kind: 'parsed'; readonly idem: Idempotency | null }
  | { readonly kind: 'malformed'; readonly detail: string }

const NONE: ParsedIdempotency = { kind: 'parsed', idem: null }

/** The client's own key goes before a router's. */
export function idempotencyOf(
  request: BareRequest,
  target: string,
  minted: MintedKey | null,
  content: Content,
): ParsedIdempotency {
  const key = request.headers.get(IDEMPOTENCY_KEY)
  if (key === null) return minted === null ? NONE : { kind: 'parsed', idem: { kind: 'minted', ...minted } }
  // two such headers are joined by a space, and so refused too
  if (!isIdempotencyKey(key))
    return { kind: 'malformed', detail: 'Idempotency-Key is 1 to 255 visible ASCII characters, once.' }
  const scope = scopeOf(tokenOf(request), request.method, target, key)
  return { kind: 'parsed', idem: { kind: 'client', scope, fingerprint: fingerprintOf(content) } }
}

export const tokenOf = (request: BareRequest): string => request.headers.get('authorization') ?? ''

/** One document is one target, however it was spelled. */
export function scopeOf(token: string, method: string, target: string, key: string): string {
  const resource = parseTarget(target)
  const canonical =
    resource.kind === 'document'
      ? pathOfDocument(resource.collection, resource.id) + target.slice(pathOf(target).length)
      : target
  // no two lists of texts have the same JSON
  return `c${digest(JSON.stringify([token, method, canonical, key]))}`
}

function fingerprintOf({ type, body, conditions }: Content): string {
  return digest(`${digest(body)} ${JSON.stringify([type, conditions])}`)
}

const digest = (data: string | Uint8Array): string => hash('sha256', data, 'hex').slice(0, HASH_CHARS)

export const statusOf = (done: Done): 200 | 201 | 204 =>
  done.kind === 'created' ? 201 : done.kind === 'replaced' ? 200 : 204
