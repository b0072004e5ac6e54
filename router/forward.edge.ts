// Forwarding from the edge: fetch to the public listener of an origin, introduced by a signature. Each forward belongs
// to the request that began it: runtimes of this kind end a request's timers and sockets with it.
import { EPOCH_HEADER, encodeKnown, introduce, type Known, ROUTER_HEADER } from './asked.ts'
import { type Body, REPLAY_BYTES_MAX } from './body.ts'
import type { Forward, ForwardCall, ForwardResult } from './call.ts'
import type { ProxyError } from './journey.ts'
import type { Mac } from './mac.ts'
import type { OriginName } from './words.ts'

export type EdgeForwarderOptions = {
  /** without a slash at the end */
  readonly origins: Readonly<Record<OriginName, string>>
  readonly mac: Mac
  /** the longest that an origin may be asked to park */
  readonly parkMs: number
  /** wall-clock milliseconds */
  readonly now: () => number
  /** told what each forward came to, with what was known as it left */
  readonly ended: (origin: OriginName, result: ForwardResult, knew: Known | null) => void
}

/** The platform's own pages for origins that could not be reached at all: not a byte of the request arrived. */
const UNREACHED: Readonly<Record<number, ProxyError>> = {
  521: 'connection_refused',
  522: 'connection_timeout',
  523: 'destination_unavailable',
  525: 'connection_terminated',
  526: 'connection_terminated',
}
/** The platform's own pages for origins that broke off or stayed silent. */
const BROKE_OFF: Readonly<Record<number, ProxyError>> = { 520: 'connection_terminated', 524: 'http_response_timeout' }

export function edgeForward(options: EdgeForwarderOptions): (origin: OriginName, call: ForwardCall) => Forward {
  return (origin, call) => {
    const knew = call.knows
    const over = new AbortController()
    let late = false
    let abandoned = false
    const timer = setTimeout(() => {
      late = true
      over.abort()
    }, call.answerMs)
    const attempt = async (): Promise<ForwardResult> => {
      const result = await exchange(options, origin, call, knew, over.signal).catch(
        // refused and reset look alike here ("Network connection lost."): only the careful answer is a safe one
        (): ForwardResult => ({ kind: 'broken', why: late ? 'http_response_timeout' : 'connection_terminated' }),
      )
      clearTimeout(timer)
      // given up by us, perhaps because the client left: that says nothing of the origin
      if (!abandoned) options.ended(origin, result, knew)
      return result
    }
    const abandon = (): void => {
      abandoned = true
      over.abort()
    }
    return { result: attempt(), abandon }
  }
}

/** `fetch` of the platform: nothing of ours may be answered from its cache. */
type EdgeInit = RequestInit & { readonly cf: { readonly cacheTtl: number; readonly cacheEverything: boolean } }

async function exchange(
  options: EdgeForwarderOptions,
  origin: OriginName,
  call: ForwardCall,
  knew: Known | null,
  signal: AbortSignal,
): Promise<ForwardResult> {
  const { method, target, ask } = call
  const headers = headersOf(call.headers)
  const asked = { kind: 'router', relay: ask.relay, parkMs: ask.parkMs ?? options.parkMs } as const
  const client = headers.get('x-forwarded-for') ?? ''
  const introduction = { asked, method, target, client, knows: knew, at: options.now() }
  headers.set(ROUTER_HEADER, await introduce(introduction, options.mac))
  if (knew !== null) headers.set(EPOCH_HEADER, encodeKnown(knew))
  const init: EdgeInit = {
    method,
    headers,
    body: bodyOf(call.body),
    redirect: 'manual',
    duplex: 'half',
    signal,
    cf: { cacheTtl: 0, cacheEverything: false },
  }
  return resultOf(await fetch(options.origins[origin] + target, init), method)
}

function headersOf(flat: readonly string[]): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < flat.length; at += 2) headers.append(flat[at] ?? '', flat[at + 1] ?? '')
  return headers
}

/** The runtime sends a known length with bytes, and with a client's own stream. */
function bodyOf(body: Body): RequestInit['body'] {
  if (body.kind === 'none') return null
  return body.kind === 'bytes' ? new Uint8Array(body.bytes) : body.stream()
}

async function resultOf(response: Response, method: string): Promise<ForwardResult> {
  const { status } = response
  const headers: Record<string, string> = {}
  for (const [name, value] of response.headers) headers[name] = value
  if (headers['tandem-origin'] === undefined) {
    const unreached = UNREACHED[status]
    const broken = BROKE_OFF[status]
    if (unreached !== undefined || broken !== undefined) await response.body?.cancel()
    if (unreached !== undefined) return { kind: 'notSent', why: unreached }
    if (broken !== undefined) return { kind: 'broken', why: broken }
  }
  const length = Number(headers['content-length'] ?? Number.NaN)
  if (method === 'HEAD' || status === 204 || status === 304) return { kind: 'response', status, headers, body: null }
  // collected: a read that breaks midway is asked again, where a stream would break for the client too
  if (length <= REPLAY_BYTES_MAX) {
    return { kind: 'response', status, headers, body: new Uint8Array(await response.arrayBuffer()) }
  }
  return { kind: 'response', status, headers, body: response.body }
}
