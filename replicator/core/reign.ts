// A decided record changes who reigns; a reign says what is committed and whether this process may serve.
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { PairRecord } from '../register/record.ts'
import {
  emit,
  isMember,
  isSole,
  isStandby,
  isStanding,
  log,
  memberPeer,
  peerIsMember,
  persist,
  type ShardState,
  type State,
  sendToPeer,
} from './state.ts'

/**
 * Takes a record that is known to be decided. Older ones change nothing (I8), nor do those of another lineage; a fresh store
 * learns its own from the registers.
 */
export function adopt(s: State, record: PairRecord): void {
  const known = s.record
  if (record.lineage !== s.identity.lineage) return
  if (known !== null && record.epoch <= known.epoch) return
  const wasStandby = isStandby(s)
  const hadPeer = peerIsMember(s)
  s.record = record
  if (!wasStandby && isStandby(s)) s.standbySince = s.now
  const agreed = record.why === 'leave' && s.peer?.hello?.leaving === true
  if (hadPeer && !peerIsMember(s) && !agreed) s.losses.push(s.now)
  if (s.adding !== null && peerIsMember(s)) s.adding = null
  persist(s, { epoch: Math.max(s.identity.epoch, record.epoch), record }, () => {
    s.keptEpoch = Math.max(s.keptEpoch, record.epoch)
    for (const shard of SHARDS) recommit(s, shard)
  })
  log(s, 'info', `epoch ${record.epoch}: ${record.why}`, { record })
  for (const shard of SHARDS) moveReign(s, s.shards[shard], known, record)
  sendToPeer(s, { type: 'record', record })
  for (const shard of SHARDS) recommit(s, shard)
  emit(s, { type: 'changed' })
}

function moveReign(s: State, shard: ShardState, known: PairRecord | null, record: PairRecord): void {
  const next = record.primaries[shard.shard]
  const mine = next.incarnation === s.settings.incarnation
  const was = shard.reign
  if (shard.reign !== null && (!mine || shard.reign.since !== next.since))
    endReign(s, shard, `epoch ${record.epoch}: ${record.why}`)
  if (mine && shard.reign === null) beginReign(s, shard, known, record)
  if (!mine) {
    const before = known?.primaries[shard.shard]
    if (before?.incarnation !== next.incarnation) {
      shard.receiver.clear()
      // what comes next follows what we wrote ourselves
      if (was !== null) shard.receiver.moved(shard.last.index)
      shard.verified = 0
    }
  }
  emit(s, { type: 'fence', shard: shard.shard, epoch: record.epoch })
}

function beginReign(s: State, shard: ShardState, known: PairRecord | null, record: PairRecord): void {
  const { since } = record.primaries[shard.shard]
  const handedOver = record.why === 'handover' && since === record.epoch
  // one that was no primary of anything has no lease: it is asked for now, not with the next beat
  if (handedOver && !leaseHolds(s, s.now)) s.nextBeatAt = s.now
  shard.receiver.clear()
  shard.closing = 'no'
  shard.reign = {
    since,
    levelIn: handedOver && s.peer?.hello?.incarnation === record.by.incarnation ? s.peer.session : null,
    began: s.now,
    start: null,
    notBefore: oldPrimaryStopped(s, shard.shard, known, record)
      ? s.now
      : Math.max(s.lease.promisedUntil, s.startedAt + s.settings.timing.graceMs),
  }
  emit(s, { type: 'readTail', shard: shard.shard, purpose: { kind: 'reign', epoch: record.epoch }, max: 1 })
}

/**
 * May the promises to the former primary be forgotten? Only where it cannot be serving any more: it was an earlier life
 * of this process, or it proposed the change itself, or its origin lives on as another incarnation. An earlier life that took
 * the pair for itself alone may have died while it waited out such a promise: unless the other one has shown since that it
 * knows that record, the promise still runs.
 */
function oldPrimaryStopped(s: State, shard: ShardName, known: PairRecord | null, record: PairRecord): boolean {
  if (record.why === 'first boot') return true
  const before = known?.primaries[shard]
  if (before === undefined) return false
  if (record.by.incarnation === before.incarnation) return true
  if (before.name === s.me)
    return known?.by.name !== s.me || peerIsMember(s, known) || (s.peer?.epoch ?? 0) >= known.epoch
  const hello = s.peer?.hello ?? null
  return hello !== null && hello.incarnation !== before.incarnation
}

