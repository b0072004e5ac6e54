// Who asks: a client, or an edge router of this cluster that proved itself.

import type { Aimed } from './aimed.ts'
import type { Wire } from './app.ts'
import { type Asked, CLIENT, type Known } from './asked.ts'
import type { Client } from './hopbyhop.ts'

export type Caller = {
  readonly asked: Asked
  readonly knows: Known | null
  /** the epoch that `knows` is worth here; undefined for a client */
  readonly aimed: Aimed | undefined
  /** whose request it is: the one that a router speaks for, or the one at the other end of the connection */
  readonly client: Client
}

export interface Callers {
  recognise(request: Request, wire: Wire): Caller
  /** Adds the view to an answer to a router that knows none, or an older one, or asked the wrong origin. */
  teach(caller: Caller, response: Response): void
}

/** The edge has nobody before it but clients. */
export const CLIENTS_ONLY: Callers = {
  recognise: (_request, wire) => ({ asked: CLIENT, knows: null, aimed: undefined, client: wire.client }),
  teach: () => {},
}
