// What an origin says of itself: CONTRACT's `status`, and the reasons behind `/readyz`.

import { isServing, leaseHolds, whyNotServing } from '../replicator/core/reign.ts'
import { isFit, isMember, isSole, memberPeer, type State } from '../replicator/core/state.ts'
import { ACCEPTORS } from '../replicator/register/acceptor.ts'
import type { Replicator } from '../replicator/replicator.ts'
import type { Readiness } from '../router/app.ts'
import { homeOf, ORIGINS, type OriginName, SHARDS, type ShardName } from '../router/words.ts'

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
    const mine = record.primaries[shard].incarnation === s.settings.incarnation
    if (mine && s.shards[shard].closing === 'no' && !isServing(s, shard, now))
      why.push(`${shard}: ${whyNotServing(s, shard, now)}`)
    if (!mine && s.peer === null) why.push(`${shard}: its primary, ${record.primaries[shard].name}, does not answer`)
  }
  return why
}

export function readiness(replicator: Replicator, now: number): Readiness {
  const why = whyNotReady(replicator.state, now)
  return why.length === 0 ? { ready: true } : { ready: false, why }
}

/** Could either host go away now without anything being lost or refused? Empty means yes. */
function whyNotLosable(s: State, now: number, registers: number): readonly string[] {
  const why = [...whyNotReady(s, now)]
  if (why.length > 0) return why
  if (isSole(s)) why.push('only one copy is a member: writes are on one disk alone')
  else if (memberPeer(s) === null) why.push('the other origin does not answer')
  if (registers < 2) why.push('no majority of the registers answers: a takeover would wait')
  if (s.blocked.why !== null) why.push(s.blocked.why)
  return why
}

export function status(replicator: Replicator, version: string, now: number) {
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
    shards: SHARDS.map(shard => shardStatus(s, shard, now)),
    peer: { reachable: s.peer !== null, rttMs: s.lease.rttMs },
    redis: {
      master: queue.master,
      replicas: queue.replicas,
      sentinels: queue.sentinels,
      maxmemoryPolicy: queue.maxmemoryPolicy,
      workerIdleMs: queue.workerIdleMs,
      rebuilds: queue.rebuilds,
    },
    registers: { reachable, of: ACCEPTORS.length },
    lane: SHARDS.every(shard => !s.shards[shard].sender.on || s.shards[shard].sender.lane === 'queue')
      ? 'queue'
      : 'direct',
    canLoseAHost: why.length === 0,
    why,
  }
}

const memberNames = (s: State): readonly OriginName[] =>
  ORIGINS.filter(name => s.record?.members.some(member => member.name === name))

function shardStatus(s: State, shard: ShardName, now: number) {
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
    committed: { epoch: last.epoch, index: committed },
    applied: { epoch: last.epoch, index: last.index },
    lag: lagOf(s, shard, now),
    rejoin: sender.on ? sender.phase : null,
    progress: sender.on ? sender.progress : null,
    quarantined,
  }
}

/** Of the standby behind this primary; a standby itself does not know how far its primary is. */
function lagOf(s: State, shard: ShardName, now: number): { entries: number; ms: number } {
  const { last, sender, stalledSince } = s.shards[shard]
  const entries = sender.on && sender.acked >= 0 ? last.index - sender.acked : 0
  return { entries, ms: stalledSince === null ? 0 : Math.round(now - stalledSince) }
}
