// This origin and the register: looking at all three, the round at every start, the first boot, proposals, repair.
import { SHARDS } from '../../router/words.ts'
import { ACCEPTORS, type AcceptorName, type AcceptorReply, type Ballot, MAJORITY } from '../register/acceptor.ts'
import type { PairRecord, RegisterValue } from '../register/record.ts'
import { REGISTER_PROBE_MS, REGISTER_PROBE_UNSETTLED_MS, ROUND_DEADLINE_MS } from './limits.ts'
import type { Change, ProposerOutcome, ProposerStep } from './proposer.ts'
import { adopt } from './reign.ts'
import { announce } from './standby.ts'
import { emit, isMember, log, type Proposal, persist, type State } from './state.ts'

/** Rounds of the proposer count from 1; these two are not part of a proposal. */
const PROBE_ROUND = 0
const FIRST_BOOT_ROUND = -1
/** The same for every attempt at one first boot, so that a half-done one can be finished. */
const FIRST_BOOT_BALLOT: Ballot = { counter: 1, proposer: 'first boot' }
/** Nothing is lost by giving up before an accept was sent. */
const ABANDON_AFTER_MS = 500

export function registerTick(s: State): void {
  step(s, s.proposer.tick(s.now))
  const probe = s.registers
  if (s.now < probe.nextProbeAt) return
  const settled = s.synced && isMember(s) && s.peer !== null
  probe.nextProbeAt = s.now + (settled ? REGISTER_PROBE_MS : REGISTER_PROBE_UNSETTLED_MS)
  probe.replies.clear()
  probe.probeSentAt = s.now
  for (const acceptor of ACCEPTORS)
    emit(s, { type: 'register', round: PROBE_ROUND, acceptor, lineage: null, request: { op: 'read' } })
}

export function onRegister(s: State, round: number, acceptor: AcceptorName, reply: AcceptorReply): void {
  if (round === PROBE_ROUND) return onProbe(s, acceptor, reply)
  if (round === FIRST_BOOT_ROUND) {
    if (reply.kind === 'admitted') s.registers.nextProbeAt = s.now
    return
  }
  if (reply.kind === 'admitted') log(s, 'warn', `register ${acceptor} was empty and has its vote back`, { acceptor })
  step(s, s.proposer.onReply(round, acceptor, reply, s.now))
}

export function step(s: State, { effects, outcome }: ProposerStep): void {
  for (const effect of effects) {
    if (effect.kind === 'persist')
      persist(
        s,
        { ballotCounter: effect.ballotCounter, ...(effect.intent === null ? {} : { intent: effect.intent }) },
        () => step(s, s.proposer.onPersisted(s.now)),
      )
    else
      emit(s, {
        type: 'register',
        round: effect.round,
        acceptor: effect.acceptor,
        lineage: s.identity.lineage,
        request: effect.request,
      })
  }
  if (outcome !== null) ended(s, outcome)
}

export function propose(s: State, proposal: Proposal, change: Change): void {
  s.proposal = proposal
  if (proposal.why !== 'sync') log(s, 'info', `proposes ${proposal.why}`, { epoch: proposal.epoch })
  emit(s, { type: 'changed' })
  step(s, s.proposer.begin(change, ABANDON_AFTER_MS, s.now))
}

/** Proposes the next record, unless the register has moved on from the one that we know. */
export function proposeRecord(s: State, next: PairRecord, standing: boolean): void {
  propose(s, { why: next.why, epoch: next.epoch, standing }, current =>
    current.record.epoch === next.epoch - 1 ? { record: next, boots: current.boots } : null,
  )
}

function ended(s: State, outcome: ProposerOutcome): void {
  const proposal = s.proposal
  s.proposal = null
  if (outcome.kind === 'abandoned') {
    if (proposal !== null) log(s, 'warn', `could not propose ${proposal.why}: ${outcome.why}`)
    if (s.move !== null) s.move.proposed = false
    s.nextMoveAt = s.now + REGISTER_PROBE_UNSETTLED_MS
  } else {
    const boots = outcome.value.boots[s.me] === s.settings.incarnation
    persist(s, { intent: null, ...(boots ? { incarnations: [s.settings.incarnation] } : {}) })
    if (proposal?.why === 'sync' && boots) {
      s.synced = true
      s.blocked.why = null
      announce(s)
    }
    adopt(s, outcome.value.record)
  }
  emit(s, { type: 'changed' })
}

function onProbe(s: State, acceptor: AcceptorName, reply: AcceptorReply): void {
  const { replies } = s.registers
  replies.set(acceptor, reply)
  if (replies.size < ACCEPTORS.length && s.now < s.registers.probeSentAt + ROUND_DEADLINE_MS) return
  s.registers.last = new Map(replies)
  const states = ACCEPTORS.flatMap(name => {
    const state = replies.get(name)
    return state?.kind === 'state' ? [state] : []
  })
  const empty = ACCEPTORS.filter(name => replies.get(name)?.kind === 'empty')
  if (empty.length > 0 && firstBootIntent(s) !== null) return admitAgain(s, states, empty)
  if (states.length >= MAJORITY) return settledBy(s, states, empty)
  if (s.synced) return
  if (empty.length === ACCEPTORS.length) return firstBoot(s)
  s.blocked.why =
    empty.length >= MAJORITY
      ? 'two registers are empty: `tandem registers rebuild`'
      : 'no majority of the registers answers'
}

type AcceptorState = Extract<AcceptorReply, { kind: 'state' }>

