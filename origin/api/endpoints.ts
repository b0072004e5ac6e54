// All endpoints, and what those below /v1 have in common.
import { type ProblemName, problemStatus } from '../../router/problem.ts'
import { COLLECTION_ENDPOINTS } from './collections.ts'
import { DOCUMENT_ENDPOINTS } from './documents.ts'
import type { Endpoint, PathParameters } from './endpoint.ts'
import { SERVICE_ENDPOINTS } from './service.ts'

const EVERYWHERE: readonly ProblemName[] = [
  'bad-request',
  'unauthorized',
  'forbidden',
  'rate-limited',
  'no-primary',
  'overloaded',
  'gateway-timeout',
]

const isBelowV1 = (path: string): boolean => path.startsWith('/v1/')

const complete = (endpoint: Endpoint): Endpoint => {
  if (!isBelowV1(endpoint.path)) return endpoint
  const key: readonly ProblemName[] = endpoint.path.includes('{collection}') ? ['invalid-key'] : []
  return { ...endpoint, problems: [...new Set([...key, ...EVERYWHERE, ...endpoint.problems])] }
}

export const ENDPOINTS: readonly Endpoint[] = [
  ...DOCUMENT_ENDPOINTS,
  ...COLLECTION_ENDPOINTS,
  ...SERVICE_ENDPOINTS,
].map(complete)

export const PATH_PARAMETERS: PathParameters = {
  collection: { text: 'A name for documents of one kind.', pattern: '^[A-Za-z0-9-]{1,64}$', example: 'notes' },
  id: {
    text: '1 to 512 bytes of UTF-8, percent-encoded; a `/` may stand as it is. Not starting with `_`, not `.` or `..`. Ids that share a `{tag}` lie in one shard.',
    pattern: '^[^_].*$',
    example: 'hello',
  },
  idempotencyKey: {
    text: 'As it was in `Idempotency-Key`, percent-encoded.',
    pattern: '^[\\x21-\\x7e]{1,255}$',
    example: 'k1',
  },
}

/** The problems of an endpoint by their status, in order. */
export function problemsByStatus(endpoint: Endpoint): ReadonlyMap<number, readonly ProblemName[]> {
  const found = new Map<number, ProblemName[]>()
  const sorted = endpoint.problems.toSorted((x, y) => problemStatus(x) - problemStatus(y))
  for (const name of sorted) found.set(problemStatus(name), [...(found.get(problemStatus(name)) ?? []), name])
  return found
}
