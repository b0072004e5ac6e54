// Answers what the other origin's router forwarded, however it came here. Routed already: answered where it arrives, or
// refused with 421, never sent on.
import { admit } from '../../router/admit.ts'
import { AIMED_HEADER, parseEpoch } from '../../router/aimed.ts'
import { takeBody } from '../../router/body.ts'
import type { BareRequest } from '../../router/call.ts'
import { MINTED_KEY_HEADER, type Seal, unsealed } from '../../router/minted.ts'
import { forWrite, problem } from '../../router/problem.ts'
import type { DocumentsHandler } from './documents.ts'

export type ForwardedOptions = {
  readonly documents: DocumentsHandler
  /** knows the keys that the peer's router minted */
  readonly seal: Seal
  readonly bodyBytesMax: number
  readonly onError: (error: unknown) => void
}

/** Never rejects. The target is in origin form. */
export type ForwardedHandler = (request: BareRequest, target: string) => Promise<Response>

export function forwardedHandler({ documents, seal, bodyBytesMax, onError }: ForwardedOptions): ForwardedHandler {
  return async function forwarded(request, target) {
    const admission = admit(request, target, bodyBytesMax)
    if (admission.kind === 'refused') return admission.response
    const { resource, shard, framing } = admission
    try {
      const header = request.headers.get(MINTED_KEY_HEADER)
      const minted = header === null ? null : await unsealed(header, seal)
      if (header !== null && minted === null) {
        return problem('bad-request', {
          instance: target,
          detail: 'The minted key is not of a router of this cluster.',
        })
      }
      const aimed = parseEpoch(request.headers.get(AIMED_HEADER))
      const body = await takeBody(request, framing)
      return await documents({ request, target, resource, shard, minted, aimed, body })
    } catch (error) {
      if (!request.signal.aborted) onError(error)
      return problem('internal', { instance: target, ...forWrite(request.method, 'unknown', false) })
    }
  }
}
