// The standby's side: takes entries of its primary in sequence, says what is durable, undoes and reseeds when told.
import { SHARDS, type ShardName } from '../../router/words.ts'
import { type Position, samePosition } from '../entry/position.ts'
import type { Event, TailPurpose } from './events.ts'
import { REFUSALS_MAX, TAIL_MAX } from './limits.ts'
import type { Hello, LinkMessage } from './messages.ts'
import { WIRE_VERSION } from './messages.ts'
import { reignReady } from './reign.ts'
import { emit, isMember, isStanding, log, persist, type ShardState, type State, sendToPeer } from './state.ts'

/** A disk that refused a write is tried again after this long: somebody may have made room. */
const DISK_RETRY_MS = 15_000

const helloOf = (s: State): Hello => ({
  type: 'hello',
  wire: WIRE_VERSION,
  name: s.me,
  lineage: s.identity.lineage,
  store: s.identity.store,
  incarnation: s.settings.incarnation,
  synced: s.synced,
  fresh: s.identity.lineage === null && SHARDS.every(shard => s.shards[shard].last.index === 0),
  drifted: [...s.identity.drifted],
  unfit: s.unfit,
  drained: s.identity.drained,
  leaving: s.leaving,
  byHand: s.resyncByHand,
})

/** Tells the peer who we are, again whenever a fact of it changed. */
export function announce(s: State): void {
  sendToPeer(s, helloOf(s))
}

/**
 * I4: only from the primary of the newest record, of this very reign, and not while we stand, nor before our own round
 * at the register is done (an earlier life may have stood).
 */
function mayTake(s: State, shard: ShardName, incarnation: string, epoch: number): boolean {
  const reign = s.record?.primaries[shard]
  if (reign === undefined || !s.synced || isStanding(s)) return false
  if (s.identity.drifted.includes(shard) || s.unfit !== null || s.shards[shard].installing.size > 0) return false
  return reign.name === s.peerName && reign.incarnation === incarnation && epoch >= reign.since
}

export function onEntry(s: State, event: Extract<Event, { type: 'entry' }>): void {
  const { shard, incarnation, epoch, index, bytes } = event
  if (event.session !== null && event.session !== s.peer?.session) return
  if (!mayTake(s, shard, incarnation, epoch)) return
  const state = s.shards[shard]
  const taken = state.receiver.offer(index, bytes)
  if (taken === 'repeat') return acknowledge(s, shard)
  pump(s, shard)
}

function pump(s: State, shard: ShardName): void {
  const entries = s.shards[shard].receiver.take()
  if (entries.length === 0) return
  s.shards[shard].applyingIn = s.peer?.session ?? null
  emit(s, { type: 'apply', shard, entries })
}

function acknowledge(s: State, shard: ShardName): void {
  const state = s.shards[shard]
  // A copy that is about to be replaced must not be counted: one that was added meanwhile would lose what it acknowledged.
  if (state.installing.size > 0) return
  if (isStanding(s) || !s.synced || s.record?.primaries[shard].name !== s.peerName) return
  sendToPeer(s, { type: 'ack', shard, position: state.last })
}

export function onApplied(s: State, shard: ShardName, last: Position): void {
  const state = s.shards[shard]
  state.last = last
  if (state.reign === null && s.peer !== null && s.peer.session === state.applyingIn) state.verified = last.index
  state.receiver.moved(last.index)
  acknowledge(s, shard)
  pump(s, shard)
}

export function onApplyRefused(s: State, event: Extract<Event, { type: 'applyRefused' }>): void {
  const { shard, index, reason, detail } = event
  const state = s.shards[shard]
  state.last = event.last
  state.receiver.moved(event.last.index)
  state.receiver.clear()
  acknowledge(s, shard)
  log(s, 'error', `entry refused: ${reason}`, { shard, index, detail })
  sendToPeer(s, { type: 'refused', shard, index, reason })
  if (reason === 'disk') return diskTrouble(s, detail)
  const times = s.refusals.get(shard)?.index === index ? (s.refusals.get(shard)?.times ?? 0) + 1 : 1
  s.refusals.set(shard, { index, times })
  if (times < REFUSALS_MAX || reason === 'sequence') return
  if (reason === 'drift' || reason === 'corrupt') markDrifted(s, [shard])
  else s.unfit = `entry ${index} of ${shard} was refused twice: ${reason}`
  announce(s)
}

export function diskTrouble(s: State, detail: string): void {
  s.unfitUntil = s.now + DISK_RETRY_MS
  if (s.unfit !== null) return
  s.unfit = `the disk refused a write: ${detail}`
  log(s, 'error', s.unfit)
  announce(s)
}

