// `Prefer: consistency=local`: a document or a part of a list from this host's copy, with how far it may be behind.
import type { LocalCall } from '../../router/call.ts'
import { PREFERENCE_APPLIED } from '../../router/prefer.ts'
import type { Copies } from '../copies.ts'
import type { Answers } from './answers.ts'
import { preconditionsOf } from './conditions.ts'
import { Parts } from './parts.ts'
import { Reads } from './reads.ts'

export const LAG = 'Tandem-Lag-Ms'

export type NearbyHandler = (call: LocalCall) => Promise<Response | null>

/** Null where this copy cannot answer: then the read goes the strong way. */
export function nearbyHandler(copies: Copies, answers: Answers): NearbyHandler {
  const reads = new Reads(copies, answers)
  const parts = new Parts(copies, answers)

  return async function nearby(call) {
    // before the read: what was acknowledged since is not in the figure
    const lag = copies.behindMs(call.shard)
    if (lag === null) return null
    const answer = await answered(call)
    if (answer === null || answer.status === 421 || answer.status >= 500) return null
    answer.headers.set(PREFERENCE_APPLIED, 'consistency=local')
    answer.headers.set(LAG, String(lag))
    return answer
  }

  async function answered(call: LocalCall): Promise<Response | null> {
    const { resource } = call
    if (resource.kind === 'listing') return parts.list(call, resource)
    if (resource.kind !== 'document') return null
    const parsed = preconditionsOf(call.request.headers)
    // the strong way refuses it
    return parsed.kind === 'parsed' ? reads.read({ ...call, resource }, parsed.preconditions) : null
  }
}
