// The one place that says which resources and methods exist. Both the public side and the forwarded side ask here.
import { type Framing, framingOf } from './body.ts'
import type { BareRequest } from './call.ts'
import { shardOf } from './hash.ts'
import { type DocumentResource, parseTarget } from './key.ts'
import { type OperationResource, parseOperation } from './operation.ts'
import { forWrite, type ProblemFields, type ProblemName, problem } from './problem.ts'
import type { ShardName } from './words.ts'

/** Longest body that is taken, unless configured otherwise. */
export const BODY_BYTES_MAX = 1024 * 1024

export const DOCUMENT_METHODS = 'GET, HEAD, PUT, DELETE'
const DOCUMENT_METHOD_SET: ReadonlySet<string> = new Set(DOCUMENT_METHODS.split(', '))
const OPERATION_METHODS = 'GET, HEAD'
/** Lists and POST are not served: a collection answers to nothing. */
const COLLECTION_METHODS = ''

export type Admission =
  | {
      readonly kind: 'admitted'
      readonly resource: DocumentResource | OperationResource
      readonly shard: ShardName
      readonly framing: Framing
    }
  | { readonly kind: 'refused'; readonly response: Response }

/** Judges a request by its head alone: nothing of the body has been read. */
export function admit(request: BareRequest, target: string, bodyBytesMax: number): Admission {
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
  if (resource.kind === 'outside' || resource.kind === 'reserved') return refused('not-found', {})
  if (resource.kind === 'collection') return refused('method-not-allowed', { headers: { Allow: COLLECTION_METHODS } })
  if (!DOCUMENT_METHOD_SET.has(method)) return refused('method-not-allowed', { headers: { Allow: DOCUMENT_METHODS } })
  const framing = framingOf(request)
  if (framing === null) return refused('bad-request', { detail: 'Content-Length is not a number.' })
  if (framing.kind === 'sized' && framing.length > bodyBytesMax)
    return refused('payload-too-large', tooLarge(bodyBytesMax))
  return { kind: 'admitted', resource, shard: shardOf(resource.key), framing }
}

export const tooLarge = (bodyBytesMax: number): ProblemFields => ({
  detail: `A body may have up to ${bodyBytesMax} bytes.`,
  more: { limit: bodyBytesMax },
})
