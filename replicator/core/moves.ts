// Changes by agreement: adding the peer's store, handing shards over, leaving. Each begins with both copies level.
import { homeOf, SHARDS, type ShardName } from '../../router/words.ts'
import type { Reign } from '../register/record.ts'
import { nextRecord, stableMs, willingPeer } from './choice.ts'
import type { OperatorCommand } from './events.ts'
import { onForce } from './forced.ts'
import { HANDOVER_LEVEL_MS, LOSSES_FORGOTTEN_MS, RETRY_MS } from './limits.ts'
import { onRebuild } from './rebuild.ts'
import { proposeRecord } from './register.ts'
import { leaseHolds, recommit } from './reign.ts'
import { announce, markDrifted } from './standby.ts'
import { emit, isFit, isMember, isSole, log, type Move, memberPeer, persist, type State } from './state.ts'

export function movesTick(s: State): void {
  // Losses older than the longest stable time no longer count.
  while (s.losses[0] !== undefined && s.now - s.losses[0] > LOSSES_FORGOTTEN_MS) s.losses.shift()
  if (s.proposer.busy || s.record === null || !s.synced) return
  if (s.move !== null) return moveTick(s, s.move)
  if (s.adding !== null || isSole(s)) return addingTick(s)
  if (s.now < s.nextMoveAt || !isMember(s)) return
  if (!isFit(s)) return leaveForCause(s)
  drainOrFailBack(s)
}

/** Commits wait for the candidate from before the proposal leaves until it is decided; the proposal never gives up. */
function addingTick(s: State): void {
  const { record } = s
  if (record === null || s.now < s.nextMoveAt) return
  const peer = willingPeer(s)
  if (s.adding === null) {
    if (peer === null || s.leaving || s.now - peer.since < stableMs(s) || !mirrors(s)) return
    s.adding = { store: peer.hello.store, since: s.now }
    return
  }
  if (peer === null || peer.hello.store !== s.adding.store || s.now - s.adding.since > HANDOVER_LEVEL_MS) {
    log(s, 'warn', 'the other origin was not added: it did not stay level')
    s.adding = null
    s.nextMoveAt = s.now + RETRY_MS
    for (const shard of SHARDS) recommit(s, shard)
    return
  }
  if (!SHARDS.every(shard => hasAllCommitted(s, shard)) || !mirrors(s) || !s.lease.runsInSession(s.now)) return
  const members = [...record.members, { name: s.peerName, store: s.adding.store }]
  proposeRecord(s, nextRecord(s, record, { members, why: 'add' }), false)
}

/**
 * On the candidate's disk: also what former reigns have committed, of which this one does not know while its record is not on its
 * own disk yet, or a promise still runs (see recommit).
 */
function hasAllCommitted(s: State, shard: ShardName): boolean {
  const { sender, committed, reign } = s.shards[shard]
  return sender.acked >= Math.max(committed, reign?.start ?? 0)
}

const mirrors = (s: State): boolean =>
  SHARDS.every(
    shard => s.shards[shard].reign?.start !== null && s.shards[shard].reign !== null && s.shards[shard].sender.level,
  )

function drainOrFailBack(s: State): void {
  const peer = memberPeer(s)
  const willing = willingPeer(s)
  if (peer === null || willing === null) return
  const mine = SHARDS.filter(shard => s.shards[shard].reign !== null)
  if (s.identity.drained) {
    if (mine.length > 0) beginMove(s, 'handover', mine, false, null)
    return
  }
  if (s.settings.failback !== 'auto' || willing.hello.drained || s.now - peer.since < stableMs(s)) return
  const away = mine.filter(shard => homeOf(shard) === s.peerName && s.record?.primaries[shard].pinned === false)
  if (away.length > 0) beginMove(s, 'handover', away, false, null)
}

/** A store that drifted, or a disk that refuses writes, gives everything to the peer and comes back by rejoining. */
function leaveForCause(s: State): void {
  if (memberPeer(s) === null || willingPeer(s) === null) return
  beginMove(
    s,
    'leave',
    SHARDS.filter(shard => s.shards[shard].reign !== null),
    false,
    null,
  )
}

function beginMove(
  s: State,
  kind: Move['kind'],
  shards: readonly ShardName[],
  pinned: boolean,
  command: number | null,
): void {
  s.move = { kind, shards, since: s.now, pinned, command, proposed: false }
  s.nextBeatAt = s.now
  closeGates(s, shards)
  // A proposal may be under way (a person's `leave` waits for none): the move goes on when it is decided.
  if (!s.proposer.busy) moveTick(s, s.move)
}

function closeGates(s: State, shards: readonly ShardName[]): void {
  for (const shard of shards) {
    s.shards[shard].closing = 'asked'
    emit(s, { type: 'closeGate', shard })
  }
  emit(s, { type: 'changed' })
}

