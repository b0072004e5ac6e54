// The port to one register: an acceptor of single-value Paxos whose value changes (CASPaxos, Rystsov 2018).
import type { OriginName } from '../../router/words.ts'
import type { RegisterValue } from './record.ts'

export type AcceptorName = OriginName | 'w'
export const ACCEPTORS: readonly AcceptorName[] = ['a', 'b', 'w']
export const MAJORITY = 2

/** Ordered by counter, then by proposer (an incarnation, so two proposers never share a ballot). */
export type Ballot = { readonly counter: number; readonly proposer: string }

export const compareBallots = (x: Ballot, y: Ballot): number =>
  x.counter !== y.counter ? x.counter - y.counter : x.proposer < y.proposer ? -1 : x.proposer > y.proposer ? 1 : 0

export type Accepted = { readonly ballot: Ballot; readonly value: RegisterValue }

/** Milliseconds since each origin called last, by the register's own clock; null where it never did. */
export type Calls = Readonly<Record<OriginName, number | null>>

export type AcceptorRequest =
  | { readonly op: 'read' }
  /** leaves word that this origin lives, and asks when each did so last; apart from the votes, with or without a marker */
  | { readonly op: 'call'; readonly by: OriginName }
  /** granted where `ballot` is strictly greater than the promised one */
  | { readonly op: 'prepare'; readonly ballot: Ballot }
  /** granted where `ballot` is at least the promised one */
  | { readonly op: 'accept'; readonly ballot: Ballot; readonly value: RegisterValue }
  /** only for an acceptor without an identity marker: gives it the marker (the lineage) and this vote, at once */
  | { readonly op: 'admit'; readonly ballot: Ballot; readonly value: RegisterValue }

export type AcceptorReply =
  /** no identity marker: new or wiped; it has no vote */
  | { readonly kind: 'empty' }
  /** its marker names another lineage than `lineage` of the call */
  | { readonly kind: 'foreign'; readonly lineage: string }
  | { readonly kind: 'state'; readonly lineage: string; readonly promised: Ballot; readonly accepted: Accepted }
  | { readonly kind: 'promised'; readonly accepted: Accepted }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'admitted' }
  | { readonly kind: 'called'; readonly ago: Calls }
  /** `admit` found a marker */
  | { readonly kind: 'occupied' }
  | { readonly kind: 'refused'; readonly promised: Ballot }
  /** no answer within the deadline, or an error: the request may or may not have taken effect */
  | { readonly kind: 'failed'; readonly reason: string }

export interface Acceptors {
  /**
   * Never rejects and never sends twice. `lineage` null asks without checking (only `read` and `call` may).
   * Answers within the deadline that the implementation was given.
   */
  send(acceptor: AcceptorName, lineage: string | null, request: AcceptorRequest): Promise<AcceptorReply>
  close(): Promise<void>
}
