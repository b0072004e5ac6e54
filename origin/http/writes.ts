// Writes of one document: what is asked becomes a command, what became of it an answer (see writing.ts).
import type { PatchForm } from '../../replicator/store/command.ts'
import { tooLarge } from '../../router/admit.ts'
import type { LocalCall } from '../../router/call.ts'
import { shardOf } from '../../router/hash.ts'
import { uuidv7 } from '../../router/uuid.ts'
import type { CollectionCall, DocumentCall } from './call.ts'
import { conditionsOf, type Preconditions } from './conditions.ts'
import { type Ttl, ttlOf } from './ttl.ts'
import type { Writing } from './writing.ts'

const TYPE_DEFAULT = 'application/octet-stream'
/** A media type with its parameters; longer ones are no media types. */
const TYPE_CHARS_MAX = 256
/** Every other id is of the right shard: not to find one in so many is no accident. */
const IDS_TRIED_MAX = 200

const PATCH_FORMS: ReadonlyMap<string, PatchForm> = new Map([
  ['application/merge-patch+json', 'merge'],
  ['application/json-patch+json', 'json'],
])
const ACCEPT_PATCH = [...PATCH_FORMS.keys()].join(', ')

export class Writes {
  readonly #writing: Writing

  constructor(writing: Writing) {
    this.#writing = writing
  }

  async put(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const taken = await this.#take(call, preconditions)
    if (taken instanceof Response) return taken
    const { at, ...content } = taken
    return this.#writing.once(call, content, idem => ({ op: 'put', key: call.resource.key, ...content, at, ...idem }))
  }

  /** The first router chose the id, see router/admit.ts. */
  async create(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const taken = await this.#take(call, preconditions)
    if (taken instanceof Response) return taken
    const { at, ...content } = taken
    return this.#writing.once(call, content, idem => ({
      op: 'create',
      key: call.resource.key,
      ...content,
      at,
      ...idem,
    }))
  }

  /** Under a client's key: the record decides, whatever id is made here. */
  async createIn(call: CollectionCall, preconditions: Preconditions): Promise<Response> {
    const taken = await this.#take(call, preconditions)
    if (taken instanceof Response) return taken
    const { at, ...content } = taken
    const key = newKey(call, at)
    return this.#writing.once(call, content, idem => ({ op: 'create', key, ...content, at, ...idem }))
  }

  async patch(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const { answers, bodyBytesMax, now } = this.#writing
    const refused = this.#dateCondition(call, preconditions)
    if (refused !== null) return refused
    const type = call.request.headers.get('content-type') ?? ''
    const form = PATCH_FORMS.get((type.split(';', 1)[0] ?? '').trim().toLowerCase())
    if (form === undefined) {
      const detail = `A patch is one of: ${ACCEPT_PATCH}.`
      return answers.refuse(call, 'unsupported-media-type', { detail, headers: { 'Accept-Patch': ACCEPT_PATCH } })
    }
    const body = await wholeBody(call, bodyBytesMax)
    if (body === null) return answers.refuse(call, 'payload-too-large', tooLarge(bodyBytesMax))
    const conditions = conditionsOf(preconditions)
    const { key } = call.resource
    return this.#writing.once(call, { type: form, body, conditions }, idem => ({
      op: 'patch',
      key,
      form,
      body,
      bytesMax: bodyBytesMax,
      conditions,
      at: now(),
      ...idem,
    }))
  }

  async remove(call: DocumentCall, preconditions: Preconditions): Promise<Response> {
    const refused = this.#dateCondition(call, preconditions)
    if (refused !== null) return refused
    const conditions = conditionsOf(preconditions)
    const at = this.#writing.now()
    const { key } = call.resource
    return this.#writing.once(call, { type: '', body: NOTHING, conditions }, idem => ({
      op: 'delete',
      key,
      conditions,
      at,
      ...idem,
    }))
  }

  /** The document that a PUT or POST brings, or why it is none. */
  async #take(call: LocalCall, preconditions: Preconditions) {
    const { answers, bodyBytesMax, now } = this.#writing
    const refused = this.#dateCondition(call, preconditions)
    if (refused !== null) return refused
    const type = call.request.headers.get('content-type') || TYPE_DEFAULT
    if (type.length > TYPE_CHARS_MAX)
      return answers.refuse(call, 'bad-request', { detail: 'Content-Type is too long.' })
    const body = await wholeBody(call, bodyBytesMax)
    if (body === null) return answers.refuse(call, 'payload-too-large', tooLarge(bodyBytesMax))
    const at = now()
    const ttl: Ttl = ttlOf(call.target, at)
    if (ttl.kind === 'malformed') return answers.refuse(call, 'bad-request', { detail: ttl.detail })
    return { type, body, expires: ttl.expires, conditions: conditionsOf(preconditions), at }
  }

  /** A document has no finer date than a second: judging a write by it would let two writes of one second pass. */
  #dateCondition(call: LocalCall, preconditions: Preconditions): Response | null {
    if (preconditions.unmodifiedSince === null || preconditions.match.kind !== 'none') return null
    const detail = 'Writes are conditional by If-Match, not by If-Unmodified-Since.'
    return this.#writing.answers.refuse(call, 'bad-request', { detail })
  }
}

/** The write was routed by its client's key, so the id has to fit: see router/scope.ts. */
function newKey({ resource, shard }: CollectionCall, at: number): string {
  for (let tries = 0; tries < IDS_TRIED_MAX; tries++) {
    const key = `${resource.collection}/${uuidv7(at)}`
    if (shardOf(key) === shard) return key
  }
  throw new Error(`no id of ${shard} among ${IDS_TRIED_MAX}`)
}

const NOTHING = new Uint8Array(0)

/** Null where it is longer than that. */
async function wholeBody({ body }: LocalCall, bodyBytesMax: number): Promise<Uint8Array | null> {
  if (body.kind === 'none') return NOTHING
  if (body.kind === 'stream') return body.whole(bodyBytesMax)
  return body.bytes.length > bodyBytesMax ? null : body.bytes
}
