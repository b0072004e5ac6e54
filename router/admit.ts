// The one place that says which resources and methods exist. Both the public side and the forwarded side ask here.
import { type Framing, framingOf } from './body.ts'
import { type Changes, parseChanges } from './changes.ts'
import { wantsEvents } from './events.ts'
import { shardOf } from './hash.ts'
import { type DocumentResource, parseTarget, pathOf } from './key.ts'
import { parseListing } from './listing.ts'
import { type OperationResource, parseOperation } from './operation.ts'
import { forWrite, type ProblemFields, type ProblemName, problem } from './problem.ts'
import { parsePart, type Spread } from './shardtarget.ts'
import type { ShardName } from './words.ts'

/** Longest body that is taken, unless configured otherwise. */
export const BODY_BYTES_MAX = 1024 * 1024

export const DOCUMENT_METHODS = 'GET, HEAD, PUT, DELETE'
const DOCUMENT_METHOD_SET: ReadonlySet<string> = new Set(DOCUMENT_METHODS.split(', '))
const OPERATION_METHODS = 'GET, HEAD'
const COLLECTION_METHODS = 'GET, HEAD'
const CHANGES = '/v1/_changes'
const CHANGES_METHODS = 'GET, HEAD'

export type Admission =
  | {
      readonly kind: 'admitted'
      readonly resource: DocumentResource | OperationResource | Spread
      readonly shard: ShardName
      readonly framing: Framing
    }
  /** both shards have a part in the answer */
  | { readonly kind: 'spread'; readonly asked: Spread }
  /** the feed, live */
  | { readonly kind: 'follow'; readonly asked: Changes }
  | { readonly kind: 'refused'; readonly response: Response }

/**
 * Judges a request by its head alone: nothing of the body has been read.
 * @param from who asks: some resources exist between routers of the cluster only
 */
export function admit(request: Request, target: string, bodyBytesMax: number, from: 'client' | 'router'): Admission {
  const { method } = request
  const refused = (name: ProblemName, fields: ProblemFields): Admission => ({
    kind: 'refused',
    response: problem(name, { instance: target, ...forWrite(method, 'no', false), ...fields }),
  })
  const resource = parseTarget(target)
  if (resource.kind === 'invalid') return refused('invalid-key', { detail: resource.detail })
  if (resource.kind === 'reserved') {
    const operation = parseOperation(target)
    if (typeof operation === 'string') return refused('bad-request', { detail: operation })
    if (operation !== null) {
      if (method !== 'GET' && method !== 'HEAD')
        return refused('method-not-allowed', { headers: { Allow: OPERATION_METHODS } })
      return { kind: 'admitted', resource: operation, shard: shardOf(operation.key), framing: { kind: 'none' } }
    }
  }
  if (resource.kind === 'reserved') {
    const part = from === 'router' && method === 'GET' ? parsePart(target) : null
    if (typeof part === 'string') return refused('bad-request', { detail: part })
    if (part !== null) return { kind: 'admitted', resource: part.asked, shard: part.shard, framing: { kind: 'none' } }
    if (pathOf(target) === CHANGES) return changes()
  }
  if (resource.kind === 'outside' || resource.kind === 'reserved') return refused('not-found', {})
  if (resource.kind === 'collection') {
    if (method !== 'GET' && method !== 'HEAD')
      return refused('method-not-allowed', { headers: { Allow: COLLECTION_METHODS } })
    const listing = parseListing(resource.collection, target)
    return typeof listing === 'string'
      ? refused('bad-request', { detail: listing })
      : { kind: 'spread', asked: listing }
  }
  if (!DOCUMENT_METHOD_SET.has(method)) return refused('method-not-allowed', { headers: { Allow: DOCUMENT_METHODS } })
  const framing = framingOf(request)
  if (framing === null) return refused('bad-request', { detail: 'Content-Length is not a number.' })
  if (framing.kind === 'sized' && framing.length > bodyBytesMax)
    return refused('payload-too-large', tooLarge(bodyBytesMax))
  return { kind: 'admitted', resource, shard: shardOf(resource.key), framing }

  function changes(): Admission {
    if (method !== 'GET' && method !== 'HEAD')
      return refused('method-not-allowed', { headers: { Allow: CHANGES_METHODS } })
    const live = method === 'GET' && wantsEvents(request)
    const asked = parseChanges(target, live ? request.headers.get('last-event-id') : null)
    if (typeof asked === 'string') return refused('bad-request', { detail: asked })
    return { kind: live ? 'follow' : 'spread', asked }
  }
}

export const tooLarge = (bodyBytesMax: number): ProblemFields => ({
  detail: `A body may have up to ${bodyBytesMax} bytes.`,
  more: { limit: bodyBytesMax },
})
