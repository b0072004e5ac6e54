// Documents over HTTP: the target of in-process dispatch and of forwarded requests alike. Everything it needs to know
// about primaries it learns from the answers of `Documents`.

import type { Done, Idempotency, WriteCommand, WriteOutcome } from '../../replicator/store/shardstore.ts'
import { tooLarge } from '../../router/admit.ts'
import { REIGN_HEADER } from '../../router/aimed.ts'
import type { LocalCall } from '../../router/call.ts'
import { type DocumentResource, pathOfDocument } from '../../router/key.ts'
import type { OperationResource } from '../../router/operation.ts'
import { forWrite, type ProblemFields, type ProblemName, problem } from '../../router/problem.ts'
import type { View } from '../../router/view.ts'
import { VIEW_HEADER } from '../../router/viewheader.ts'
import type { OriginName } from '../../router/words.ts'
import { conditionsOf, judgeRead, type Preconditions, preconditionsOf } from './conditions.ts'
import { type Content, idempotencyOf, REPLAYED, scopeOf, statusOf, tokenOf } from './idempotency.ts'
import type { Document, Documents, Durability, Misdirected } from './ports.ts'

const TYPE_DEFAULT = 'application/octet-stream'
/** A media type with its parameters; longer ones are no media types. */
const TYPE_CHARS_MAX = 256

export type DocumentsOptions = {
  readonly name: OriginName
  readonly documents: Documents
  readonly bodyBytesMax: number
  /** the view as it is sent, signed */
  readonly sealView: (view: View) => string
  /** wall-clock milliseconds, for Last-Modified only */
  readonly now: () => number
}

export type DocumentsHandler = (call: LocalCall) => Promise<Response>

