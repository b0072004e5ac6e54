// One proposal to the register: CASPaxos (Rystsov 2018) in two rounds over three acceptors, as a state machine without I/O.
// A proposal of which an accept has left never gives up: it ends only when some value is known to be decided.
import {
  ACCEPTORS,
  type Accepted,
  type AcceptorName,
  type AcceptorReply,
  type AcceptorRequest,
  type Ballot,
  compareBallots,
  MAJORITY,
} from '../register/acceptor.ts'
import type { RegisterValue } from '../register/record.ts'
import { ROUND_BACKOFF_MS, ROUND_DEADLINE_MS } from './limits.ts'

/** The next value, or null to leave the current one as it is (it is decided all the same). */
export type Change = (current: RegisterValue) => RegisterValue | null

export type ProposerEffect =
  | { readonly kind: 'persist'; readonly ballotCounter: number; readonly intent: RegisterValue | null }
  | {
      readonly kind: 'request'
      readonly round: number
      readonly acceptor: AcceptorName
      readonly request: AcceptorRequest
    }

export type ProposerOutcome =
  /** `ours`: the decided value is what `change` made */
  | { readonly kind: 'decided'; readonly value: RegisterValue; readonly ours: boolean }
  /** no majority could be asked and nothing of ours was sent: as if never begun */
  | { readonly kind: 'abandoned'; readonly why: string }

export type ProposerStep = { readonly effects: readonly ProposerEffect[]; readonly outcome: ProposerOutcome | null }

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'persistBallot' }
  | {
      readonly kind: 'prepare'
      readonly deadline: number
      readonly promises: Map<AcceptorName, Accepted>
      readonly answered: Set<AcceptorName>
    }
  | { readonly kind: 'persistIntent'; readonly value: RegisterValue; readonly ours: boolean }
  | {
      readonly kind: 'accept'
      readonly deadline: number
      readonly value: RegisterValue
      readonly ours: boolean
      readonly accepted: Set<AcceptorName>
      readonly answered: Set<AcceptorName>
    }
  | { readonly kind: 'backoff'; readonly until: number }

const NOTHING: ProposerStep = { effects: [], outcome: null }

export class Proposer {
  readonly #proposer: string
  readonly #random: () => number
  #phase: Phase = { kind: 'idle' }
  #change: Change = () => null
  #abandonAfter = 0
  #acceptSent = false
  /** since the proposal began */
  #rounds = 0
  #round = 0
  #ballot: Ballot
  #counterSeen: number
  /** acceptors without a marker, as this proposal saw them */
  #empty = new Set<AcceptorName>()

  constructor(proposer: string, ballotCounter: number, random: () => number) {
    this.#proposer = proposer
    this.#random = random
    this.#counterSeen = ballotCounter
    this.#ballot = { counter: ballotCounter, proposer }
  }

  get busy(): boolean {
    return this.#phase.kind !== 'idle'
  }

  /** Highest ballot counter known: a later proposal, of this incarnation or the next, begins above it. */
  get ballotCounter(): number {
    return this.#counterSeen
  }

  /** Somebody else used this counter: a later round begins above it. */
  saw(counter: number): void {
    this.#counterSeen = Math.max(this.#counterSeen, counter)
  }

  /** True once an accept left: from then on the proposal may be decided without our knowing. */
  get committedTo(): boolean {
    return this.busy && this.#acceptSent
  }

  /** @param abandonAfterMs how long to look for a majority before giving up, as long as no accept has left */
  begin(change: Change, abandonAfterMs: number, now: number): ProposerStep {
    if (this.busy) throw new Error('a proposal is under way')
    this.#change = change
    this.#abandonAfter = now + abandonAfterMs
    this.#acceptSent = false
    this.#rounds = 0
    this.#empty.clear()
    return this.#newRound()
  }

  onPersisted(now: number): ProposerStep {
    const phase = this.#phase
    if (phase.kind === 'persistBallot') {
      this.#phase = { kind: 'prepare', deadline: now + ROUND_DEADLINE_MS, promises: new Map(), answered: new Set() }
      return this.#ask({ op: 'prepare', ballot: this.#ballot })
    }
    if (phase.kind === 'persistIntent') return this.#accept(phase.value, phase.ours, now)
    return NOTHING
  }