/** A store that differs from its primary may not stand and must be reseeded, whatever happens to this process. */
export function markDrifted(s: State, shards: readonly ShardName[]): void {
  log(s, 'error', 'this copy differs from its primary: it will be reseeded', { shards })
  persist(s, { drifted: [...new Set([...s.identity.drifted, ...shards])] })
  announce(s)
}

export function onTail(s: State, shard: ShardName, purpose: TailPurpose, positions: readonly Position[]): void {
  const newest = positions[0]
  if (newest === undefined) throw new Error('a tail holds at least the last position')
  s.shards[shard].last = newest
  s.shards[shard].receiver.moved(newest.index)
  if (purpose.kind === 'reign') return reignReady(s, shard, purpose.epoch)
  if (purpose.session === s.peer?.session)
    sendToPeer(s, { type: 'tail', shard, query: purpose.query, positions: positions.slice(0, TAIL_MAX) })
}

export function onAskTail(s: State, message: Extract<LinkMessage, { type: 'askTail' }>): void {
  const session = s.peer?.session
  if (session === undefined) return
  s.shards[message.shard].receiver.clear()
  if (s.shards[message.shard].installing.size > 0)
    return sendToPeer(s, {
      type: 'failed',
      shard: message.shard,
      query: message.query,
      why: 'a snapshot is on its way',
    })
  const purpose: TailPurpose = { kind: 'answer', session, query: message.query }
  emit(s, { type: 'readTail', shard: message.shard, purpose, max: TAIL_MAX })
}

/** May the peer tell us what to do with our copy of this shard? */
const obeys = (s: State, shard: ShardName): boolean =>
  s.synced && !isStanding(s) && s.record?.primaries[shard].name === s.peerName && s.shards[shard].reign === null

/** Without this a standby that takes no entries would never know that what it has is committed. */
export function onCommon(s: State, { shard, position }: Extract<LinkMessage, { type: 'common' }>): void {
  const state = s.shards[shard]
  if (!obeys(s, shard) || !samePosition(state.last, position)) return
  state.verified = position.index
  emit(s, { type: 'changed' })
}

export function onTruncate(s: State, message: Extract<LinkMessage, { type: 'truncate' }>): void {
  const { shard, query, index } = message
  if (!obeys(s, shard)) return sendToPeer(s, { type: 'failed', shard, query, why: 'not a standby of yours' })
  s.shards[shard].receiver.clear()
  emit(s, { type: 'undo', shard, query, index, why: `not in the history of epoch ${s.record?.epoch ?? 0}` })
}

/** This copy is its primary's now, and may be shorter than it was: what a lost history had committed here is not committed in this one. */
function endsAt(state: ShardState, last: Position): void {
  state.last = last
  state.verified = last.index
  state.committed = Math.min(state.committed, last.index)
  state.receiver.moved(last.index)
}

export function onUndone(s: State, event: Extract<Event, { type: 'undone' }>): void {
  const state = s.shards[event.shard]
  endsAt(state, event.last)
  state.quarantined += event.quarantined
  log(s, 'warn', 'entries that were never acknowledged were quarantined and undone', {
    shard: event.shard,
    quarantined: event.quarantined,
    index: event.last.index,
  })
  sendToPeer(s, { type: 'tail', shard: event.shard, query: event.query, positions: [event.last] })
}

/** A member's store is never replaced: it may hold what nobody else has. */
export function onSnapshot(s: State, message: Extract<LinkMessage, { type: 'snapshot' }>): void {
  const { shard, query, position, bytes, sha256 } = message
  if (!obeys(s, shard) || isMember(s) || s.shards[shard].installing.size > 0)
    return sendToPeer(s, { type: 'failed', shard, query, why: 'a member is not replaced by a snapshot' })
  s.shards[shard].receiver.clear()
  s.shards[shard].installing.add(query)
  // A replaced store is another store: whoever still counts on the old one must not count this one.
  persist(s, { store: s.settings.newId() }, () =>
    emit(s, { type: 'install', shard, query, offer: { position, bytes, sha256 }, why: 'reseeded from the primary' }),
  )
  announce(s)
}

export function onInstalled(s: State, event: Extract<Event, { type: 'installed' }>): void {
  const state = s.shards[event.shard]
  endsAt(state, event.last)
  state.installing.delete(event.query)
  log(s, 'info', 'reseeded from a snapshot', { shard: event.shard, index: event.last.index })
  s.refusals.delete(event.shard)
  s.resyncByHand = s.resyncByHand && s.identity.drifted.length > 1
  persist(s, { drifted: s.identity.drifted.filter(shard => shard !== event.shard) })
  sendToPeer(s, { type: 'tail', shard: event.shard, query: event.query, positions: [event.last] })
  announce(s)
}
