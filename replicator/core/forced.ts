// A person makes a store primary that is no member, because the member's host is gone for good. What only that one had is
// lost, so everything that can show that it lives forbids it: the link, and what the registers have heard of it.
import { peerOf, SHARDS } from '../../router/words.ts'
import { ACCEPTORS, MAJORITY } from '../register/acceptor.ts'
import { aloneRecord } from './choice.ts'
import { NEWS_MS, ROUND_DEADLINE_MS } from './limits.ts'
import { proposeRecord } from './register.ts'
import { emit, isFit, isMember, isSole, log, persist, type State } from './state.ts'

/** Why this origin is not made primary by force, as far as is known without asking anybody; null where nothing forbids it. */
export function whyNotForced(s: State): string | null {
  const { record } = s
  if (record === null || !s.synced) return s.blocked.why ?? 'the register has not been read yet'
  if (isSole(s)) return 'this store is the only member already'
  if (isMember(s) && isFit(s))
    return 'this store is a member: it takes over by itself as soon as it may; nothing has to be forced'
  if (s.unfit !== null) return s.unfit
  if (SHARDS.some(shard => s.shards[shard].installing.size > 0)) return 'a snapshot is on its way into this store'
  if (s.forcing === null && (s.proposer.busy || s.move !== null)) return 'another change is under way'
  return whyPeerLives(s)
}

/** That the other origin is connected, or what the registers have heard of it of late; null where nothing shows that it lives. */
export function whyPeerLives(s: State): string | null {
  const peer = peerOf(s.me)
  if (s.peer !== null) return `origin ${peer} is connected: it lives`
  for (const [name, { at, ago }] of s.registers.calls) {
    const heard = ago[peer]
    if (heard === null || heard + (s.now - at) > NEWS_MS) continue
    return `origin ${peer} lives: it called register ${name} ${Math.round((heard + s.now - at) / 1000)} s ago`
  }
  return null
}

export function onForce(s: State, command: number): void {
  const why = whyNotForced(s)
  if (why !== null || s.forcing !== null)
    return emit(s, { type: 'reply', id: command, ok: false, detail: why ?? 'this is under way already' })
  s.forcing = { command, since: s.now, proposed: false }
  s.registers.nextProbeAt = s.now
}

/** Once the registers have spoken: proposes, and tells the person what became of it. */
export function forceTick(s: State): void {
  const { forcing, record } = s
  if (forcing === null || s.proposer.busy) return
  const end = (ok: boolean, detail: string): void => {
    s.forcing = null
    emit(s, { type: 'reply', id: forcing.command, ok, detail })
  }
  if (forcing.proposed) {
    const ours = isSole(s) && record?.by.incarnation === s.settings.incarnation
    return end(ours, ours ? `alone in epoch ${record.epoch}` : 'the register decided otherwise')
  }
  const spoke = ACCEPTORS.filter(name => (s.registers.calls.get(name)?.at ?? Number.NEGATIVE_INFINITY) > forcing.since)
  if (spoke.length < ACCEPTORS.length && s.now < forcing.since + ROUND_DEADLINE_MS) return
  const why = whyNotForced(s)
  if (why !== null || record === null) return end(false, why ?? 'the register has not been read yet')
  if (spoke.length < MAJORITY) return end(false, 'no majority of the registers says when the other origin lived last')
  log(s, 'warn', 'is made primary by force: what only the other origin had is lost', { members: record.members })
  forcing.proposed = true
  // Whatever it differed in, it is the pair's truth from now on.
  persist(s, { drifted: [] })
  proposeRecord(s, aloneRecord(s, record, 'forced'), true)
}
