// A request with its body, placed: the shard it is for is known, and what of the body must be read for that was read.

import { type Admission, admit, type Doorkeeping, type PlacedResource, tooLarge } from './admit.ts'
import { type Body, type Framing, NO_BODY, StreamBody, takeBody } from './body.ts'
import type { BareRequest } from './call.ts'
import { type Grant, wishOf } from './guard.ts'
import { forWrite, problem } from './problem.ts'
import { placeTransaction } from './transaction.ts'
import type { ShardName } from './words.ts'

export type Entered =
  | {
      readonly kind: 'entered'
      readonly target: string
      readonly resource: PlacedResource
      readonly shard: ShardName
      readonly body: Body
    }
  | Extract<Admission, { kind: 'anywhere' | 'spread' | 'follow' | 'refused' }>

/**
 * Rejects where the client breaks off. Most requests have no body, and wait for nothing.
 * @param grant what the client may do: asked before its body is read, where the body need not tell
 */
export function enter(
  request: BareRequest,
  target: string,
  doorkeeping: Doorkeeping,
  grant: Grant,
): Entered | Promise<Entered> {
  const admission = admit(request, target, doorkeeping)
  const refusal =
    admission.kind === 'refused' ? null : grant.refusal(wishOf(request.method, admission), request, target)
  if (refusal !== null) return { kind: 'refused', response: refusal }
  switch (admission.kind) {
    case 'refused':
    case 'anywhere':
    case 'spread':
    case 'follow':
      return admission
    case 'admitted': {
      const { resource, shard, framing } = admission
      const entered = { kind: 'entered', target: admission.target, resource, shard } as const
      if (framing.kind === 'none') return { ...entered, body: NO_BODY }
      return takeBody(request, framing).then(body => ({ ...entered, body }))
    }
    case 'transaction':
      return placed(request, target, admission.framing, doorkeeping.bodyBytesMax, grant)
  }
}

async function placed(
  request: BareRequest,
  target: string,
  framing: Framing,
  bodyBytesMax: number,
  grant: Grant,
): Promise<Entered> {
  const fields = { instance: target, ...forWrite(request.method, 'no', false) }
  const length = framing.kind === 'sized' ? framing.length : null
  const bytes = framing.kind === 'none' ? NOTHING : await new StreamBody(request, length).whole(bodyBytesMax)
  if (bytes === null)
    return { kind: 'refused', response: problem('payload-too-large', { ...fields, ...tooLarge(bodyBytesMax) }) }
  const place = placeTransaction(bytes)
  if (place.kind === 'refused')
    return { kind: 'refused', response: problem(place.name, { ...fields, detail: place.detail }) }
  const refusal = grant.refusal({ access: 'write', collections: place.collections }, request, target)
  if (refusal !== null) return { kind: 'refused', response: refusal }
  return {
    kind: 'entered',
    target,
    resource: { kind: 'transaction' },
    shard: place.shard,
    body: { kind: 'bytes', bytes },
  }
}

const NOTHING = new Uint8Array(0)
