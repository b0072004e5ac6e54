// One request as it is written, one answer as it is sent: nothing is followed, unpacked, normalised or retried.
import { type ClientRequest, type IncomingMessage, request } from 'node:http'

export type Asked = {
  readonly method: string
  /** as it stands in the request line */
  readonly target: string
  /** name, value, name, value …: names may repeat */
  readonly headers: readonly string[]
  readonly body: Uint8Array | null
  /** sends no Content-Length */
  readonly chunked: boolean
}

export type Answer = {
  readonly status: number
  /** lower-case names; values of one name are joined */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** whether it said 100 before */
  readonly continued: boolean
}

const BOUND_MS = 30_000

export function exchange(base: string, asked: Asked): Promise<Answer> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    let continued = false
    const outgoing = request({
      host: hostname,
      port,
      method: asked.method,
      path: asked.target,
      headers: headersOf(asked, `${hostname}:${port}`),
      agent: false,
      timeout: BOUND_MS,
    })
    outgoing.on('continue', () => {
      continued = true
      send(outgoing, asked)
    })
    outgoing.on('response', incoming => {
      collect(incoming).then(body => {
        outgoing.destroy()
        resolve({ status: incoming.statusCode ?? 0, headers: headersIn(incoming), body, continued })
      }, reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${BOUND_MS} ms`)))
    outgoing.on('error', reject)
    if (asked.headers.some(text => text.toLowerCase() === 'expect')) outgoing.flushHeaders()
    else send(outgoing, asked)
  })
}

function headersOf({ headers, body, chunked }: Asked, host: string): string[] {
  const names = headers.filter((_, at) => at % 2 === 0).map(name => name.toLowerCase())
  const all = [...headers]
  if (!names.includes('host')) all.unshift('Host', host)
  if (names.includes('content-length') || names.includes('transfer-encoding')) return all
  if (body !== null && chunked) all.push('Transfer-Encoding', 'chunked')
  else if (body !== null) all.push('Content-Length', String(body.length))
  return all
}

function send(outgoing: ClientRequest, { body }: Asked): void {
  if (body === null) outgoing.end()
  else outgoing.end(body)
}

async function collect(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

function headersIn({ rawHeaders }: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    const value = rawHeaders[at + 1] ?? ''
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return headers
}
