// `POST /v1/_tx`: several operations on documents that lie together, all or none.
import { z } from 'zod'
import type { Change, Check, Condition } from '../../replicator/store/command.ts'
import { tooLarge } from '../../router/admit.ts'
import type { LocalCall } from '../../router/call.ts'
import { transactionOf } from '../api/bodies.ts'
import { type Json, parseJson, printJson } from '../json/text.ts'
import type { Preconditions } from './conditions.ts'
import type { Writing } from './writing.ts'

const TYPE = 'application/json'
/** Its values were parsed already, in our own way. */
const transaction = transactionOf(z.custom<Json>(value => value !== undefined, 'is missing'))

type Op = z.output<typeof transaction>['ops'][number]

export class Transactions {
  readonly #writing: Writing

  constructor(writing: Writing) {
    this.#writing = writing
  }

  /** Expects a call whose body was read to find its shard, see router/enter.ts. */
  async transact(call: LocalCall, preconditions: Preconditions): Promise<Response> {
    const { answers, bodyBytesMax, now } = this.#writing
    const type = call.request.headers.get('content-type') ?? ''
    if (!/^application\/json[ \t]*(?:;|$)/i.test(type))
      return answers.refuse(call, 'unsupported-media-type', { detail: `A transaction is ${TYPE}.` })
    // RFC 9110 13.1.1: this resource has no representation that could match
    if (preconditions.match.kind === 'match') return answers.refuse(call, 'precondition-failed')
    if (call.body.kind !== 'bytes') throw new Error('a transaction came without its bytes')
    const { bytes } = call.body
    if (bytes.length > bodyBytesMax) return answers.refuse(call, 'payload-too-large', tooLarge(bodyBytesMax))
    const parsed = transaction.safeParse(parseJson(bytes))
    if (!parsed.success) return answers.refuse(call, 'bad-request', { detail: faultOf(parsed.error) })
    const ops = parsed.data.ops.map(each => changeOf(each, bodyBytesMax))
    return this.#writing.once(call, { type: TYPE, body: bytes, conditions: [] }, idem => ({
      op: 'tx',
      ops,
      at: now(),
      ...idem,
    }))
  }
}

function changeOf(each: Op, bytesMax: number): Change | Check {
  const { op, key } = each
  const conditions = conditionsOf(each.etag)
  switch (op) {
    case 'put':
      return { op, key, type: TYPE, body: printJson(each.value), expires: null, conditions }
    case 'patch':
      return { op, key, form: 'merge', body: printJson(each.patch), bytesMax, conditions }
    case 'delete':
    case 'check':
      return { op, key, conditions }
  }
}

function conditionsOf(etag: string | null | undefined): readonly Condition[] {
  if (etag === undefined) return []
  return etag === null ? [{ kind: 'noneMatch', etags: '*' }] : [{ kind: 'match', etags: [etag] }]
}

/** The first fault, with the way to it; never the value itself. */
function faultOf({ issues: [first] }: z.ZodError): string {
  if (first === undefined) return 'The body is no transaction.'
  return `${first.path.length === 0 ? 'The body' : first.path.join('.')}: ${first.message}`
}
