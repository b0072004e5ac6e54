// Who may come in at a public listener, how often, and what for: a port. Hosts judge by tokens and a rate; the edge lets
// everybody through, with the client's own words, since the host that it asks judges them.
import type { Admission } from './admit.ts'
import type { Wire } from './app.ts'
import { isSafe } from './problem.ts'

export type Access = 'read' | 'write'

/** What a request wants to touch; `collection` null is all of them. */
export type Wish = { readonly access: Access; readonly collection: string | null }

export type Passage =
  /** `headers` belong on the answer, whatever it will be */
  | { readonly kind: 'passed'; readonly grant: Grant; readonly headers: Readonly<Record<string, string>> | null }
  | { readonly kind: 'refused'; readonly response: Response }

/** What its token opens. */
export interface Grant {
  /** Null where it may; else the refusal. */
  refusal(wish: Wish, request: Request, target: string): Response | null
}

export interface Guard {
  /** Judged by the head alone, before anything else of the request is looked at. */
  enter(request: Request, wire: Wire): Passage
}

const ALL: Grant = { refusal: () => null }
const IN: Passage = { kind: 'passed', grant: ALL, headers: null }

export const NO_GUARD: Guard = { enter: () => IN }

type Admitted = Exclude<Admission, { kind: 'refused' }>

/** What became of a write is told to those who may read what it wrote. */
export function wishOf(method: string, admission: Admitted): Wish {
  const access = isSafe(method) ? 'read' : 'write'
  const asked = admission.kind === 'admitted' ? admission.resource : admission.asked
  switch (asked.kind) {
    case 'document':
    case 'listing':
    case 'changes':
      return { access, collection: asked.collection }
    case 'operation':
      return { access, collection: asked.key.slice(0, asked.key.indexOf('/')) }
  }
}
