// Answers what the other origin's router forwarded, however it came here. Routed already: answered where it arrives, or
// refused with 421, never sent on.
import { AIMED_HEADER, parseEpoch } from '../../router/aimed.ts'
import type { BareRequest } from '../../router/call.ts'
import { enter } from '../../router/enter.ts'
import { EVERYTHING } from '../../router/guard.ts'
import { MINTED_KEY_HEADER, type Seal, unsealed } from '../../router/minted.ts'
import { forWrite, problem } from '../../router/problem.ts'
import { uuidv7 } from '../../router/uuid.ts'
import type { ShardName } from '../../router/words.ts'
import type { DocumentsHandler } from './documents.ts'

export type ForwardedOptions = {
  readonly documents: DocumentsHandler
  /** where this origin is about to serve the shard: resolves when it does, or not soon; null where there is nothing to wait for */
  readonly begins: (shard: ShardName, signal: AbortSignal) => Promise<void> | null
  /** knows the keys that the peer's router minted */
  readonly seal: Seal
  readonly bodyBytesMax: number
  readonly onError: (error: unknown) => void
}

/** Never rejects. The target is in origin form. */
export type ForwardedHandler = (request: BareRequest, target: string) => Promise<Response>

export function forwardedHandler(options: ForwardedOptions): ForwardedHandler {
  const { documents, begins, seal, bodyBytesMax, onError } = options
  const doorkeeping = { bodyBytesMax, fromRouter: true, newId: () => uuidv7(Date.now()) }

  return async function forwarded(request, target) {
    try {
      const entered = await enter(request, target, doorkeeping, EVERYTHING)
      if (entered.kind === 'refused') return entered.response
      // these are asked of each shard, by the router that puts the answers together
      if (entered.kind !== 'entered') return problem('not-found', { instance: target })
      const header = request.headers.get(MINTED_KEY_HEADER)
      const minted = header === null ? null : await unsealed(header, seal)
      if (header !== null && minted === null) {
        return problem('bad-request', {
          instance: target,
          detail: 'The minted key is not of a router of this cluster.',
        })
      }
      const aimed = parseEpoch(request.headers.get(AIMED_HEADER))
      // the peer heard of our reign before it began: it would ask again and again
      const soon = begins(entered.shard, request.signal)
      if (soon !== null) await soon
      return await documents({ ...entered, request, minted, aimed })
    } catch (error) {
      if (!request.signal.aborted) onError(error)
      return problem('internal', { instance: target, ...forWrite(request.method, 'unknown', false) })
    }
  }
}
