// The beginning of a lineage: by a pair that is wholly new, or by a store that was put in place from a backup.
import { SHARDS } from '../../router/words.ts'
import { ACCEPTORS, type AcceptorName, type AcceptorReply, type Ballot, MAJORITY } from '../register/acceptor.ts'
import type { RegisterValue, Reign } from '../register/record.ts'
import { whyPeerLives } from './forced.ts'
import { REGISTER_PROBE_UNSETTLED_MS } from './limits.ts'
import { emit, log, persist, type State } from './state.ts'

/** Not a round of the proposer. */
export const FIRST_BOOT_ROUND = -1
/** The same for every attempt at one first boot, so that a half-done one can be finished. */
const FIRST_BOOT_BALLOT: Ballot = { counter: 1, proposer: 'first boot' }

type AcceptorState = Extract<AcceptorReply, { kind: 'state' }>

/** All three registers are empty. The only automatic first boot: both stores new, and a (not b) begins. */
export function firstBoot(s: State): void {
  if (s.identity.restored !== null) return restoredBoot(s, s.identity.restored.epoch)
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
  // Who is told to stop while the pair begins would be missed by it at once.
  if (s.leaving || hello.leaving) return
  if (hello.lineage !== null || !hello.fresh) {
    s.blocked.why = 'all registers are empty but the other store is not new: `tandem registers rebuild`'
    return
  }
  const lineage = s.settings.newId()
  const { incarnation } = s.settings
  begin(s, {
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
  })
}

/**
 * A store from a backup begins a lineage of its own, alone; the other origin rejoins it. Never beside an origin that lives
 * on in the old one. Where both were restored, only one may begin: a, or the one that the registers alone have heard of.
 */
function restoredBoot(s: State, epoch: number): void {
  const hello = s.peer?.hello ?? null
  const why = whyNotRestored(s)
  if (why !== null) {
    s.blocked.why = why
    return
  }
  const { incarnation } = s.settings
  const reign: Reign = { name: s.me, incarnation, since: epoch, pinned: false }
  log(s, 'warn', 'a new lineage begins from a backup', { epoch, beside: hello?.store ?? null })
  begin(s, {
    record: {
      lineage: s.settings.newId(),
      epoch,
      members: [{ name: s.me, store: s.identity.store }],
      primaries: { s0: reign, s1: reign },
      by: { name: s.me, incarnation },
      why: 'restored',
    },
    boots: { [s.me]: incarnation },
  })
}

function whyNotRestored(s: State): string | null {
  const hello = s.peer?.hello ?? null
  if (hello !== null) {
    if (hello.lineage !== null)
      return `this store was restored, but origin ${s.peerName} still belongs to lineage ${hello.lineage}: stop it and move its data away`
    return s.me === 'b' && !hello.fresh ? 'both stores were restored: waits for origin a to begin' : null
  }
  const { calls } = s.registers
  const spoke = ACCEPTORS.every(name => (calls.get(name)?.at ?? Number.NEGATIVE_INFINITY) > s.startedAt)
  if (!spoke) return 'this store was restored: waits for all registers'
  const lives = whyPeerLives(s)
  return lives === null ? null : `this store was restored, and waits for the link: ${lives}`
}

function begin(s: State, value: RegisterValue): void {
  const { lineage } = value.record
  log(s, 'info', 'first boot of the pair', { lineage })
  s.registers.nextProbeAt = Number.POSITIVE_INFINITY
  persist(s, { lineage, intent: value, restored: null }, () => admit(s, value, ACCEPTORS))
}

function admit(s: State, value: RegisterValue, acceptors: readonly AcceptorName[]): void {
  s.registers.nextProbeAt = s.now + REGISTER_PROBE_UNSETTLED_MS
  const request = { op: 'admit', ballot: FIRST_BOOT_BALLOT, value } as const
  for (const acceptor of acceptors)
    emit(s, { type: 'register', round: FIRST_BOOT_ROUND, acceptor, lineage: value.record.lineage, request })
}

/**
 * A first boot that died half way goes on with the very same value, as long as nobody can have moved on from it. False
 * where a majority has its vote, and the register is to be read as always.
 */
export function resumesFirstBoot(s: State, states: readonly AcceptorState[], empty: readonly AcceptorName[]): boolean {
  const intent = firstBootIntent(s)
  if (intent === null) return false
  if (s.proposer.busy) return true
  const untouched =
    states.length + empty.length === ACCEPTORS.length &&
    states.every(
      state => state.lineage === intent.record.lineage && state.promised.counter === FIRST_BOOT_BALLOT.counter,
    )
  if (untouched) {
    admit(s, intent, empty)
    return true
  }
  // A round over fewer would touch what is there, and then this first boot could never be finished.
  if (states.length >= MAJORITY) return false
  s.blocked.why = 'a first boot is half done: waits for all registers to answer'
  return true
}

/** The first value of the lineage, as this origin wrote it down before it sent it; later values also carry its record. */
function firstBootIntent(s: State): RegisterValue | null {
  const intent = s.identity.intent
  if (intent === null) return null
  const { record, boots } = intent
  if (record.by.name !== s.me || boots[s.me] !== record.by.incarnation) return null
  if (record.why === 'restored') return intent
  return record.why === 'first boot' && boots.b === record.primaries.s1.incarnation ? intent : null
}
