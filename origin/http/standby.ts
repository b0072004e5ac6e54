// A strong GET or HEAD of a document, answered by an origin that is not its primary: see StandbyReads.
import type { LocalCall } from '../../router/call.ts'
import type { StandbyReads } from '../standbyreads.ts'
import type { Answers } from './answers.ts'
import type { DocumentCall } from './call.ts'
import { preconditionsOf } from './conditions.ts'
import { Reads } from './reads.ts'

/** Null where the primary must be asked. */
export type StandbyHandler = (call: LocalCall) => Promise<Response | null> | null

export function standbyHandler(
  standby: StandbyReads,
  answers: Answers,
  onError: (error: unknown) => void,
): StandbyHandler {
  const reads = new Reads(standby, answers)

  return call => {
    const { resource, shard } = call
    return resource.kind === 'document' && standby.may(shard) ? answered({ ...call, resource }) : null
  }

  async function answered(call: DocumentCall): Promise<Response | null> {
    const parsed = preconditionsOf(call.request.headers)
    // the primary refuses it
    if (parsed.kind === 'malformed') return null
    try {
      const answer = await reads.read(call, parsed.preconditions)
      return answer.status === 421 ? null : answer
    } catch (error) {
      // a disk that does not read: the primary has another
      onError(error)
      return null
    }
  }
}
