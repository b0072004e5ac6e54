// How an edge router introduces itself to an origin's public listener, and what it asks of it. Header `Tandem-Router`:
// `1;ASK;PARK_MS;TIME;SIGNATURE`, signed over the request line too; `Tandem-Epoch`: `EPOCH;LINEAGE` of the view it has.
import type { Mac } from './mac.ts'
import type { View } from './view.ts'

export const ROUTER_HEADER = 'tandem-router'
export const EPOCH_HEADER = 'tandem-epoch'

/**
 * What a caller wants of an origin that is not the primary. A client: be routed, parked, answered. A router: `answer` is
 * to be told (421 and the view), `relay` is to be routed as well, since the router itself cannot reach the primary.
 * Either waits here no longer than `parkMs`, then is told with 421 to try elsewhere.
 */
export type Asked =
  | { readonly kind: 'client' }
  | { readonly kind: 'router'; readonly relay: boolean; readonly parkMs: number }

export const CLIENT: Asked = { kind: 'client' }

/** The part of a view by which an origin sees whether its own is newer. */
export type Known = Pick<View, 'lineage' | 'epoch'>

export type Introduction = {
  readonly asked: Asked & { readonly kind: 'router' }
  readonly method: string
  readonly target: string
  /** the client's address as the edge saw it, sent in X-Forwarded-For */
  readonly client: string
  readonly knows: Known | null
  /** wall-clock milliseconds */
  readonly at: number
}

/** Clocks of the edge and of hosts differ by less. A repeat within it gains nobody anything but a 421. */
export const CLOCK_MS_MAX = 60_000

export const encodeKnown = (knows: Known | null): string => (knows === null ? '' : `${knows.epoch};${knows.lineage}`)

const KNOWN = /^(0|[1-9][0-9]{0,15});([\x21-\x3a\x3c-\x7e]{1,128})$/

export function parseKnown(text: string | null): Known | null {
  const match = KNOWN.exec(text ?? '')
  return match === null ? null : { epoch: Number(match[1]), lineage: match[2] ?? '' }
}

/** Whether the one who knows this should be told of the view. */
export const isNews = (view: View, knows: Known | null): boolean =>
  knows === null || knows.lineage !== view.lineage || knows.epoch < view.epoch

const wordOf = (asked: Introduction['asked']): string => (asked.relay ? 'relay' : 'answer')

const signedText = ({ asked, method, target, client, knows, at }: Introduction): string =>
  `tandem-router\n${wordOf(asked)};${asked.parkMs};${at}\n${method} ${target}\n${client}\n${encodeKnown(knows)}`

export async function introduce(introduction: Introduction, mac: Mac): Promise<string> {
  const { asked, at } = introduction
  return `1;${wordOf(asked)};${asked.parkMs};${at};${await mac.sign(signedText(introduction))}`
}

const HEADER = /^1;(answer|relay);([0-9]{1,6});([0-9]{1,15});([A-Za-z0-9_-]{43})$/

/** What of a request the signature covers, as it was received. */
export type Claimed = Pick<Introduction, 'method' | 'target' | 'client' | 'knows'>

/** Null where it is no router of this cluster: then it is a client like any other. `verify` is a host's. */
export function recognise(
  header: string,
  claimed: Claimed,
  now: number,
  mac: { verify(text: string, signature: string): boolean },
): Introduction | null {
  const match = HEADER.exec(header)
  if (match === null) return null
  const at = Number(match[3])
  const asked = { kind: 'router', relay: match[1] === 'relay', parkMs: Number(match[2]) } as const
  const introduction: Introduction = { ...claimed, asked, at }
  if (Math.abs(now - at) > CLOCK_MS_MAX || !mac.verify(signedText(introduction), match[4] ?? '')) return null
  return introduction
}