export function endReign(s: State, shard: ShardState, why: string): void {
  shard.reign = null
  shard.stalledSince = null
  shard.closing = 'no'
  shard.sender.stop()
  emit(s, { type: 'reignEnded', shard: shard.shard, why })
}

/** Everything that was in the writer when the reign began has ended: what is on disk now is what it starts from. */
export function reignReady(s: State, shard: ShardName, epoch: number): void {
  const state = s.shards[shard]
  if (state.reign === null || state.reign.start !== null || epoch < state.reign.since) return
  state.reign.start = state.last.index
  state.sender.renew(state.last.index)
  recommit(s, shard)
  emit(s, { type: 'changed' })
}

/**
 * The commit rule: an entry is committed when every member has it on disk, and the store that is being added too.
 * Committed never goes back: what was on all members' disks stays there.
 */
export function recommit(s: State, shard: ShardName): void {
  const state = s.shards[shard]
  if (state.reign === null || state.reign.start === null || !isMember(s)) return
  const needsPeer = peerIsMember(s) || s.adding !== null || mayStillRead(s)
  // Should the registers be lost, this disk alone can tell that nobody else has what is acknowledged from now on.
  if (!needsPeer && s.keptEpoch < (s.record?.epoch ?? 0)) return
  const committed = needsPeer ? Math.min(state.last.index, countedAck(s, state)) : state.last.index
  const moved = committed > state.committed
  if (Math.max(committed, state.committed) >= state.last.index) state.stalledSince = null
  else if (moved || state.stalledSince === null) state.stalledSince = s.now
  if (!moved) return
  // who waits for this reign to begin is told at once, not with the next tick
  if (state.committed < state.reign.start && committed >= state.reign.start) emit(s, { type: 'changed' })
  state.committed = committed
  emit(s, { type: 'settle', shard, index: committed })
  emit(s, { type: 'committed', shard, index: committed })
}

/**
 * Was the other origin promised that nothing is committed without it, so that it may be answering strong reads? One that proposed
 * this record itself does not: it reads nothing from before that on.
 */
const mayStillRead = (s: State): boolean => s.now < s.lease.readsPromisedUntil && s.record?.by.name !== s.peerName

/** What the peer's disk has, where the peer is the very store that must have it: a wiped one in its place does not count. */
function countedAck(s: State, state: ShardState): number {
  const store = s.peer?.hello?.store
  const counts = store !== undefined && (memberPeer(s) !== null || s.adding?.store === store)
  return counts ? state.sender.acked : -1
}

/** I5: within the lease, or the only member: which an origin is no more from when it asks to add the other one. */
export const leaseHolds = (s: State, now: number): boolean =>
  !isPast(s) && ((isSole(s) && s.proposal?.why !== 'add') || now < s.lease.heldUntil)

/** The pair has moved on, or was restored: what is known here is no longer so, even for one that was alone. */
const isPast = (s: State): boolean => s.replaced || s.shownEpoch > (s.record?.epoch ?? 0)

/** May this process answer a strong read, or acknowledge a write, of this shard now? */
export function isServing(s: State, shard: ShardName, now: number): boolean {
  const state = s.shards[shard]
  const reign = state.reign
  if (reign === null || reign.start === null || isStanding(s) || !isMember(s)) return false
  if (s.record?.primaries[shard].incarnation !== s.settings.incarnation) return false
  return state.committed >= reign.start && now >= reign.notBefore && leaseHolds(s, now) && state.closing === 'no'
}

/** Why a shard whose record names this process is not served yet; for people. */
export function whyNotServing(s: State, shard: ShardName, now: number): string {
  const state = s.shards[shard]
  if (s.record === null) return 'the register has not been read yet'
  if (s.replaced) return 'the registers belong to another lineage: the pair was restored from a backup'
  if (isPast(s)) return `epoch ${s.shownEpoch} has been seen: its record has not been read yet`
  if (!isMember(s)) return 'this store is not a member: it may lack acknowledged writes'
  if (state.reign === null) return `the primary is ${s.record.primaries[shard].name}`
  if (isStanding(s)) return 'a proposal to the register is not decided yet'
  if (state.closing !== 'no') return 'a handover is under way'
  if (now < state.reign.notBefore) return 'a promise to the former primary has not run out yet'
  if (state.reign.start === null || state.committed < state.reign.start)
    return 'entries are being completed on both origins'
  return 'the lease is over: the other origin does not answer'
}
