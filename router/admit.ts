// The one place that says which resources and methods exist. Both the public side and the forwarded side ask here.
import { type Framing, framingOf } from './body.ts'
import type { BareRequest } from './call.ts'
import { type Changes, parseChanges } from './changes.ts'
import { wantsEvents } from './events.ts'
import { shardOf } from './hash.ts'
import { type CollectionResource, type DocumentResource, parseTarget, pathOf, pathOfDocument } from './key.ts'
import { parseListing } from './listing.ts'
import { type OperationResource, parseOperation } from './operation.ts'
import { forWrite, type ProblemFields, type ProblemName, problem } from './problem.ts'
import { IDEMPOTENCY_KEY, scopeText, shardOfScope, tokenOf } from './scope.ts'
import { parseShardTarget, type ShardTarget } from './shardtarget.ts'
import { CHANGES, type Spread } from './spread.ts'
import { TRANSACTION, type TransactionResource } from './transaction.ts'
import type { ShardName } from './words.ts'

/** Longest body that is taken, unless configured otherwise. */
export const BODY_BYTES_MAX = 1024 * 1024

export const DOCUMENT_METHODS = 'GET, HEAD, PUT, PATCH, DELETE'
const DOCUMENT_METHOD_SET: ReadonlySet<string> = new Set(DOCUMENT_METHODS.split(', '))
const OPERATION_METHODS = 'GET, HEAD'
const COLLECTION_METHODS = 'GET, HEAD, POST'
const CHANGES_METHODS = 'GET, HEAD'
const TRANSACTION_METHODS = 'POST'

/** What a request is about, once it is known which shard has it. */
export type PlacedResource =
  | DocumentResource
  | CollectionResource
  | OperationResource
  | TransactionResource
  /** one shard's part of it */
  | Spread

export type Admission =
  /** `target`: as the request is sent on */
  | {
      readonly kind: 'admitted'
      readonly target: string
      readonly resource: PlacedResource
      readonly shard: ShardName
      readonly framing: Framing
    }
  /** its body says which shard it is for */
  | { readonly kind: 'transaction'; readonly framing: Framing }
  /** any shard may have it: each is asked */
  | { readonly kind: 'anywhere'; readonly resource: OperationResource; readonly shards: readonly ShardName[] }
  /** both shards have a part in the answer */
  | { readonly kind: 'spread'; readonly asked: Spread }
  /** the feed, live */
  | { readonly kind: 'follow'; readonly asked: Changes }
  | { readonly kind: 'refused'; readonly response: Response }

export type Doorkeeping = {
  readonly bodyBytesMax: number
  /** a router of this cluster asks: what routers make of clients' requests exists for them alone */
  readonly fromRouter: boolean
  /** an id for a document whose client leaves it to the service */
  readonly newId: () => string
}

/** Judges a request by its head alone: nothing of the body has been read. */
export function admit(request: BareRequest, target: string, doorkeeping: Doorkeeping): Admission {
  const { method } = request
  const { bodyBytesMax, fromRouter, newId } = doorkeeping
  const refused = (name: ProblemName, fields: ProblemFields): Admission => ({
    kind: 'refused',
    response: problem(name, { instance: target, ...forWrite(method, 'no', false), ...fields }),
  })
  const notAllowed = (allow: string): Admission => refused('method-not-allowed', { headers: { Allow: allow } })
  const framed = (admit: (framing: Framing) => Admission): Admission => {
    const framing = framingOf(request)
    if (framing === null) return refused('bad-request', { detail: 'Content-Length is not a number.' })
    if (framing.kind === 'sized' && framing.length > bodyBytesMax)
      return refused('payload-too-large', tooLarge(bodyBytesMax))
    return admit(framing)
  }

  const isRead = method === 'GET' || method === 'HEAD'
  const resource = parseTarget(target)
  switch (resource.kind) {
    case 'invalid':
      return refused('invalid-key', { detail: resource.detail })
    case 'outside':
      return refused('not-found', {})
    case 'reserved':
      return reserved()
    case 'collection': {
      if (isRead) return spread(parseListing(resource.collection, target))
      if (method !== 'POST') return notAllowed(COLLECTION_METHODS)
      const key = request.headers.get(IDEMPOTENCY_KEY)
      if (key === null) return framed(framing => created(resource, framing))
      // a repeat must meet the record of the first, through whatever router it comes
      const shard = shardOfScope(scopeText(tokenOf(request), method, target, key))
      return framed(framing => ({ kind: 'admitted', target, resource, shard, framing }))
    }
    case 'document': {
      const known = DOCUMENT_METHOD_SET.has(method) || (fromRouter && method === 'POST')
      if (!known) return notAllowed(DOCUMENT_METHODS)
      return framed(framing => ({ kind: 'admitted', target, resource, shard: shardOf(resource.key), framing }))
    }
  }

  /** POST with no key: the first router chooses the id, so that its own second try is about the same document. */
  function created({ collection }: CollectionResource, framing: Framing): Admission {
    const id = newId()
    const key = `${collection}/${id}`
    const query = target.slice(pathOf(target).length)
    return {
      kind: 'admitted',
      target: pathOfDocument(collection, id) + query,
      resource: { kind: 'document', collection, id, key },
      shard: shardOf(key),
      framing,
    }
  }

  function reserved(): Admission {
    if (pathOf(target) === CHANGES) return changes()
    if (pathOf(target) === TRANSACTION) {
      if (method !== 'POST') return notAllowed(TRANSACTION_METHODS)
      return framed(framing => ({ kind: 'transaction', framing }))
    }
    const inner = fromRouter ? parseShardTarget(target) : null
    const part = inner === null ? null : partOf(inner)
    if (part !== null) return part
    const operation = parseOperation(inner?.target ?? target, tokenOf(request))
    if (operation === null) return refused('not-found', {})
    if (typeof operation === 'string') return refused('bad-request', { detail: operation })
    if (!isRead) return notAllowed(OPERATION_METHODS)
    const { resource, shards } = operation
    const [only] = inner === null ? shards : [inner.shard]
    if (only === undefined || (inner === null && shards.length > 1)) return { kind: 'anywhere', resource, shards }
    return { kind: 'admitted', target, resource, shard: only, framing: { kind: 'none' } }
  }

  function changes(): Admission {
    if (!isRead) return notAllowed(CHANGES_METHODS)
    const live = method === 'GET' && wantsEvents(request)
    const asked = parseChanges(target, live ? request.headers.get('last-event-id') : null)
    return live && typeof asked !== 'string' ? { kind: 'follow', asked } : spread(asked)
  }

  function spread(asked: Spread | string): Admission {
    return typeof asked === 'string' ? refused('bad-request', { detail: asked }) : { kind: 'spread', asked }
  }

  /** Routers ask each shard for its part, and merge the parts themselves. */
  function partOf(inner: ShardTarget): Admission | null {
    const about = parseTarget(inner.target)
    const isFeed = pathOf(inner.target) === CHANGES
    if (!isFeed && about.kind !== 'collection') return null
    if (method !== 'GET') return notAllowed('GET')
    const asked =
      about.kind === 'collection' ? parseListing(about.collection, inner.target) : parseChanges(inner.target, null)
    if (typeof asked === 'string') return refused('bad-request', { detail: asked })
    return { kind: 'admitted', target, resource: asked, shard: inner.shard, framing: { kind: 'none' } }
  }
}

export const tooLarge = (bodyBytesMax: number): ProblemFields => ({
  detail: `A body may have up to ${bodyBytesMax} bytes.`,
  more: { limit: bodyBytesMax },
})
