// What Node knows of a request and a Request object does not show.
import type { IncomingHttpHeaders } from 'node:http'
import type { Wire } from '../../router/app.ts'
import type { Client } from '../../router/hopbyhop.ts'
import { TRACE_HEADER, traceOf } from '../../router/trace.ts'
import type { Incoming } from './answerheads.ts'
import type { ProxyTrust } from './proxies.ts'

export class NodeWire implements Wire {
  readonly target: string
  readonly #incoming: Incoming
  readonly #trust: ProxyTrust
  #client: Client | null = null

  constructor(target: string, incoming: Incoming, trust: ProxyTrust) {
    this.target = target
    this.#incoming = incoming
    this.#trust = trust
  }

  get rawHeaders(): readonly string[] {
    const { rawHeaders } = this.#incoming
    return 'stream' in this.#incoming ? withoutPseudo(rawHeaders) : rawHeaders
  }

  get client(): Client {
    this.#client ??= this.#trust(this.#incoming)
    return this.#client
  }

  get traceparent(): string {
    return traceparentOf(this.#incoming)
  }
}

/** Kept with the request, since its answer names it too. */
export function traceparentOf({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const given = headers[TRACE_HEADER]
  const trace = traceOf(typeof given === 'string' ? given : null)
  if (trace !== given) headers[TRACE_HEADER] = trace
  return trace
}

/** As HTTP/1.1 would say it, to whom the request may be forwarded (RFC 9113 8.3.1). */
function withoutPseudo(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    if (name === ':authority') kept.push('host', value)
    else if (!name.startsWith(':')) kept.push(name, value)
  }
  return kept
}