function settledBy(s: State, states: readonly AcceptorState[], empty: readonly AcceptorName[]): void {
  const [first] = states
  if (first === undefined) return
  if (states.some(state => state.lineage !== first.lineage)) {
    s.blocked.why = 'the registers hold different lineages'
    return
  }
  if (s.identity.lineage === null) {
    log(s, 'info', 'joins the lineage of the registers', { lineage: first.lineage })
    persist(s, { lineage: first.lineage })
    announce(s)
  }
  if (s.identity.lineage !== first.lineage) {
    s.blocked.why = `the registers hold lineage ${first.lineage}, this store ${s.identity.lineage}`
    return
  }
  const decided = states.find(x => states.filter(y => sameVote(x, y)).length >= MAJORITY)
  if (decided !== undefined && s.synced) adopt(s, decided.accepted.value.record)
  if (s.proposer.busy) return
  if (!s.synced) propose(s, { why: 'sync', epoch: 0, standing: false }, bootChange(s))
  else if (empty.length === 1 && states.length === MAJORITY && repairs(s))
    propose(s, { why: 'repair', epoch: 0, standing: false }, () => null)
}

/** One of the two does it: a repair is a round like any other, but duels cost time. */
const repairs = (s: State): boolean => isMember(s) && (s.record?.primaries.s0.name === s.me || s.peer === null)

const sameVote = (x: AcceptorState, y: AcceptorState): boolean =>
  x.accepted.ballot.counter === y.accepted.ballot.counter && x.accepted.ballot.proposer === y.accepted.ballot.proposer

/**
 * Every start writes its incarnation into the register before it serves, grants or acknowledges: by then any proposal
 * of an earlier life is decided or void. Where the register has seen an incarnation that this directory does not
 * remember, the directory is an older copy: its store gets a new id, so it is no member.
 */
function bootChange(s: State): Change {
  return current => {
    const seen = current.boots[s.me]
    const rolledBack = seen !== undefined && !s.identity.incarnations.includes(seen)
    if (rolledBack && current.record.members.some(member => member.store === s.identity.store)) {
      log(s, 'error', 'this data directory is an older copy of itself: it is no longer a member', {
        store: s.identity.store,
      })
      persist(s, { store: s.settings.newId() })
      announce(s)
    }
    return { record: current.record, boots: { ...current.boots, [s.me]: s.settings.incarnation } }
  }
}

/** The only automatic first boot: all three registers empty, both stores new, and a (not b) begins. */
function firstBoot(s: State): void {
  const hello = s.peer?.hello ?? null
  if (s.identity.lineage !== null) {
    s.blocked.why = 'all registers are empty but this store is not new: `tandem registers rebuild`'
    return
  }
  if (SHARDS.some(shard => s.shards[shard].last.index > 0)) {
    s.blocked.why = 'all registers are empty but this store holds entries: `tandem registers rebuild`'
    return
  }
  s.blocked.why = 'first boot: waits for the other origin'
  if (s.me !== 'a' || hello === null) return
  if (hello.lineage !== null || !hello.fresh) {
    s.blocked.why = 'all registers are empty but the other store is not new: `tandem registers rebuild`'
    return
  }
  const lineage = s.settings.newId()
  const { incarnation } = s.settings
  const value: RegisterValue = {
    record: {
      lineage,
      epoch: 1,
      members: [
        { name: 'a', store: s.identity.store },
        { name: 'b', store: hello.store },
      ],
      primaries: {
        s0: { name: 'a', incarnation, since: 1, pinned: false },
        s1: { name: 'b', incarnation: hello.incarnation, since: 1, pinned: false },
      },
      by: { name: 'a', incarnation },
      why: 'first boot',
    },
    boots: { a: incarnation, b: hello.incarnation },
  }
  log(s, 'info', 'first boot of the pair', { lineage })
  s.registers.nextProbeAt = Number.POSITIVE_INFINITY
  persist(s, { lineage, intent: value }, () => admit(s, value, ACCEPTORS))
}

function admit(s: State, value: RegisterValue, acceptors: readonly AcceptorName[]): void {
  s.registers.nextProbeAt = s.now + REGISTER_PROBE_UNSETTLED_MS
  const request = { op: 'admit', ballot: FIRST_BOOT_BALLOT, value } as const
  for (const acceptor of acceptors)
    emit(s, { type: 'register', round: FIRST_BOOT_ROUND, acceptor, lineage: value.record.lineage, request })
}

/** A first boot that died half way goes on with the very same value, as long as nobody can have moved on from it. */
function admitAgain(s: State, states: readonly AcceptorState[], empty: readonly AcceptorName[]): void {
  const intent = firstBootIntent(s)
  if (intent === null || s.proposer.busy) return
  const untouched =
    states.length + empty.length === ACCEPTORS.length &&
    states.every(
      state => state.lineage === intent.record.lineage && state.promised.counter === FIRST_BOOT_BALLOT.counter,
    )
  if (untouched) return admit(s, intent, empty)
  // A round over fewer would touch what is there, and then this first boot could never be finished.
  if (states.length >= MAJORITY) settledBy(s, states, empty)
  else s.blocked.why = 'a first boot is half done: waits for all registers to answer'
}

/** The first value of the lineage, as this origin wrote it down before it sent it; later values also carry its record. */
function firstBootIntent(s: State): RegisterValue | null {
  const intent = s.identity.intent
  if (intent === null || s.me !== 'a' || intent.record.why !== 'first boot') return null
  const { record, boots } = intent
  return boots.a === record.by.incarnation && boots.b === record.primaries.s1.incarnation ? intent : null
}
