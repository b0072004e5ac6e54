// What one attempt of a router came to.
import { type Aimed, ANY_REIGN, parseEpoch, REIGN_HEADER } from './aimed.ts'
import type { ForwardResult } from './call.ts'
import { COMMITTED_HEADER } from './problem.ts'

export type Attempt =
  | { readonly kind: 'answer'; readonly response: Response }
  /** nothing took effect, or it does no harm to do it twice */
  | { readonly kind: 'again'; readonly failed: boolean }
  /** it may have taken effect, in a reign that began up to that epoch; doing it twice does no harm */
  | { readonly kind: 'unsure'; readonly failed: boolean; readonly upTo: number }
  /** our key is of no use there: the clocks differ by minutes */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'closed' }

/** What an answer's head says of the write. */
export type AnswerHead = {
  readonly status: number
  /** `unknown` where it cannot say whether it took effect, `yes` where it did all the same */
  readonly committed: string | null
  /** the epoch in which the reign began that answered; null where it does not say */
  readonly reign: number | null
}

export const attemptOf = (kind: 'unsure' | 'outdated' | 'undecided', { reign }: AnswerHead, aimed: Aimed): Attempt =>
  kind === 'unsure' ? { kind, failed: false, upTo: reign ?? aimed ?? ANY_REIGN } : { kind }

/** Successes are told by their status alone: their headers are not looked at. */
export function headOfResponse(response: Response): AnswerHead {
  const { status } = response
  if (status < 400) return { status, committed: null, reign: null }
  const { headers } = response
  return { status, committed: headers.get(COMMITTED_HEADER), reign: parseEpoch(headers.get(REIGN_HEADER)) }
}

export function headOfResult({ status, headers }: ForwardResult & { kind: 'response' }): AnswerHead {
  const committed = headers[COMMITTED_HEADER]
  const reign = headers[REIGN_HEADER]
  return {
    status,
    committed: typeof committed === 'string' ? committed : null,
    reign: typeof reign === 'string' ? parseEpoch(reign) : null,
  }
}
