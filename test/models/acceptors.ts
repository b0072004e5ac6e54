// The register in memory: passes the same suite as the one over Redis. For the simulation and for tests without Redis.

import {
  type Accepted,
  type AcceptorName,
  type AcceptorReply,
  type AcceptorRequest,
  type Acceptors,
  type Ballot,
  compareBallots,
} from '../../replicator/register/acceptor.ts'
import type { OriginName } from '../../router/words.ts'

type State = { readonly lineage: string; readonly promised: Ballot; readonly accepted: Accepted }

/** What is about votes; a `call` is not. */
export type VoteRequest = Exclude<AcceptorRequest, { op: 'call' }>

/** One acceptor's answer, and its state afterwards. Pure. */
export function acceptorStep(
  state: State | null,
  lineage: string | null,
  request: VoteRequest,
): readonly [State | null, AcceptorReply] {
  if (request.op === 'read') {
    if (state === null) return [state, { kind: 'empty' }]
    if (lineage !== null && lineage !== state.lineage) return [state, { kind: 'foreign', lineage: state.lineage }]
    return [state, { kind: 'state', ...state }]
  }
  if (lineage === null) return [state, { kind: 'failed', reason: `${request.op} needs a lineage` }]
  const { ballot } = request
  if (request.op === 'admit') {
    if (state !== null) return [state, { kind: 'occupied' }]
    return [{ lineage, promised: ballot, accepted: { ballot, value: request.value } }, { kind: 'admitted' }]
  }
  if (state === null) return [state, { kind: 'empty' }]
  if (state.lineage !== lineage) return [state, { kind: 'foreign', lineage: state.lineage }]
  const order = compareBallots(ballot, state.promised)
  if (request.op === 'prepare') {
    if (order <= 0) return [state, { kind: 'refused', promised: state.promised }]
    return [
      { ...state, promised: ballot },
      { kind: 'promised', accepted: state.accepted },
    ]
  }
  if (order < 0) return [state, { kind: 'refused', promised: state.promised }]
  return [{ lineage, promised: ballot, accepted: { ballot, value: request.value } }, { kind: 'accepted' }]
}

/** When each origin called a register last, in milliseconds of whatever clock the caller has. */
export class CallBook {
  readonly #at: Partial<Record<OriginName, number>> = {}

  call(by: OriginName, now: number): AcceptorReply {
    this.#at[by] = now
    const ago = (name: OriginName): number | null => {
      const at = this.#at[name]
      return at === undefined ? null : Math.floor(now - at)
    }
    return { kind: 'called', ago: { a: ago('a'), b: ago('b') } }
  }
}

export class ModelAcceptors implements Acceptors {
  readonly #states = new Map<AcceptorName, State>()
  readonly #down = new Set<AcceptorName>()
  readonly #books = new Map<AcceptorName, CallBook>()

  async send(acceptor: AcceptorName, lineage: string | null, request: AcceptorRequest): Promise<AcceptorReply> {
    if (this.#down.has(acceptor)) return { kind: 'failed', reason: 'down' }
    if (request.op === 'call') {
      const book = this.#books.get(acceptor) ?? new CallBook()
      this.#books.set(acceptor, book)
      return book.call(request.by, performance.now())
    }
    const [state, reply] = acceptorStep(this.#states.get(acceptor) ?? null, lineage, request)
    if (state !== null) this.#states.set(acceptor, state)
    return reply
  }

  down(acceptor: AcceptorName): void {
    this.#down.add(acceptor)
  }

  up(acceptor: AcceptorName): void {
    this.#down.delete(acceptor)
  }

  wipe(acceptor: AcceptorName): void {
    this.#states.delete(acceptor)
    this.#books.delete(acceptor)
  }

  async close(): Promise<void> {}
}
