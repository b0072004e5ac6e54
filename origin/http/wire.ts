// What Node knows of a request and a Request object does not show.
import type { IncomingMessage } from 'node:http'
import type { Wire } from '../../router/app.ts'
import type { Client } from '../../router/hopbyhop.ts'

export class NodeWire implements Wire {
  readonly target: string
  readonly #incoming: IncomingMessage

  constructor(target: string, incoming: IncomingMessage) {
    this.target = target
    this.#incoming = incoming
  }

  get rawHeaders(): readonly string[] {
    return this.#incoming.rawHeaders
  }

  get client(): Client {
    return { address: this.#incoming.socket.remoteAddress ?? null, proto: 'http' }
  }
}
