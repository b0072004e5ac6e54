// Who speaks on the private listener: what headers prove, or what a browser's session remembers of it.
import type { Wire } from '../../router/app.ts'

/** A viewer sees everything on the dashboard and changes nothing. */
export type Role = 'operator' | 'viewer'

export type Session = {
  readonly role: Role
  readonly id: string
  /** wall-clock milliseconds: when its person signed in, and when it ends unless it is renewed */
  readonly since: number
  readonly until: number
}

export type Caller =
  | { readonly via: 'secret'; readonly role: Role }
  | { readonly via: 'session'; readonly role: Role; readonly session: Session }

export type PrivateEnv = { Bindings: { wire: Wire; caller: Caller } }

/** Who asked for an action, as its sender says: for the audit log alone, it opens nothing. */
export const ACTOR_HEADER = 'tandem-actor'

const ACTOR = /^[\x20-\x7e]{1,128}$/

/** What stands in the audit log: the sender's own words where they are plain, and the address that it came from. */
export function actorOf(named: string | null, address: string | null): string {
  // the other origin's dashboard has said already where its person sits
  const way = named?.includes(' from ') ? 'by way of' : 'from'
  const from = address === null ? '' : ` ${way} ${address}`
  return named !== null && ACTOR.test(named) ? `${named}${from}` : `private API${from}`
}