  onReply(round: number, acceptor: AcceptorName, reply: AcceptorReply, now: number): ProposerStep {
    if (reply.kind === 'refused') this.saw(reply.promised.counter)
    if (round !== this.#round) return NOTHING
    if (reply.kind === 'empty') this.#empty.add(acceptor)
    const phase = this.#phase
    if (phase.kind === 'prepare') {
      phase.answered.add(acceptor)
      if (reply.kind === 'promised') phase.promises.set(acceptor, reply.accepted)
      return this.#afterPrepare(phase, now)
    }
    if (phase.kind === 'accept') {
      phase.answered.add(acceptor)
      if (reply.kind === 'accepted') phase.accepted.add(acceptor)
      return this.#afterAccept(phase, now)
    }
    return NOTHING
  }

  tick(now: number): ProposerStep {
    const phase = this.#phase
    if (phase.kind === 'backoff' && now >= phase.until) return this.#newRound()
    if ((phase.kind === 'prepare' || phase.kind === 'accept') && now >= phase.deadline) return this.#again(now)
    return NOTHING
  }

  #newRound(): ProposerStep {
    this.#rounds++
    this.#round++
    this.#counterSeen++
    this.#ballot = { counter: this.#counterSeen, proposer: this.#proposer }
    this.#phase = { kind: 'persistBallot' }
    return { effects: [{ kind: 'persist', ballotCounter: this.#counterSeen, intent: null }], outcome: null }
  }

  #ask(request: AcceptorRequest): ProposerStep {
    const round = this.#round
    return { effects: ACCEPTORS.map(acceptor => ({ kind: 'request', round, acceptor, request })), outcome: null }
  }

  #afterPrepare(phase: Extract<Phase, { kind: 'prepare' }>, now: number): ProposerStep {
    if (phase.promises.size < MAJORITY) return phase.answered.size === ACCEPTORS.length ? this.#again(now) : NOTHING
    let newest: Accepted | null = null
    for (const accepted of phase.promises.values())
      if (newest === null || compareBallots(accepted.ballot, newest.ballot) > 0) newest = accepted
    if (newest === null) throw new Error('a majority promised nothing')
    const changed = this.#change(newest.value)
    if (changed === null) return this.#accept(newest.value, false, now)
    this.#phase = { kind: 'persistIntent', value: changed, ours: true }
    return { effects: [{ kind: 'persist', ballotCounter: this.#counterSeen, intent: changed }], outcome: null }
  }

  #accept(value: RegisterValue, ours: boolean, now: number): ProposerStep {
    this.#acceptSent = true
    this.#phase = {
      kind: 'accept',
      deadline: now + ROUND_DEADLINE_MS,
      value,
      ours,
      accepted: new Set(),
      answered: new Set(),
    }
    return this.#ask({ op: 'accept', ballot: this.#ballot, value })
  }

  #afterAccept(phase: Extract<Phase, { kind: 'accept' }>, now: number): ProposerStep {
    if (phase.accepted.size < MAJORITY) return phase.answered.size === ACCEPTORS.length ? this.#again(now) : NOTHING
    const readmit = this.#readmission(phase)
    this.#phase = { kind: 'idle' }
    return { effects: readmit, outcome: { kind: 'decided', value: phase.value, ours: phase.ours } }
  }

  /**
   * A wiped acceptor forgot what it promised and accepted. It may vote again once BOTH others have accepted under a
   * ballot higher than any it can have voted in: no older value can be chosen with its help any more.
   */
  #readmission(phase: Extract<Phase, { kind: 'accept' }>): ProposerEffect[] {
    const [wiped] = this.#empty
    if (wiped === undefined || this.#empty.size > 1 || phase.accepted.has(wiped)) return []
    const request: AcceptorRequest = { op: 'admit', ballot: this.#ballot, value: phase.value }
    return [{ kind: 'request', round: this.#round, acceptor: wiped, request }]
  }

  #again(now: number): ProposerStep {
    if (!this.#acceptSent && now >= this.#abandonAfter) {
      this.#phase = { kind: 'idle' }
      const why =
        this.#empty.size >= MAJORITY ? 'a majority of the registers is empty' : 'no majority of the registers answers'
      return { effects: [], outcome: { kind: 'abandoned', why } }
    }
    // The other origin proposed last, so its ballot is above ours: that is no duel yet, and writers may be waiting.
    if (this.#rounds === 1 && !this.#acceptSent && this.#counterSeen > this.#ballot.counter) return this.#newRound()
    this.#phase = { kind: 'backoff', until: now + (0.2 + this.#random()) * ROUND_BACKOFF_MS }
    return NOTHING
  }
}
