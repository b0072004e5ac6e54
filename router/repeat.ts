// When a router may send a write a second time, and which answers make it do so.

import type { AnswerHead } from './attempt.ts'
import type { Inbound } from './call.ts'
import type { Journey } from './journey.ts'
import { isSafe } from './problem.ts'

/** Whether it may be sent again although it may have taken effect: a stream that has begun to flow is gone. */
export function isRepeatable({ request, once, body }: Inbound): boolean {
  if (isSafe(request.method)) return true
  return once && !(body.kind === 'stream' && body.touched)
}

/**
 * Not every answer to a write is the last word: a primary that lost its reign cannot tell what became of it, and after
 * that a refusal for want of a disk or a peer says nothing of the first attempt. Asked again, the record tells.
 */
export function verdict(
  { status, committed, reign }: AnswerHead,
  inbound: Inbound,
  journey: Journey,
): 'answer' | 'unsure' | 'outdated' | 'undecided' {
  const { lostUpTo } = journey
  if (isSafe(inbound.request.method)) return 'answer'
  if (status === 410 && inbound.minted !== null) return 'outdated'
  // Refusals leave no record: the attempt that was lost may still be on its way to the same primary, and be granted.
  // A reign that began later takes it no more (see aimed.ts), and has all that was committed before.
  const mayStillArrive = lostUpTo !== null && !(reign !== null && reign > lostUpTo)
  if (mayStillArrive && status >= 400 && status < 500) return 'undecided'
  if (status !== 503 || committed === 'yes' || !isRepeatable(inbound)) return 'answer'
  return lostUpTo !== null || committed === 'unknown' ? 'unsure' : 'answer'
}
