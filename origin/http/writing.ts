// How a command is put to the documents and what a client is told of it: the same for every kind of write.
import type { Idempotency, WriteCommand } from '../../replicator/store/command.ts'
import type { Done, WriteOutcome } from '../../replicator/store/outcome.ts'
import type { LocalCall } from '../../router/call.ts'
import { PREFERENCE_APPLIED, prefers } from '../../router/prefer.ts'
import { type Committed, problem } from '../../router/problem.ts'
import { type Answers, ofReign } from './answers.ts'
import { type Content, idempotencyOf, REPLAYED } from './idempotency.ts'
import type { Documents, Durability } from './ports.ts'
import { refusedAs, refusedInTransaction } from './refusals.ts'
import { success } from './successes.ts'

export type WritingOptions = {
  readonly documents: Documents
  readonly answers: Answers
  readonly bodyBytesMax: number
  /** wall-clock milliseconds */
  readonly now: () => number
}

/** What clients ask for: that something expires is nobody's request. */
export type AskedCommand = Exclude<WriteCommand, { op: 'expire' }>

/** How many disks have it, and how many its client asked for. */
type Kept = { readonly durability: Durability; readonly least: Durability }

export class Writing {
  readonly #documents: Documents
  readonly answers: Answers
  readonly bodyBytesMax: number
  readonly now: () => number

  constructor({ documents, answers, bodyBytesMax, now }: WritingOptions) {
    this.#documents = documents
    this.answers = answers
    this.bodyBytesMax = bodyBytesMax
    this.now = now
  }

  /** Gives the command what a repeat of it is recognised by, and does it. */
  once(
    call: LocalCall,
    content: Content,
    commandOf: (idem: { readonly idem?: Idempotency }) => AskedCommand,
  ): Response | Promise<Response> {
    const parsed = idempotencyOf(call.request, call.target, call.minted, content)
    if (parsed.kind === 'malformed') return this.answers.refuse(call, 'bad-request', { detail: parsed.detail })
    return this.#write(call, commandOf(parsed.idem === null ? {} : { idem: parsed.idem }))
  }

  async #write(call: LocalCall, command: AskedCommand): Promise<Response> {
    const { answers } = this
    const least = prefers(call.request.headers, 'durability', 'mirrored') ? 'mirrored' : 'solo'
    const answer = await this.#documents.write(call.shard, command, call.aimed ?? null, least)
    switch (answer.kind) {
      case 'outcome': {
        const { outcome, durability, reign } = answer
        const response = this.#outcome(call, command, outcome, { durability, least })
        // the pair may have gone solo while the write was under way: what took effect stays, but is no success
        const short = least === 'mirrored' && durability === 'solo' && response.ok
        return ofReign(reign, short ? this.#notMirrored(call, 'yes') : response)
      }
      case 'solo':
        return this.#notMirrored(call, answer.earlier ? 'yes' : 'no')
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

  #notMirrored(call: LocalCall, committed: Committed): Response {
    return problem('not-mirrored', { ...this.answers.about(call), committed, retryable: true })
  }

  #outcome(call: LocalCall, command: AskedCommand, outcome: WriteOutcome, { durability, least }: Kept): Response {
    const { answers } = this
    const headers = answers.served(call)
    headers['Tandem-Durability'] = durability
    const succeeds = (done: Done): Response => {
      if (least === 'mirrored') headers[PREFERENCE_APPLIED] = 'durability=mirrored'
      return success(done, keysOf(command), headers)
    }
    switch (outcome.kind) {
      case 'created':
      case 'replaced':
      case 'deleted':
      case 'placed':
      case 'transacted':
        return succeeds(outcome)
      case 'replayed':
        // a router's own second try is nothing that its client knows of
        if (command.idem?.kind === 'client') headers[REPLAYED] = 'true'
        return succeeds(outcome.done)
      case 'mismatch':
        return answers.refuse(call, 'idempotency-mismatch', { headers })
      case 'outdated':
        return answers.refuse(call, 'minted-key-outdated', { headers, retryable: true })
      case 'failed':
        // the reason is the database's own text: the writer logs it, a client must not see it
        return answers.refuse(call, 'unavailable', { headers, detail: 'The database refused this write.' })
      case 'expired':
        throw new Error(`${command.op} came to ${outcome.kind}`)
      default: {
        const { name, fields } =
          outcome.kind === 'refused' ? refusedInTransaction(outcome.op, outcome.refusal) : refusedAs(outcome)
        return answers.refuse(call, name, { ...fields, headers: { ...headers, ...fields.headers } })
      }
    }
  }
}

const keysOf = (command: AskedCommand): readonly string[] =>
  command.op === 'tx' ? command.ops.map(({ key }) => key) : [command.key]
