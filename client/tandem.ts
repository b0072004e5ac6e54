// The client: documents, transactions and changes of one Tandem, over fetch alone. It runs on Node, in Workers and in
// browsers.
import type { ChangesPage, TransactionOp, TransactionResult } from '../origin/api/bodies.ts'
import { Caller, type ClientOptions } from './caller.ts'
import { Collection, type Options, type Parse, writeHeaders } from './collection.ts'
import type { Result } from './failure.ts'
import { type Followed, type FollowOptions, follow } from './follow.ts'
import { isChangesPage, isTransactionAnswer } from './shapes.ts'

export type { ClientOptions } from './caller.ts'
export type { Collection, Found, Item, Written } from './collection.ts'
export { type Failure, must, type Refused, type Result, TandemError, type Unreachable } from './failure.ts'

export type Tandem = {
  /** What is stored is unknown until somebody looks at it: */
  collection(name: string): Collection<unknown>
  /** the values of documents are what `parse` makes of them (a schema's own, say); what it throws reaches the caller. */
  collection<T>(name: string, parse: Parse<T>): Collection<T>
  /** All of them or none; their ids share one `{tag}`, or they are one key. */
  transact(
    ops: readonly TransactionOp[],
    options?: Options & { readonly mirrored?: boolean },
  ): Promise<Result<readonly TransactionResult[]>>
  /** Follows what changes until the signal ends it, across takeovers. Throws a TandemError where the cursor is no good. */
  changes(options?: FollowOptions): AsyncGenerator<Followed>
  /** One page of changes. */
  readChanges(options?: FollowOptions & { readonly limit?: number }): Promise<Result<ChangesPage>>
}

export function tandem(options: ClientOptions): Tandem {
  const caller = new Caller(options)

  function collection(name: string): Collection<unknown>
  function collection<T>(name: string, parse: Parse<T>): Collection<T>
  function collection(name: string, parse: Parse<unknown> = value => value): Collection<unknown> {
    return new Collection(caller, name, parse)
  }

  return {
    collection,
    async transact(ops, { signal, mirrored } = {}) {
      const headers = { 'Content-Type': 'application/json', ...writeHeaders(mirrored === true ? { mirrored } : {}) }
      const call = { method: 'POST', target: '/v1/_tx', headers, body: JSON.stringify({ ops }), signal } as const
      const result = await caller.json(call, isTransactionAnswer)
      return result.ok ? { ok: true, value: result.value.results } : result
    },
    changes: (followed = {}) => follow(caller, followed),
    readChanges({ since, collection, limit, signal } = {}) {
      const query = new URLSearchParams()
      if (since !== undefined) query.set('since', since)
      if (collection !== undefined) query.set('collection', collection)
      if (limit !== undefined) query.set('limit', String(limit))
      return caller.json({ method: 'GET', target: `/v1/_changes?${query}`, signal }, isChangesPage)
    },
  }
}
