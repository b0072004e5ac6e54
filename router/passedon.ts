// The answer of another origin as the client gets it.
import type { ForwardResult } from './call.ts'
import { forwardedResponseHeaders, type HeaderRecord } from './hopbyhop.ts'

/** @param own what this router adds to Proxy-Status, or null */
export function passedOn(result: ForwardResult & { kind: 'response' }, method: string, own: string | null): Response {
  const headers = forwardedResponseHeaders(result.headers)
  if (own !== null) headers['proxy-status'] = proxyStatusList(headers['proxy-status'], own)
  // to a body, and be it empty, adapters add a Content-Type where it has none
  const isEmpty = result.body instanceof Uint8Array && result.body.length === 0
  const body = method === 'HEAD' || isEmpty ? null : result.body
  return new Response(body, { status: result.status, headers: headersInit(headers) })
}

/** RFC 9209 2: each proxy appends itself, the nearest to the client last. */
function proxyStatusList(earlier: string | string[] | undefined, own: string): string {
  if (earlier === undefined) return own
  return `${typeof earlier === 'string' ? earlier : earlier.join(', ')}, ${own}`
}

/** A plain record is what the Node adapter writes without a copy; only repeated headers need more. */
function headersInit(record: HeaderRecord): Record<string, string> | Headers {
  const single: Record<string, string> = {}
  for (const name in record) {
    const value = record[name]
    if (typeof value === 'string') single[name] = value
    else return allHeaders(record)
  }
  return single
}

function allHeaders(record: HeaderRecord): Headers {
  const headers = new Headers()
  for (const name in record) {
    const value = record[name] ?? []
    for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one)
  }
  return headers
}
