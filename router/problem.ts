// Errors as application/problem+json (RFC 9457). The `type` of each is stable; a `detail` never holds stacks, paths of
// files or addresses.

/**
 * On a write's refusal: `unknown` where it cannot say whether it took effect, and a router may ask again, where that is safe;
 * `yes` where it did, and asking again gains nothing.
 */
export const COMMITTED_HEADER = 'tandem-committed'

const PROBLEM_BASE = 'https://tandem.dev/problems/'

/** Seconds after which a client should ask again: a takeover is over by then. */
const RETRY_AFTER_SECONDS = 1

const PROBLEMS = {
  'bad-request': { status: 400, title: 'The request is malformed' },
  'malformed-patch': { status: 400, title: 'The patch is malformed' },
  'invalid-key': { status: 400, title: 'The path names no valid key' },
  unauthorized: { status: 401, title: 'The request is not authorised' },
  forbidden: { status: 403, title: 'The request is not allowed' },
  conflict: { status: 409, title: 'The present state does not allow it' },
  'cross-shard': { status: 409, title: 'The keys of the transaction do not lie together' },
  'not-json': { status: 409, title: 'The document is no JSON' },
  'patch-test-failed': { status: 409, title: 'A test of the patch does not hold' },
  'patch-inapplicable': { status: 409, title: 'The patch does not fit the document' },
  'not-found': { status: 404, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, title: 'The resource does not support this method' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'minted-key-outdated': { status: 410, title: 'The key that a router gave to the write is no longer kept' },
  'cursor-gone': { status: 410, title: 'The cursor names no place in the changes that are kept' },
  'precondition-failed': { status: 412, title: 'A precondition does not hold' },
  'payload-too-large': { status: 413, title: 'The body is longer than allowed' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that this method does not take' },
  'expectation-failed': { status: 417, title: 'The request expects what this service does not do' },
  misdirected: { status: 421, title: 'This origin is not the primary of the key' },
  'idempotency-mismatch': { status: 422, title: 'The idempotency key was used for another request' },
  'result-too-large': { status: 422, title: 'The document would become longer than allowed' },
  'rate-limited': { status: 429, title: 'The client asks more often than allowed' },
  'headers-too-large': { status: 431, title: 'The head of the request is longer than allowed' },
  'client-closed': { status: 499, title: 'The client closed the request' },
  internal: { status: 500, title: 'The origin failed to answer' },
  'upgrade-refused': { status: 501, title: 'This service speaks HTTP and no WebSocket' },
  'no-primary': { status: 503, title: 'No origin serves this key at the moment' },
  overloaded: { status: 503, title: 'Too many requests are waiting' },
  'outcome-unknown': { status: 503, title: 'The write may or may not have taken effect' },
  'not-replayable': { status: 503, title: 'The body could not be sent a second time' },
  'not-mirrored': { status: 503, title: 'Only one origin is there, and the write asked for two' },
  unavailable: { status: 503, title: 'The write could not be taken' },
  'not-ready': { status: 503, title: 'This origin cannot serve its share' },
  'gateway-timeout': { status: 504, title: 'The primary did not answer in time' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemName = keyof typeof PROBLEMS

export type Committed = 'yes' | 'no' | 'unknown'

export type ProblemFields = {
  readonly detail?: string
  /** the request target that the problem occurred with */
  readonly instance?: string
  /** for writes only: whether it took effect */
  readonly committed?: Committed
  readonly retryable?: boolean
  /** extension members (RFC 9457 3.2) */
  readonly more?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

export function problem(name: ProblemName, fields: ProblemFields = {}): Response {
  const { status } = PROBLEMS[name]
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
    ...(fields.committed === 'unknown' || fields.committed === 'yes' ? { [COMMITTED_HEADER]: fields.committed } : {}),
    ...fields.headers,
  }
  return new Response(problemText(name, fields), { status, headers })
}

/** The body alone, for places where there is no Response: a broken request line, an upgrade. */
export function problemText(name: ProblemName, fields: ProblemFields = {}): string {
  const { status, title } = PROBLEMS[name]
  return JSON.stringify({
    type: problemType(name),
    title,
    status,
    detail: fields.detail,
    instance: fields.instance,
    committed: fields.committed,
    retryable: fields.retryable,
    ...fields.more,
  })
}

export const PROBLEM_NAMES = Object.keys(PROBLEMS).filter((name): name is ProblemName => name in PROBLEMS)

export const problemType = (name: ProblemName): string => `${PROBLEM_BASE}${name}`

/** Null where it is none of ours. */
export const problemNamed = (type: string): ProblemName | null =>
  PROBLEM_NAMES.find(name => problemType(name) === type) ?? null

export const problemTitle = (name: ProblemName): string => PROBLEMS[name].title

export const problemStatus = (name: ProblemName): number => PROBLEMS[name].status

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])

/** RFC 9110 9.2.1: whether a method asks for no change. */
export const isSafe = (method: string): boolean => SAFE.has(method)

/** `committed` and `retryable` where the request was a write, nothing where it was not. */
export const forWrite = (
  method: string,
  committed: Committed,
  retryable: boolean,
): { readonly committed?: Committed; readonly retryable?: boolean } => (isSafe(method) ? {} : { committed, retryable })
