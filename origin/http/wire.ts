// What Node knows of a request and a Request object does not show.
import type { IncomingMessage } from 'node:http'
import type { Wire } from '../../router/app.ts'
import type { Client } from '../../router/hopbyhop.ts'
import { TRACE_HEADER, traceOf } from '../../router/trace.ts'
import type { ProxyTrust } from './proxies.ts'

export class NodeWire implements Wire {
  readonly target: string
  readonly #incoming: IncomingMessage
  readonly #trust: ProxyTrust
  #client: Client | null = null

  constructor(target: string, incoming: IncomingMessage, trust: ProxyTrust) {
    this.target = target
    this.#incoming = incoming
    this.#trust = trust
  }

  get rawHeaders(): readonly string[] {
    return this.#incoming.rawHeaders
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
export function traceparentOf({ headers }: IncomingMessage): string {
  const given = headers[TRACE_HEADER]
  const trace = traceOf(typeof given === 'string' ? given : null)
  if (trace !== given) headers[TRACE_HEADER] = trace
  return trace
}