function moveTick(s: State, move: Move): void {
  const { record } = s
  if (record === null || move.proposed) return settleMove(s, move)
  // Both stop: each stays a member, and they recover together.
  if (move.kind === 'leave' && s.peer?.hello?.leaving) return endMove(s, move, true, 'the other origin leaves as well')
  if (memberPeer(s) === null || !isMember(s)) return endMove(s, move, false, 'the other origin is not there')
  // A reign that began since (this process had just restarted) ends as the others do: its gate closes first.
  const later = SHARDS.filter(shard => s.shards[shard].reign !== null && !move.shards.includes(shard))
  if (move.kind === 'leave' && later.length > 0) {
    s.move = { ...move, shards: [...move.shards, ...later] }
    return closeGates(s, later)
  }
  if (s.now - move.since > HANDOVER_LEVEL_MS) return endMove(s, move, false, 'not level in time')
  const level = move.shards.every(shard => {
    const { closing, last, committed, sender } = s.shards[shard]
    return closing === 'closed' && committed === last.index && sender.acked === last.index
  })
  // Nobody is left the pair who may have died since it was last heard of: its disk may have gone with it.
  if (!level || !s.lease.answeredSince(move.since)) return
  // An answer that waits for the lease to come back must get it before the reign ends.
  if (move.shards.length > 0 && !leaseHolds(s, s.now)) return
  const peer = memberPeer(s)
  if (peer === null) return
  move.proposed = true
  const primaries = { ...record.primaries }
  // Who leaves leaves no shard behind, nor one that an earlier life reigned over: a primary is a member (I3).
  const orphans = SHARDS.filter(shard => move.kind === 'leave' && record.primaries[shard].name === s.me)
  for (const shard of new Set([...move.shards, ...orphans])) {
    const reign: Reign = {
      name: s.peerName,
      incarnation: peer.hello.incarnation,
      since: record.epoch + 1,
      pinned: move.pinned,
    }
    primaries[shard] = reign
  }
  const members = move.kind === 'leave' ? record.members.filter(member => member.name === s.peerName) : record.members
  proposeRecord(s, nextRecord(s, record, { members, primaries, why: move.kind }), false)
}

/** The proposal is decided, one way or the other; or it was given up before anything of it left. */
function settleMove(s: State, move: Move): void {
  if (s.proposer.busy) return
  const moved = move.shards.every(shard => s.record?.primaries[shard].name === s.peerName)
  const left = move.kind !== 'leave' || !isMember(s)
  if (moved && left) endMove(s, move, true, toldOf(s, move))
  else endMove(s, move, false, 'the register decided otherwise')
}

function toldOf(s: State, { shards }: Move): string {
  const what = shards.length === 0 ? 'nothing had to move' : `${shards.join(' and ')} moved to ${s.peerName}`
  return `${what}, epoch ${s.record?.epoch}`
}

function endMove(s: State, move: Move, ok: boolean, detail: string): void {
  s.move = null
  s.nextMoveAt = s.now + RETRY_MS
  for (const shard of SHARDS) s.shards[shard].closing = 'no'
  if (!ok) log(s, 'warn', `${move.kind} was given up: ${detail}`, { shards: move.shards })
  if (move.command !== null) emit(s, { type: 'reply', id: move.command, ok, detail })
  emit(s, { type: 'changed' })
}

export function onGateClosed(s: State, shard: ShardName): void {
  if (s.shards[shard].closing === 'asked') s.shards[shard].closing = 'closed'
}

export function onCommand(s: State, id: number, command: OperatorCommand): void {
  const reply = (ok: boolean, detail: string): void => emit(s, { type: 'reply', id, ok, detail })
  switch (command.kind) {
    case 'handover': {
      if (s.shards[command.shard].reign === null)
        return reply(false, `this origin is not the primary of ${command.shard}`)
      if (s.move !== null || s.proposer.busy) return reply(false, 'another change is under way')
      if (memberPeer(s) === null || willingPeer(s) === null)
        return reply(false, 'the other origin is not there, or not a member')
      // Sent away from home by a person, it stays away until a person sends it back.
      return beginMove(s, 'handover', [command.shard], homeOf(command.shard) === s.me, id)
    }
    case 'drain':
      persist(s, { drained: true }, () => reply(true, 'drained: hands over what it serves and takes nothing back'))
      return announce(s)
    case 'ready':
      persist(s, { drained: false }, () => reply(true, 'ready: gets its half back'))
      return announce(s)
    case 'resync':
      if (isSole(s)) return reply(false, 'this origin is the only member: there is nothing to be reseeded from')
      // Marked as drifted it may not stand: without the other member nobody would serve.
      if (isMember(s) && (memberPeer(s) === null || willingPeer(s) === null))
        return reply(false, 'the other member is not there, or not sound: there is nothing to be reseeded from')
      s.resyncByHand = true
      markDrifted(s, SHARDS)
      return reply(true, 'gives up membership and is reseeded')
    case 'forcePrimary':
      return onForce(s, id)
    case 'rebuildRegisters':
      return onRebuild(s, id, command.peer)
    case 'leave':
      s.leaving = true
      announce(s)
      if (s.move !== null) return reply(false, 'another change is under way')
      if (memberPeer(s) === null || !isMember(s)) return reply(true, 'nobody to hand over to')
      return beginMove(
        s,
        'leave',
        SHARDS.filter(shard => s.shards[shard].reign !== null),
        false,
        id,
      )
  }
}
