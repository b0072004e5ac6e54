// What became of a command.

/** What a write did; its idempotency record keeps it. A refusal is no such thing: it is decided anew. */
export type Done =
  | { readonly kind: 'created' | 'replaced' | 'deleted'; readonly etag: string; readonly modified: number }
  /** created under a key that its client did not choose, and must be told */
  | { readonly kind: 'placed'; readonly key: string; readonly etag: string; readonly modified: number }
  /** `etags`: for each operation its document's ETag after all of them, null where there is none */
  | { readonly kind: 'transacted'; readonly etags: readonly (string | null)[]; readonly modified: number }

/** How many documents were due, and are gone. */
export type Expired = { readonly kind: 'expired'; readonly count: number }

/** Why a change was not made. */
export type Refusal =
  | { readonly kind: 'missing' }
  | { readonly kind: 'preconditionFailed'; readonly etag: string | null }
  /** a document that should be new is there already */
  | { readonly kind: 'exists' }
  /** what should be patched is no JSON document, by its type or its bytes */
  | { readonly kind: 'notJson' }
  /** the patch itself is malformed */
  | { readonly kind: 'badPatch'; readonly detail: string }
  /** a `test` of the patch does not hold */
  | { readonly kind: 'testFailed'; readonly detail: string }
  /** the patch is about something that the document does not have */
  | { readonly kind: 'inapplicable'; readonly detail: string }
  /** the outcome would be longer than allowed, or the way to it */
  | { readonly kind: 'tooLarge'; readonly detail: string }

export type WriteOutcome =
  | Done
  | Expired
  /** the same write took effect before; this time nothing did */
  | { readonly kind: 'replayed'; readonly done: Done }
  /** the client's key was used for other content: nothing took effect */
  | { readonly kind: 'mismatch' }
  /** the router's key is outside of the time for which records are kept: whether it was used nobody knows any more */
  | { readonly kind: 'outdated' }
  | Refusal
  /** this operation of a transaction was refused, and so all of it */
  | { readonly kind: 'refused'; readonly op: number; readonly refusal: Refusal }
  /** this command alone failed in the database; its savepoint was rolled back */
  | { readonly kind: 'failed'; readonly reason: string }
