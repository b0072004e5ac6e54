// Who may come in at a public listener, how often, and what for: a port. Hosts judge by tokens and a rate; the edge lets
// everybody through, with the client's own words, since the host that it asks judges them.
import type { Admission } from './admit.ts'
import type { Wire } from './app.ts'
import { isSafe } from './problem.ts'

export type Access = 'read' | 'write'

/** What a request wants to touch. */
export type Wish = { readonly access: Access; readonly collections: readonly string[] | 'all' }

export type Passage =
  /** `headers` belong on the answer, whatever it will be */
  | { readonly kind: 'passed'; readonly grant: Grant; readonly headers: Readonly<Record<string, string>> | null }
  | { readonly kind: 'refused'; readonly response: Response }

/** What its token opens. */
export interface Grant {
  /** Null where it may; else the refusal. */
  refusal(wish: Wish, request: Pick<Request, 'method'>, target: string): Response | null
}

export interface Guard {
  /** Judged by the head alone, before anything else of the request is looked at. */
  enter(request: Request, wire: Wire): Passage
}

/** For those who need no token, and for requests that a router before this one has let in. */
export const EVERYTHING: Grant = { refusal: () => null }
const IN: Passage = { kind: 'passed', grant: EVERYTHING, headers: null }

export const NO_GUARD: Guard = { enter: () => IN }

type Admitted = Exclude<Admission, { kind: 'refused' }>

export function wishOf(method: string, admission: Admitted): Wish {
  const access = isSafe(method) ? 'read' : 'write'
  // its collections stand in its body
  if (admission.kind === 'transaction') return { access, collections: [] }
  const asked = 'resource' in admission ? admission.resource : admission.asked
  switch (asked.kind) {
    case 'document':
    case 'collection':
    case 'listing':
      return { access, collections: [asked.collection] }
    case 'changes':
      return { access, collections: asked.collection === null ? 'all' : [asked.collection] }
    case 'operation':
      // the record is found with the very token that wrote: there is nobody else's to be seen
      return { access: 'write', collections: [] }
    case 'transaction':
      return { access, collections: [] }
  }
}
