// GET and HEAD of a document, and of what became of a write.
import type { LocalCall } from '../../router/call.ts'
import type { OperationResource } from '../../router/operation.ts'
import { responseOf } from '../../router/parts.ts'
import { tokenOf } from '../../router/scope.ts'
import type { Answers } from './answers.ts'
import type { DocumentCall } from './call.ts'
import { judgeRead, type Preconditions } from './conditions.ts'
import { scopeOf } from './idempotency.ts'
import type { Document, Documents } from './ports.ts'
import { told } from './successes.ts'

export class Reads {
  readonly #documents: Pick<Documents, 'read' | 'operation'>
  readonly #answers: Answers

  constructor(documents: Pick<Documents, 'read' | 'operation'>, answers: Answers) {
    this.#documents = documents
    this.#answers = answers
  }

  async read(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const answer = await this.#documents.read(call.shard, call.resource.key)
    if (answer.kind === 'misdirected') return this.#answers.misdirected(call, answer)
    // without a document there is nothing to be judged: 404 goes before 412 (RFC 9110 13.2.1)
    if (answer.kind === 'missing') return this.#answers.refuse(call, 'not-found')
    const { document } = answer
    const verdict = judgeRead(preconditions, document)
    if (verdict === 'failed')
      return this.#answers.refuse(call, 'precondition-failed', { headers: { ETag: document.etag } })
    const headers = this.#answers.served(call)
    headers.ETag = document.etag
    headers['Last-Modified'] = new Date(document.modified).toUTCString()
    if (document.expires !== null) {
      headers.Expires = new Date(document.expires).toUTCString()
      // caches take Expires for a licence to answer by themselves until then
      headers['Cache-Control'] = 'no-cache'
    }
    if (verdict === 'notModified') return responseOf({ status: 304, headers, body: null })
    headers['Content-Type'] = document.type
    headers['Content-Length'] = String(document.body.length)
    return responseOf({ status: 200, headers, body: call.request.method === 'HEAD' ? null : bodyOf(document) })
  }

  async operation(call: LocalCall, asked: OperationResource): Promise<Response> {
    const scope = scopeOf(tokenOf(call.request), asked.method, asked.about, asked.idempotencyKey)
    const answer = await this.#documents.operation(call.shard, scope)
    if (answer.kind === 'misdirected') return this.#answers.misdirected(call, answer)
    if (answer.kind === 'missing') {
      const detail = 'No record of this write is committed; it may still be on its way.'
      return this.#answers.refuse(call, 'not-found', { detail })
    }
    return Response.json(told(answer.done), { headers: { ...this.#answers.served(call), 'Cache-Control': 'no-store' } })
  }
}

/** Response insists on memory that is not shared; the store's never is, and a copy is right where it were. */
const bodyOf = ({ body }: Document): Uint8Array<ArrayBuffer> => (isUnshared(body) ? body : new Uint8Array(body))
const isUnshared = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> => bytes.buffer instanceof ArrayBuffer
