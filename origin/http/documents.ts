// Documents over HTTP: the target of in-process dispatch and of forwarded requests alike. Everything it needs to know
// about primaries it learns from the answers of `Documents`.
import type { LocalCall } from '../../router/call.ts'
import type { View } from '../../router/view.ts'
import type { OriginName } from '../../router/words.ts'
import { Answers } from './answers.ts'
import type { DocumentCall } from './call.ts'
import { type Preconditions, preconditionsOf } from './conditions.ts'
import { Parts } from './parts.ts'
import type { Documents, Pages } from './ports.ts'
import { Reads } from './reads.ts'
import { Transactions } from './transactions.ts'
import { Writes } from './writes.ts'
import { Writing } from './writing.ts'

export type DocumentsOptions = {
  readonly name: OriginName
  readonly documents: Documents
  readonly pages: Pages
  readonly bodyBytesMax: number
  /** the view as it is sent, signed */
  readonly sealView: (view: View) => string
  /** wall-clock milliseconds, for Last-Modified only */
  readonly now: () => number
}

export type DocumentsHandler = (call: LocalCall) => Promise<Response>

/** Expects calls that were admitted: a resource and one of its methods, see router/admit.ts. */
export function documentsHandler({
  name,
  documents,
  pages,
  bodyBytesMax,
  sealView,
  now,
}: DocumentsOptions): DocumentsHandler {
  const answers = new Answers(name, sealView)
  const reads = new Reads(documents, answers)
  const parts = new Parts(pages, answers)
  const writing = new Writing({ documents, answers, bodyBytesMax, now })
  const writes = new Writes(writing)
  const transactions = new Transactions(writing)

  return async function answer(call) {
    const { resource } = call
    // a part of a page has no tag that a condition could name
    if (resource.kind === 'listing') return parts.list(call, resource)
    if (resource.kind === 'changes') return parts.changes(call, resource)
    const parsed = preconditionsOf(call.request.headers)
    if (parsed.kind === 'malformed')
      return answers.refuse(call, 'bad-request', { detail: `${parsed.header} is not a list of entity tags.` })
    switch (resource.kind) {
      case 'operation':
        return reads.operation(call, resource)
      case 'collection':
        return writes.createIn({ ...call, resource }, parsed.preconditions)
      case 'transaction':
        return transactions.transact(call, parsed.preconditions)
      case 'document':
        return document({ ...call, resource }, parsed.preconditions)
    }
  }

  function document(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    switch (call.request.method) {
      case 'GET':
      case 'HEAD':
        return reads.read(call, preconditions)
      case 'PUT':
        return writes.put(call, preconditions)
      case 'POST':
        return writes.create(call, preconditions)
      case 'PATCH':
        return writes.patch(call, preconditions)
      case 'DELETE':
        return writes.remove(call, preconditions)
      default:
        throw new Error(`not admitted: ${call.request.method}`)
    }
  }
}