/** Expects calls that were admitted: a document's key and one of GET, HEAD, PUT, DELETE. */
export function documentsHandler(options: DocumentsOptions): DocumentsHandler {
  const { name, documents, bodyBytesMax, sealView, now } = options

  return async function answer(call) {
    const { request } = call
    const parsed = preconditionsOf(request.headers)
    if (parsed.kind === 'malformed') {
      return refuse(call, 'bad-request', { detail: `${parsed.header} is not a list of entity tags.` })
    }
    const { preconditions } = parsed
    const { resource } = call
    if (resource.kind === 'operation') return operation(call, resource)
    return document({ ...call, resource }, preconditions)
  }

  async function document(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const { request } = call
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return read(call, preconditions)
      case 'PUT':
        return put(call, preconditions)
      case 'DELETE':
        return remove(call, preconditions)
      default:
        throw new Error(`not admitted: ${request.method}`)
    }
  }

  async function read(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const answer = await documents.read(call.shard, call.resource.key)
    if (answer.kind === 'misdirected') return misdirected(call, answer)
    // without a document there is nothing to be judged: 404 goes before 412 (RFC 9110 13.2.1)
    if (answer.kind === 'missing') return refuse(call, 'not-found', {})
    const { document } = answer
    const verdict = judgeRead(preconditions, document)
    if (verdict === 'failed') return refuse(call, 'precondition-failed', { headers: { ETag: document.etag } })
    if (verdict === 'notModified') return new Response(null, { status: 304, headers: validators(call, document) })
    const headers = validators(call, document)
    headers['Content-Type'] = document.type
    headers['Content-Length'] = String(document.body.length)
    return new Response(call.request.method === 'HEAD' ? null : bodyOf(document), { status: 200, headers })
  }

  async function put(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const refused = dateCondition(call, preconditions)
    if (refused !== null) return refused
    const type = call.request.headers.get('content-type') || TYPE_DEFAULT
    if (type.length > TYPE_CHARS_MAX) return refuse(call, 'bad-request', { detail: 'Content-Type is too long.' })
    const body = await wholeBody(call)
    if (body === null) return refuse(call, 'payload-too-large', tooLarge(bodyBytesMax))
    const content: Content = { type, body, conditions: conditionsOf(preconditions) }
    return once(call, content, idem =>
      write(call, { op: 'put', key: call.resource.key, ...content, at: now(), ...idem }),
    )
  }

  async function remove(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const refused = dateCondition(call, preconditions)
    if (refused !== null) return refused
    const conditions = conditionsOf(preconditions)
    return once(call, { type: '', body: NOTHING, conditions }, idem =>
      write(call, { op: 'delete', key: call.resource.key, conditions, at: now(), ...idem }),
    )
  }

  /** Gives a write what a repeat of it is recognised by. */
  function once(
    call: DocumentCall,
    content: Content,
    act: (idem: { readonly idem?: Idempotency }) => Promise<Response>,
  ): Response | Promise<Response> {
    const parsed = idempotencyOf(call.request, call.target, call.minted, content)
    if (parsed.kind === 'malformed') return refuse(call, 'bad-request', { detail: parsed.detail })
    return act(parsed.idem === null ? {} : { idem: parsed.idem })
  }

  async function operation(call: LocalCall, asked: OperationResource): Promise<Response> {
    const scope = scopeOf(tokenOf(call.request), asked.method, asked.about, asked.idempotencyKey)
    const answer = await documents.operation(call.shard, scope)
    if (answer.kind === 'misdirected') return misdirected(call, answer)
    if (answer.kind === 'missing')
      return refuse(call, 'not-found', { detail: 'No record of this write is committed; it may still be on its way.' })
    const { done } = answer
    const body = { status: statusOf(done), etag: done.etag, modified: new Date(done.modified).toISOString() }
    return Response.json(body, { headers: { ...served(call), 'Cache-Control': 'no-store' } })
  }

  async function write(call: DocumentCall, command: WriteCommand): Promise<Response> {
    const answer = await documents.write(call.shard, command, call.aimed ?? null)
    switch (answer.kind) {
      case 'outcome':
        return ofReign(answer.reign, outcome(call, command, answer.outcome, answer.durability))
      case 'misdirected':
        return misdirected(call, answer)
      case 'unknown':
        return ofReign(
          answer.reign,
          problem('outcome-unknown', {
            ...about(call),
            detail: answer.why,
            committed: 'unknown',
            retryable: command.idem?.kind === 'client',
          }),
        )
      case 'unavailable':
        return problem('unavailable', { ...about(call), detail: answer.why, committed: 'no', retryable: true })
    }
  }

  function outcome(call: DocumentCall, command: WriteCommand, done: WriteOutcome, durability: Durability): Response {
    const headers = served(call)
    headers['Tandem-Durability'] = durability
    switch (done.kind) {
      case 'created':
      case 'replaced':
      case 'deleted':
        return written(call, headers, done)
      case 'replayed':
        // a router's own second try is nothing that its client knows of
        if (command.idem?.kind === 'client') headers[REPLAYED] = 'true'
        return written(call, headers, done.done)
      case 'mismatch':
        return refuse(call, 'idempotency-mismatch', { headers })
      case 'outdated':
        return refuse(call, 'minted-key-outdated', { headers, retryable: true })
      case 'missing':
        return refuse(call, 'not-found', { headers })
      case 'preconditionFailed':
        if (done.etag !== null) headers.ETag = done.etag
        return refuse(call, 'precondition-failed', { headers })
      case 'failed':
        // the reason is the database's own text: the writer logs it, a client must not see it
        return refuse(call, 'unavailable', { headers, detail: 'The database refused this write.' })
    }
  }

  /** A document has no finer date than a second: judging a write by it would let two writes of one second pass. */
  function dateCondition(call: LocalCall, preconditions: Preconditions): Response | null {
    if (preconditions.unmodifiedSince === null || preconditions.match.kind !== 'none') return null
    return refuse(call, 'bad-request', { detail: 'Writes are conditional by If-Match, not by If-Unmodified-Since.' })
  }

  async function wholeBody(call: LocalCall): Promise<Uint8Array | null> {
    const { body } = call
    if (body.kind === 'none') return new Uint8Array(0)
    if (body.kind === 'stream') return body.whole(bodyBytesMax)
    return body.bytes.length > bodyBytesMax ? null : body.bytes
  }

  function misdirected(call: LocalCall, answer: Misdirected): Response {
    const headers = served(call)
    if (answer.view !== null) headers[VIEW_HEADER] = sealView(answer.view)
    return refuse(call, 'misdirected', { headers, detail: answer.why, retryable: true })
  }

  function served(call: LocalCall): Record<string, string> {
    return { 'Tandem-Origin': name, 'Tandem-Shard': call.shard }
  }

  function about(call: LocalCall): ProblemFields {
    return { instance: call.target, headers: served(call) }
  }

  /** Nothing took effect. */
  function refuse(call: LocalCall, problemName: ProblemName, fields: ProblemFields): Response {
    return problem(problemName, {
      instance: call.target,
      ...forWrite(call.request.method, 'no', false),
      ...fields,
      headers: { ...served(call), ...fields.headers },
    })
  }

  function validators(call: LocalCall, document: Document): Record<string, string> {
    return {
      ETag: document.etag,
      'Last-Modified': new Date(document.modified).toUTCString(),
      'Tandem-Origin': name,
      'Tandem-Shard': call.shard,
    }
  }
}

/** Routers must know which reign refused: see router/aimed.ts. */
function ofReign(reign: number, response: Response): Response {
  if (response.status >= 400) response.headers.set(REIGN_HEADER, String(reign))
  return response
}

type DocumentCall = LocalCall & { readonly resource: DocumentResource }
const NOTHING = new Uint8Array(0)

function written({ resource }: DocumentCall, headers: Record<string, string>, done: Done): Response {
  const status = statusOf(done)
  if (done.kind === 'deleted') return new Response(null, { status, headers })
  if (done.kind === 'created') headers.Location = pathOfDocument(resource.collection, resource.id)
  headers.ETag = done.etag
  headers['Last-Modified'] = new Date(done.modified).toUTCString()
  headers['Content-Length'] = '0'
  return new Response(null, { status, headers })
}

/** Response insists on memory that is not shared; the store's never is, and a copy is right where it were. */
const bodyOf = ({ body }: Document): Uint8Array<ArrayBuffer> => (isUnshared(body) ? body : new Uint8Array(body))
const isUnshared = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> => bytes.buffer instanceof ArrayBuffer
