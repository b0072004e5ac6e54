// What a call can fail with: the service's problems by their names, or silence. A union to be told apart by `name`.
import type { Problem } from '../origin/api/bodies.ts'
import { type ProblemName, problemNamed } from '../router/problem.ts'
import { parsedJson } from './shapes.ts'

/** The service's own word. Of a write, `committed` says whether it took effect. */
export type Refused = Pick<Problem, 'title' | 'status' | 'detail' | 'committed' | 'retryable'> & {
  readonly name: ProblemName
  /** of the document as it is, where a precondition failed */
  readonly etag: string | null
}

/** Nobody answered, or not as this service does, for as long as it was tried. A write may have taken effect. */
export type Unreachable = { readonly name: 'unreachable'; readonly detail: string }

export type Failure = Refused | Unreachable

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure }

/** For those who would rather catch. */
export class TandemError extends Error {
  override readonly name = 'TandemError'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(`${failure.name}: ${failure.detail ?? (failure.name === 'unreachable' ? '' : failure.title)}`)
    this.failure = failure
  }
}

/** The value; throws a TandemError where there is none. */
export function must<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new TandemError(result.failure)
}

export const strange = (status: number): Unreachable => ({
  name: 'unreachable',
  detail: `an answer of status ${status} that is not the service's`,
})

export async function failureOf(response: Response): Promise<Failure> {
  const value = parsedJson(await response.text())?.value
  const body: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {}
  const name = typeof body.type === 'string' ? problemNamed(body.type) : null
  if (name === null) return strange(response.status)
  const { title, detail, committed, retryable } = body
  return {
    name,
    title: typeof title === 'string' ? title : name,
    status: response.status,
    detail: typeof detail === 'string' ? detail : undefined,
    committed: committed === 'yes' || committed === 'no' || committed === 'unknown' ? committed : undefined,
    retryable: typeof retryable === 'boolean' ? retryable : undefined,
    etag: response.headers.get('etag'),
  }
}
