// This origin and the register: looking at all three, the round at every start, the first boot, proposals, repair.
import { SHARDS } from '../../router/words.ts'
import { ACCEPTORS, type AcceptorName, type AcceptorReply, MAJORITY } from '../register/acceptor.ts'
import type { PairRecord } from '../register/record.ts'
import { FIRST_BOOT_ROUND, firstBoot, resumesFirstBoot } from './firstboot.ts'
import { REGISTER_PROBE_MS, REGISTER_PROBE_UNSETTLED_MS, ROUND_DEADLINE_MS } from './limits.ts'
import type { Change, ProposerOutcome, ProposerStep } from './proposer.ts'
import { onRebuildReply, REBUILD_ROUND } from './rebuild.ts'
import { adopt, leaseHolds } from './reign.ts'
import { announce } from './standby.ts'
import { emit, isMember, log, type Proposal, persist, type State } from './state.ts'

/** Rounds of the proposer count from 1; these are not part of a proposal. */
const PROBE_ROUND = 0
const CALL_ROUND = -2
/** Nothing is lost by giving up before an accept was sent. */
const ABANDON_AFTER_MS = 500

export function registerTick(s: State): void {
  step(s, s.proposer.tick(s.now))
  const probe = s.registers
  // A primary whose lease has ended may be the one that is cut off: whether its host can serve is asked at once.
  const outOfLease = SHARDS.some(shard => s.shards[shard].reign !== null) && !leaseHolds(s, s.now)
  const settled = s.synced && isMember(s) && s.peer !== null && !outOfLease
  const soonAt = outOfLease ? probe.probeSentAt + REGISTER_PROBE_UNSETTLED_MS : probe.nextProbeAt
  if (s.now < Math.min(probe.nextProbeAt, soonAt)) return
  probe.nextProbeAt = s.now + (settled ? REGISTER_PROBE_MS : REGISTER_PROBE_UNSETTLED_MS)
  probe.replies.clear()
  probe.probeSentAt = s.now
  for (const acceptor of ACCEPTORS)
    emit(s, { type: 'register', round: PROBE_ROUND, acceptor, lineage: null, request: { op: 'read' } })
  for (const acceptor of ACCEPTORS)
    emit(s, { type: 'register', round: CALL_ROUND, acceptor, lineage: null, request: { op: 'call', by: s.me } })
}

/** A signed view of our lineage: where it is newer than the record, this origin serves nothing until it has read that. */
export function onShown(s: State, lineage: string, epoch: number): void {
  if (s.record === null || lineage !== s.record.lineage || epoch <= Math.max(s.record.epoch, s.shownEpoch)) return
  log(s, 'warn', 'a newer epoch was shown', { epoch, ours: s.record.epoch })
  s.shownEpoch = epoch
  s.registers.nextProbeAt = s.now
  emit(s, { type: 'changed' })
}

export function onRegister(s: State, round: number, acceptor: AcceptorName, reply: AcceptorReply): void {
  if (round === PROBE_ROUND) return onProbe(s, acceptor, reply)
  if (round === FIRST_BOOT_ROUND) {
    if (reply.kind === 'admitted') s.registers.nextProbeAt = s.now
    return
  }
  if (round === CALL_ROUND) {
    if (reply.kind === 'called') s.registers.calls.set(acceptor, { at: s.now, ago: reply.ago })
    return
  }
  if (round === REBUILD_ROUND) return onRebuildReply(s, acceptor, reply)
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
    if (proposal?.why === 'sync' && boots) {
      s.synced = true
      s.blocked.why = null
      announce(s)
    }
    adopt(s, outcome.value.record)
    // After the record itself: a disk that holds no intent knows of everything that it ever proposed.
    persist(s, { intent: null, ...(boots ? { incarnations: [s.settings.incarnation] } : {}) })
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
  s.registers.emptySince = empty.length >= MAJORITY ? (s.registers.emptySince ?? s.now) : null
  if (empty.length > 0 && resumesFirstBoot(s, states, empty)) return
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
  const { lineage } = s.identity
  const replaced = lineage !== null && states.filter(state => state.lineage !== lineage).length >= MAJORITY
  if (replaced !== s.replaced) emit(s, { type: 'changed' })
  s.replaced = replaced
  if (states.some(state => state.lineage !== first.lineage)) {
    s.blocked.why = 'the registers hold different lineages'
    return
  }
  if (s.identity.restored?.from === first.lineage) {
    s.blocked.why = `this store was restored from a backup of lineage ${first.lineage}, which the registers still hold: empty them (\`DEL tandem:register\` on each)`
    return
  }
  if (s.identity.lineage === null) {
    log(s, 'info', 'joins the lineage of the registers', { lineage: first.lineage })
    persist(s, { lineage: first.lineage, restored: null })
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
