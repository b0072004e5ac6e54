// By what a repeat of a write under its client's key is recognised: one client, one method, one target, one key. A write that
// names no document of its own (POST to a collection) is routed by it too, so that its repeat meets its record.
import type { BareRequest } from './call.ts'
import { shardOfText } from './hash.ts'
import { parseTarget, pathOf, pathOfDocument } from './key.ts'
import type { ShardName } from './words.ts'

export const IDEMPOTENCY_KEY = 'idempotency-key'

/** Whose keys they are: those of one client mean nothing for another. A token is one token, however its scheme is spelled. */
export function tokenOf(request: Pick<BareRequest, 'headers'>): string {
  const header = request.headers.get('authorization')
  return header === null ? '' : (BEARER.exec(header)?.[1] ?? header)
}

const BEARER = /^Bearer +(\S+) *$/i

/** No two scopes have the same text: no two lists of texts have the same JSON. */
export const scopeText = (token: string, method: string, target: string, key: string): string =>
  JSON.stringify([token, method, canonical(target), key])

export const shardOfScope = (text: string): ShardName => shardOfText(text)

/** One resource is one target, however it was spelled. */
function canonical(target: string): string {
  const resource = parseTarget(target)
  const query = target.slice(pathOf(target).length)
  switch (resource.kind) {
    case 'document':
      return pathOfDocument(resource.collection, resource.id) + query
    case 'collection':
      return `/v1/${resource.collection}${query}`
    default:
      return target
  }
}
