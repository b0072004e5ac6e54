// One request over HTTP and what its answer says: an outcome that the history checker understands.
import type { Ask, Told } from '../sim/history.ts'

/** A 412 names the ETag of what is there; which value that was is known once the write that made it was answered. */
export type Heard =
  | { readonly kind: 'told'; readonly told: Told; readonly etag: string | null }
  | { readonly kind: 'refused'; readonly etag: string | null }
  /** it never took effect, and says nothing */
  | { readonly kind: 'nothing' }
  /** nothing that this service may answer */
  | { readonly kind: 'wrong'; readonly what: string }

export type Asking = {
  readonly url: string
  readonly ask: Ask
  /** of the value that a conditional request names */
  readonly etag: string | null
  readonly idempotencyKey: string | null
  readonly patience: Patience
  /** where hosts want one */
  readonly token: string | null
}

/** How long an answer is waited for, and what it means that none came. */
export type Patience = { readonly ms: number; readonly silence: 'wrong' | 'unknown' }

/** Twice the parking time bounds every request (README); what takes longer hangs. */
export const BOUNDED: Patience = { ms: 25_000, silence: 'wrong' }

const UNKNOWN: Heard = { kind: 'told', told: { kind: 'unknown' }, etag: null }
const NOTHING: Heard = { kind: 'nothing' }

export async function askOver(asking: Asking): Promise<Heard> {
  const { url, ask, patience } = asking
  const init = {
    method: ask.op.toUpperCase(),
    headers: headersOf(asking),
    signal: AbortSignal.timeout(patience.ms),
    ...(ask.op === 'put' ? { body: ask.value } : {}),
  }
  try {
    const response = await fetch(url, init)
    return heard(asking, response, await response.text())
  } catch (error) {
    if (patience.silence === 'wrong' && error instanceof Error && error.name === 'TimeoutError')
      return { kind: 'wrong', what: `no answer within ${patience.ms} ms` }
    // Refused before a byte of it left: a dead process takes nothing.
    return ask.op === 'get' || codeOf(error) === 'ECONNREFUSED' ? NOTHING : UNKNOWN
  }
}

function headersOf({ ask, etag, idempotencyKey, token }: Asking): Record<string, string> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  if (ask.op === 'put') headers['content-type'] = 'text/plain'
  if (ask.op === 'get' && etag !== null) headers['if-none-match'] = etag
  if (ask.op !== 'get' && etag !== null) headers['if-match'] = etag
  if (ask.op === 'put' && ask.match === null) headers['if-none-match'] = '*'
  if (idempotencyKey !== null) headers['idempotency-key'] = idempotencyKey
  return headers
}

function heard({ ask }: Asking, { status, headers }: Response, body: string): Heard {
  const etag = headers.get('etag')
  const told = (answer: Told): Heard => ({ kind: 'told', told: answer, etag })
  const { op } = ask
  if (op === 'get') {
    if (status === 200) return told({ kind: 'found', value: body })
    // not changed since the ETag that the request named
    if (status === 304) return { kind: 'refused', etag }
    if (status === 404) return told({ kind: 'missing' })
    return status === 503 || status === 504 ? NOTHING : { kind: 'wrong', what: `${status} ${body}` }
  }
  if (op === 'put' && status === 201) return told({ kind: 'created' })
  if (op === 'put' && status === 200) return told({ kind: 'replaced' })
  if (op === 'delete' && status === 204) return told({ kind: 'deleted' })
  if (op === 'delete' && status === 404) return told({ kind: 'missing' })
  if (status === 412) return { kind: 'refused', etag }
  if (status !== 503 && status !== 504) return { kind: 'wrong', what: `${status} ${body}` }
  return committedOf(body) === 'no' ? NOTHING : UNKNOWN
}

function committedOf(body: string): unknown {
  const problem: unknown = JSON.parse(body)
  return typeof problem === 'object' && problem !== null && 'committed' in problem ? problem.committed : undefined
}

function codeOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
}
