// What an origin says of itself: CONTRACT's `status`, and the reasons behind `/readyz`.

import { readsHold } from '../replicator/core/copy.ts'
import type { Lag } from '../replicator/core/lag.ts'
import { isServing, leaseHolds, whyNotServing } from '../replicator/core/reign.ts'
import type { Sender } from '../replicator/core/sender.ts'
import { isFit, isMember, isSole, memberPeer, type State } from '../replicator/core/state.ts'
import { ACCEPTORS, type AcceptorName } from '../replicator/register/acceptor.ts'
import type { Reign } from '../replicator/register/record.ts'
import type { Replicator } from '../replicator/replicator.ts'
import type { Readiness } from '../router/app.ts'
import { homeOf, ORIGINS, type OriginName, SHARDS, type ShardName } from '../router/words.ts'
import type { AddressHere } from './host/addresses.ts'
import type { Sending, Sent } from './sendings.ts'

export type OriginState = 'serving' | 'rejoining' | 'draining' | 'fenced' | 'isolated'

export function stateOf(s: State, now: number): OriginState {
  if (s.leaving || s.identity.drained) return 'draining'
  if (!s.synced || s.record === null) return 'isolated'
  if (!isMember(s)) return s.peer === null ? 'isolated' : 'rejoining'
  if (memberPeer(s) === null && !isSole(s) && !leaseHolds(s, now)) return 'fenced'
  return 'serving'
}

/** Every reason that keeps this host from serving its share strongly; none means ready. */
export function whyNotReady(s: State, now: number): readonly string[] {
  const why: string[] = []
  if (s.blocked.why !== null && !s.synced) why.push(s.blocked.why)
  if (s.record === null || !s.synced) return why.length > 0 ? why : ['the register has not been read yet']
  if (!isMember(s)) why.push('this store is not a member: the other origin may hold acknowledged writes that it lacks')
  if (!isFit(s)) why.push(s.unfit ?? 'this copy differs from its primary and must be reseeded')
  if (why.length > 0) return why
  const { record } = s
  for (const shard of SHARDS) {
    const reign = record.primaries[shard]
    const mine = reign.incarnation === s.settings.incarnation
    if (mine && s.shards[shard].closing === 'no' && !isServing(s, shard, now))
      why.push(`${shard}: ${whyNotServing(s, shard, now)}`)
    const nobody = mine ? null : whyNobodyReigns(s, reign)
    if (nobody !== null) why.push(`${shard}: ${nobody}`)
  }
  return why
}

/** A reign never outlives its incarnation: where that process is gone, nobody serves the shard until the next record says who. */
function whyNobodyReigns(s: State, { name, incarnation }: Reign): string | null {
  const hello = s.peer?.hello ?? null
  if (hello?.incarnation === incarnation) return null
  if (name === s.me || hello !== null) return `its primary, ${name}, has started again: who reigns is not decided yet`
  return `its primary, ${name}, does not answer`
}

export function readiness(replicator: Replicator, now: number): Readiness {
  const why = whyNotReady(replicator.state, now)
  return why.length === 0 ? { ready: true } : { ready: false, why }
}

const NO_MAJORITY = 'no majority of the registers answers: nobody can take over until one does'

/** Could either host go away now without anything being lost or refused? Empty means yes. */
function whyNotLosable(s: State, now: number, registers: number): readonly string[] {
  const why = [...whyNotReady(s, now)]
  if (why.length > 0) return registers < 2 ? [...why, NO_MAJORITY] : why
  if (isSole(s)) why.push('only one copy is a member: writes are on one disk alone')
  else if (memberPeer(s) === null) why.push('the other origin does not answer')
  if (registers < 2) why.push(NO_MAJORITY)
  if (s.blocked.why !== null) why.push(s.blocked.why)
  return why
}

