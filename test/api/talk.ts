// A conversation with one side of the service: every answer is held against the OpenAPI document, and what it said is
// kept in a form in which the same conversation with another side must have said the same.
import type { Described } from './described.ts'
import { type Answer, exchange } from './exchange.ts'

export type Ask = {
  readonly headers?: Readonly<Record<string, string>> | readonly string[]
  readonly body?: string | Uint8Array
  readonly chunked?: boolean
  /** null sends none */
  readonly token?: string | null
}

export type Talk = {
  /** `:c` in a target, a header or a body is a collection of this conversation alone */
  ask(method: string, target: string, options?: Ask): Promise<Answer>
  readonly collection: string
  readonly url: string
  readonly token: string
}

export type Side = { readonly name: string; readonly url: string }

/** Of one connection, one moment or one host. */
const APART: ReadonlySet<string> = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'server-timing',
  'traceparent',
  'proxy-status',
  'tandem-origin',
  'ratelimit',
  // the edge refuses what is malformed by itself, and counts nothing
  'ratelimit-policy',
])
/** Present on all sides, with a value of its own on each. */
const OWN: ReadonlySet<string> = new Set(['tandem-shard', 'tandem-lag-ms', 'last-modified', 'expires', 'tandem-reign'])

export class Conversation implements Talk {
  readonly collection: string
  readonly url: string
  readonly token: string
  readonly said: string[] = []
  readonly #described: Described
  readonly #names = new Map<string, string>()

  constructor(side: Side, collection: string, token: string, described: Described) {
    this.url = side.url
    this.collection = collection
    this.token = token
    this.#described = described
  }

  /** May be taken out of its object: cases do. */
  readonly ask = async (method: string, target: string, options: Ask = {}): Promise<Answer> => {
    const own = (text: string): string => text.replaceAll(':c', this.collection)
    const { headers = {}, body, chunked = false, token = this.token } = options
    const flat = Array.isArray(headers) ? headers : Object.entries(headers).flat()
    const asked = {
      method,
      target: own(target),
      headers: [
        ...(token === null ? [] : ['Authorization', `Bearer ${token}`]),
        ...flat.map(text => own(String(text))),
      ],
      body: typeof body === 'string' ? Buffer.from(own(body)) : (body ?? null),
      chunked,
    }
    const answer = await exchange(this.url, asked)
    this.#described.judge(method, asked.target, answer)
    this.said.push(this.#renamed(`${method} ${target} ${plain(answer)}`))
    return answer
  }

  /** Ids and cursors are other ones in each conversation, but the same ones where they are the same. Tags are the cases' own to compare. */
  #renamed(text: string): string {
    const name = (kind: string) => (found: string) => {
      const known = this.#names.get(found) ?? `${kind}${this.#names.size}`
      this.#names.set(found, known)
      return known
    }
    return text
      .replaceAll(this.collection, ':c')
      .replaceAll(/\d+\.\d+\.\d+/g, 'ETAG')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, name('uuid'))
      .replaceAll(/"more":(true|false)/g, '"more":…')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replaceAll(/[A-Za-z0-9_-]{24,}/g, name('opaque'))
  }
}

function plain({ status, headers, body }: Answer): string {
  const kept = [...headers]
    .filter(([name]) => !APART.has(name))
    .map(([name, value]) => `${name}: ${OWN.has(name) ? '…' : value}`)
    .toSorted()
  return `${status}\n  ${kept.join('\n  ')}\n  ${body.length > 2_000 ? `${body.length} bytes` : body}`
}
