// A write on its way says by which epoch it was aimed, and a primary that began to reign after that epoch does not take
// it. So an attempt that was lost on the way, perhaps still lies in some buffer, is void once a later reign has answered:
// what that reign refuses is refused for good, and need not be called unknown.
import { isSafe } from './problem.ts'
import type { View } from './view.ts'

/** On a forwarded write, an epoch. An edge says it in its signed introduction instead. */
export const AIMED_HEADER = 'tandem-aimed'
/** On the refusal of a write: the epoch in which the reign began that refused it. */
export const REIGN_HEADER = 'tandem-reign'

/** An epoch, or null where no view was known: such a write is taken by any reign. */
export type Aimed = number | null

/** What stands for attempts that any reign may still take. */
export const ANY_REIGN = Number.POSITIVE_INFINITY

const EPOCH = /^(?:0|[1-9][0-9]{0,15})$/

/** Null where it is no epoch. */
export const parseEpoch = (text: string | null | undefined): number | null =>
  typeof text === 'string' && EPOCH.test(text) ? Number(text) : null

/**
 * The view by which an attempt is aimed.
 * @param before what an earlier router on the way had, undefined where this is the first one: the older of both counts
 */
export function aimBy(method: string, view: View, before: Aimed | undefined): Aimed {
  // epoch 0 is a guess of a router that knows nothing yet
  if (isSafe(method) || view.epoch === 0 || before === null) return null
  return before === undefined ? view.epoch : Math.min(view.epoch, before)
}
