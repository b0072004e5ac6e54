// A strong GET or HEAD of a document, answered by an origin that is not its primary: see StandbyReads.
import type { LocalCall } from '../../router/call.ts'
import type { StandbyReads } from '../standbyreads.ts'
import type { Answers } from './answers.ts'
import { preconditionsOf } from './conditions.ts'
import { Reads } from './reads.ts'

/** Null where the primary must be asked. */
export type StandbyHandler = (call: LocalCall) => Promise<Response | null> | null

export function standbyHandler(standby: StandbyReads, answers: Answers): StandbyHandler {
  const reads = new Reads(standby, answers)

  return call => {
    const { resource, shard } = call
    return resource.kind === 'document' && standby.may(shard) ? answered({ ...call, resource }) : null
  }

  async function answered(call: Parameters<Reads['read']>[0]): Promise<Response | null> {
    const parsed = preconditionsOf(call.request.headers)
    // the primary refuses it
    if (parsed.kind === 'malformed') return null
    const answer = await reads.read(call, parsed.preconditions)
    return answer.status === 421 ? null : answer
  }
}
