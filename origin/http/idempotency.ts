// `Idempotency-Key` of a write: by which scope its record is found, and what makes its content that of another request.

import { hash } from 'node:crypto'
import type { Condition, Idempotency } from '../../replicator/store/command.ts'
import type { BareRequest } from '../../router/call.ts'
import type { MintedKey } from '../../router/minted.ts'
import { isIdempotencyKey } from '../../router/operation.ts'
import { IDEMPOTENCY_KEY, scopeText, tokenOf } from '../../router/scope.ts'

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

/** The key of a write's record. */
export const scopeOf = (token: string, method: string, target: string, key: string): string =>
  `c${digest(scopeText(token, method, target, key))}`

function fingerprintOf({ type, body, conditions }: Content): string {
  return digest(`${digest(body)} ${JSON.stringify([type, conditions])}`)
}

const digest = (data: string | Uint8Array): string => hash('sha256', data, 'hex').slice(0, HASH_CHARS)
