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

type State = { readonly lineage: string; readonly promised: Ballot; readonly accepted: Accepted }

/** One acceptor's answer, and its state afterwards. Pure. */
export function acceptorStep(
  state: State | null,
  lineage: string | null,
  request: AcceptorRequest,
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

export class ModelAcceptors implements Acceptors {
  readonly #states = new Map<AcceptorName, State>()
  readonly #down = new Set<AcceptorName>()

  async send(acceptor: AcceptorName, lineage: string | null, request: AcceptorRequest): Promise<AcceptorReply> {
    if (this.#down.has(acceptor)) return { kind: 'failed', reason: 'down' }
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
  }

  async close(): Promise<void> {}
}
