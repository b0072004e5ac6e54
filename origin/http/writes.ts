// PUT and DELETE of a document: what is asked becomes a command, what became of it an answer.
import type { Done, Idempotency, WriteCommand, WriteOutcome } from '../../replicator/store/shardstore.ts'
import { tooLarge } from '../../router/admit.ts'
import type { LocalCall } from '../../router/call.ts'
import { pathOfDocument } from '../../router/key.ts'
import { responseOf } from '../../router/parts.ts'
import { problem } from '../../router/problem.ts'
import { type Answers, ofReign } from './answers.ts'
import type { DocumentCall } from './call.ts'
import { conditionsOf, type Preconditions } from './conditions.ts'
import { type Content, idempotencyOf, REPLAYED, statusOf } from './idempotency.ts'
import type { Documents, Durability } from './ports.ts'

const TYPE_DEFAULT = 'application/octet-stream'
/** A media type with its parameters; longer ones are no media types. */
const TYPE_CHARS_MAX = 256

export type WritesOptions = {
  readonly documents: Documents
  readonly answers: Answers
  readonly bodyBytesMax: number
  /** wall-clock milliseconds, for Last-Modified only */
  readonly now: () => number
}

export class Writes {
  readonly #options: WritesOptions

  constructor(options: WritesOptions) {
    this.#options = options
  }

  async put(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const { answers, bodyBytesMax, now } = this.#options
    const refused = this.#dateCondition(call, preconditions)
    if (refused !== null) return refused
    const type = call.request.headers.get('content-type') || TYPE_DEFAULT
    if (type.length > TYPE_CHARS_MAX)
      return answers.refuse(call, 'bad-request', { detail: 'Content-Type is too long.' })
    const body = await wholeBody(call, bodyBytesMax)
    if (body === null) return answers.refuse(call, 'payload-too-large', tooLarge(bodyBytesMax))
    const content: Content = { type, body, conditions: conditionsOf(preconditions) }
    return this.#once(call, content, idem =>
      this.#write(call, { op: 'put', key: call.resource.key, ...content, at: now(), ...idem }),
    )
  }

  async remove(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const refused = this.#dateCondition(call, preconditions)
    if (refused !== null) return refused
    const conditions = conditionsOf(preconditions)
    return this.#once(call, { type: '', body: NOTHING, conditions }, idem =>
      this.#write(call, { op: 'delete', key: call.resource.key, conditions, at: this.#options.now(), ...idem }),
    )
  }

  /** Gives a write what a repeat of it is recognised by. */
  #once(
    call: DocumentCall,
    content: Content,
    act: (idem: { readonly idem?: Idempotency }) => Promise<Response>,
  ): Response | Promise<Response> {
    const parsed = idempotencyOf(call.request, call.target, call.minted, content)
    if (parsed.kind === 'malformed') return this.#options.answers.refuse(call, 'bad-request', { detail: parsed.detail })
    return act(parsed.idem === null ? {} : { idem: parsed.idem })
  }

  async #write(call: DocumentCall, command: WriteCommand): Promise<Response> {
    const { documents, answers } = this.#options
    const answer = await documents.write(call.shard, command, call.aimed ?? null)
    switch (answer.kind) {
      case 'outcome':
        return ofReign(answer.reign, this.#outcome(call, command, answer.outcome, answer.durability))
      case 'misdirected':
        return answers.misdirected(call, answer)
      case 'unknown':
        return ofReign(
          answer.reign,
          problem('outcome-unknown', {
            ...answers.about(call),
            detail: answer.why,
            committed: 'unknown',
            retryable: command.idem?.kind === 'client',
          }),
        )
      case 'unavailable':
        return problem('unavailable', { ...answers.about(call), detail: answer.why, committed: 'no', retryable: true })
    }
  }

  #outcome(call: DocumentCall, command: WriteCommand, done: WriteOutcome, durability: Durability): Response {
    const { answers } = this.#options
    const headers = answers.served(call)
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
        return answers.refuse(call, 'idempotency-mismatch', { headers })
      case 'outdated':
        return answers.refuse(call, 'minted-key-outdated', { headers, retryable: true })
      case 'missing':
        return answers.refuse(call, 'not-found', { headers })
      case 'preconditionFailed':
        if (done.etag !== null) headers.ETag = done.etag
        return answers.refuse(call, 'precondition-failed', { headers })
      case 'failed':
        // the reason is the database's own text: the writer logs it, a client must not see it
        return answers.refuse(call, 'unavailable', { headers, detail: 'The database refused this write.' })
    }
  }

  /** A document has no finer date than a second: judging a write by it would let two writes of one second pass. */
  #dateCondition(call: LocalCall, preconditions: Preconditions): Response | null {
    if (preconditions.unmodifiedSince === null || preconditions.match.kind !== 'none') return null
    const detail = 'Writes are conditional by If-Match, not by If-Unmodified-Since.'
    return this.#options.answers.refuse(call, 'bad-request', { detail })
  }
}

const NOTHING = new Uint8Array(0)

/** Null where it is longer than that. */
async function wholeBody({ body }: LocalCall, bodyBytesMax: number): Promise<Uint8Array | null> {
  if (body.kind === 'none') return NOTHING
  if (body.kind === 'stream') return body.whole(bodyBytesMax)
  return body.bytes.length > bodyBytesMax ? null : body.bytes
}

function written({ resource }: DocumentCall, headers: Record<string, string>, done: Done): Response {
  const status = statusOf(done)
  if (done.kind === 'deleted') return responseOf({ status, headers, body: null })
  if (done.kind === 'created') headers.Location = pathOfDocument(resource.collection, resource.id)
  headers.ETag = done.etag
  headers['Last-Modified'] = new Date(done.modified).toUTCString()
  headers['Content-Length'] = '0'
  return responseOf({ status, headers, body: null })
}
