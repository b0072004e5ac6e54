// What a proxy must not pass on (RFC 9110 7.6.1), in both directions, and what it adds. Headers travel as flat lists
// (name, value, name, value…), as Node and undici have them: no object is built for each request.

/** Of one connection only. Expect is answered by this hop; Content-Length is set anew from the body that is sent. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

const REQUEST_ONLY = new Set([
  'expect',
  'host',
  'content-length',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'traceparent',
])

/** Headers that the two origins say to each other: no client may put words into their mouths. */
export const isInternal = (lowerName: string): boolean => lowerName.startsWith('tandem-')

/** Longest X-Forwarded-For that is passed on: beyond it a chain of proxies is a loop or a forgery. */
const FORWARDED_FOR_CHARS_MAX = 1024

export type Client = {
  /** who asks; behind trusted proxies, the first one that is none of them */
  readonly address: string | null
  readonly proto: 'http' | 'https'
  /** the other end of the connection where that is a trusted proxy, whose word about earlier hops is passed on */
  readonly proxy: string | null
}

/** The headers of a client's request as the peer shall get them. Host becomes X-Forwarded-Host. */
export function forwardedRequestHeaders(raw: readonly string[], client: Client, traceparent: string): string[] {
  const named = connectionOptions(raw)
  const kept: string[] = []
  const believed = client.proxy !== null
  let chain = client.proxy ?? client.address ?? 'unknown'
  let forwarded: string | null = null
  let host: string | null = null
  let forwardedHost: string | null = null
  let forwardedProto: string | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'host') host = value
    else if (believed && lower === 'x-forwarded-host') forwardedHost ??= value
    else if (believed && lower === 'x-forwarded-proto') forwardedProto ??= value
    else if (believed && lower === 'x-forwarded-for') chain = extend(chain, value)
    else if (believed && lower === 'forwarded') forwarded = forwarded === null ? value : `${forwarded}, ${value}`
    else if (!HOP_BY_HOP.has(lower) && !REQUEST_ONLY.has(lower) && !isInternal(lower) && !named?.has(lower)) {
      kept.push(name, value)
    }
  }
  kept.push('X-Forwarded-For', chain, 'X-Forwarded-Proto', forwardedProto ?? client.proto, 'traceparent', traceparent)
  // RFC 7239 4: only where the chain is kept in this form already; the X- form says the same
  if (forwarded !== null && forwarded.length <= FORWARDED_FOR_CHARS_MAX) {
    kept.push('Forwarded', `${forwarded}, for=${node(client.proxy)}`)
  }
  const originalHost = forwardedHost ?? host
  if (originalHost !== null) kept.push('X-Forwarded-Host', originalHost)
  return kept
}

/** RFC 7239 6: an IPv6 address stands in brackets and quotes. */
const node = (address: string | null): string => (address?.includes(':') ? `"[${address}]"` : (address ?? 'unknown'))

/** Earlier hops stand before this one, whatever the order in which lines were met. */
function extend(chain: string, earlier: string): string {
  const last = chain.lastIndexOf(', ')
  const before = last === -1 ? earlier : `${chain.slice(0, last)}, ${earlier}`
  const own = last === -1 ? chain : chain.slice(last + 2)
  return before.length > FORWARDED_FOR_CHARS_MAX ? own : `${before}, ${own}`
}

export type HeaderRecord = Record<string, string | string[]>

/** The headers of the peer's answer as the client shall get them. Names are lower-case. */
export function forwardedResponseHeaders(from: Readonly<Record<string, string | string[] | undefined>>): HeaderRecord {
  const named = connectionNames(from.connection)
  const kept: HeaderRecord = {}
  for (const name in from) {
    const value = from[name]
    // the view is for routers; the trace is this hop's own to say
    if (name === 'tandem-view' || name === 'traceparent') continue
    if (value === undefined || HOP_BY_HOP.has(name) || named?.has(name)) continue
    kept[name] = value
  }
  return kept
}

function connectionOptions(raw: readonly string[]): ReadonlySet<string> | null {
  let named: Set<string> | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const found = connectionNames(raw[i + 1])
    if (found === null) continue
    named = named === null ? found : named.union(found)
  }
  return named
}

function connectionNames(value: string | string[] | undefined): Set<string> | null {
  if (value === undefined || value === 'keep-alive' || value === 'close') return null
  const text = typeof value === 'string' ? value : value.join(',')
  return new Set(text.split(',').map(name => name.trim().toLowerCase()))
}
