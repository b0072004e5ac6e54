// `/v1/_ops/{idempotency-key}?method=&target=`: asks what became of a write. It is routed by the key of the document that
// the write was about, where its record lies too.
import { parseTarget, pathOf } from './key.ts'

export type OperationResource = {
  readonly kind: 'operation'
  readonly idempotencyKey: string
  readonly method: string
  /** the write's own target */
  readonly about: string
  /** of the document that it was about */
  readonly key: string
}

export const OPERATIONS = '/v1/_ops/'
/** Writes that keep a record. */
const METHODS: ReadonlySet<string> = new Set(['PUT', 'DELETE'])
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

export const isIdempotencyKey = (text: string): boolean => IDEMPOTENCY_KEY.test(text)

/** Null where the target is no such question; a text says what is wrong with it. */
export function parseOperation(target: string): OperationResource | string | null {
  const path = pathOf(target)
  if (!path.startsWith(OPERATIONS)) return null
  const idempotencyKey = decoded(path.slice(OPERATIONS.length))
  if (idempotencyKey === null || !isIdempotencyKey(idempotencyKey))
    return 'An idempotency key is 1 to 255 visible ASCII characters.'
  const query = new URLSearchParams(target.slice(path.length))
  const method = query.get('method')
  const about = query.get('target')
  if (method === null || !METHODS.has(method)) return 'The query must name the method of the write: PUT or DELETE.'
  const resource = about === null ? null : parseTarget(about)
  if (about === null || resource?.kind !== 'document')
    return 'The query must name the target of the write, percent-encoded: target=%2Fv1%2Fcollection%2Fid.'
  return { kind: 'operation', idempotencyKey, method, about, key: resource.key }
}

function decoded(raw: string): string | null {
  try {
    return decodeURIComponent(raw)
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