export function status(
  replicator: Replicator,
  version: string,
  now: number,
  sending: Sending,
  addresses: readonly AddressHere[],
) {
  const s = replicator.state
  const queue = replicator.queue.status()
  const reachable = ACCEPTORS.filter(name => s.registers.last.get(name)?.kind === 'state').length
  const why = whyNotLosable(s, now, reachable)
  return {
    name: s.me,
    version,
    state: stateOf(s, now),
    lineage: s.identity.lineage,
    epoch: s.record?.epoch ?? null,
    members: memberNames(s),
    stores: s.record?.members ?? [],
    store: s.identity.store,
    incarnation: s.settings.incarnation,
    shards: SHARDS.map(shard => shardStatus(s, shard, now, sending(shard, now))),
    peer: { reachable: s.peer !== null, rttMs: s.lease.rttMs },
    redis: {
      master: queue.master,
      replicas: queue.replicas,
      nodes: queue.nodes,
      sentinels: queue.sentinels,
      answering: queue.answering,
      quorum: queue.quorum,
      maxmemoryPolicy: queue.maxmemoryPolicy,
      workerIdleMs: queue.workerIdleMs,
      rebuilds: queue.rebuilds,
    },
    registers: { reachable, of: ACCEPTORS.length, each: registersOf(s) },
    lane: SHARDS.every(shard => !s.shards[shard].sender.on || s.shards[shard].sender.lane === 'queue')
      ? 'queue'
      : 'direct',
    addresses,
    canLoseAHost: why.length === 0,
    why,
  }
}

const memberNames = (s: State): readonly OriginName[] =>
  ORIGINS.filter(name => s.record?.members.some(member => member.name === name))

function shardStatus(s: State, shard: ShardName, now: number, sent: Sent | null) {
  const { last, committed, reign, sender, quarantined } = s.shards[shard]
  const record = s.record
  const held = isSole(s) ? null : Math.max(0, Math.round(s.lease.heldUntil - now))
  return {
    shard,
    home: homeOf(shard),
    primary: record?.primaries[shard].name ?? null,
    members: memberNames(s),
    role: reign === null ? 'standby' : 'primary',
    serving: isServing(s, shard, now),
    lease: { remainingMs: reign === null ? null : held },
    readLease: { remainingMs: readsLeftMs(s, shard, now) },
    committed: { epoch: last.epoch, index: committed },
    applied: { epoch: last.epoch, index: last.index },
    lag: lagOf(s, shard, now),
    rejoin: sender.on ? sender.phase : null,
    ...catchUp(sender, now, sent),
    quarantined,
  }
}

/** For how long this standby may answer strong reads itself, 0 while it may not; null where it does not (see TANDEM_READS). */
function readsLeftMs(s: State, shard: ShardName, now: number): number | null {
  if (!s.settings.readsAsStandby || s.record?.primaries[shard].name !== s.peerName) return null
  return readsHold(s, shard, now) ? Math.ceil(s.lease.readsHeldUntil - now) : 0
}

/** How far the other origin is with what it lacks: percent, and milliseconds that are left; null where nobody can tell. */
function catchUp(sender: Sender, now: number, sent: Sent | null): { progress: number | null; leftMs: number | null } {
  if (!sender.on) return { progress: null, leftMs: null }
  // A copy that is still being made, or is checked over there, has no measure.
  if (sender.phase === 'snapshotting') return sent ?? { progress: null, leftMs: null }
  const leftMs = sender.leftMs(now)
  return { progress: sender.progress, leftMs: leftMs === null ? null : Math.round(leftMs) }
}

/** Of the standby behind this primary; a standby itself does not know how far its primary is. */
function lagOf(s: State, shard: ShardName, now: number): Lag {
  const { reign, sender } = s.shards[shard]
  return reign === null || reign.start === null ? { entries: 0, bytes: 0, ms: 0 } : sender.lag(reign.start, now)
}

/** One word for each register. */
function registersOf(s: State): Readonly<Record<AcceptorName, string>> {
  const word = (name: AcceptorName): string => {
    const kind = s.registers.last.get(name)?.kind
    if (kind === 'state') return 'votes'
    return kind === 'empty' ? 'empty' : kind === 'foreign' ? 'of another pair' : 'silent'
  }
  return { a: word('a'), b: word('b'), w: word('w') }
}
