// What the other origin says, and what this one answers: introductions, leases, acknowledgements.
import { SHARDS } from '../../router/words.ts'
import { type Hello, type LinkMessage, WIRE_VERSION } from './messages.ts'
import { adopt, leaseHolds, recommit } from './reign.ts'
import { onAskTail, onCommon, onSnapshot, onTruncate } from './standby.ts'
import { emit, isSole, isStanding, log, memberPeer, type State, sendToPeer } from './state.ts'

export function onMessage(s: State, session: string, message: LinkMessage): void {
  if (message.type === 'hello') return onHello(s, session, message)
  const peer = s.peer
  if (peer === null || peer.hello === null) return
  switch (message.type) {
    case 'beat':
      return onBeat(s, peer.hello, message)
    case 'grant':
      // Only the store that the record names can promise on its behalf; a wiped one that took its place cannot.
      if (!isSole(s) && memberPeer(s) === null) return
      return onGrant(s, message)
    case 'record':
      // The peer speaks of decided records only.
      return adopt(s, message.record)
    case 'ack':
      s.shards[message.shard].sender.onAck(message.position)
      return recommit(s, message.shard)
    case 'refused':
      log(s, 'error', `the standby refused an entry: ${message.reason}`, { shard: message.shard, index: message.index })
      return s.shards[message.shard].sender.onRefused(message.index, message.reason, s.now)
    case 'askTail':
      return onAskTail(s, message)
    case 'tail':
      if (s.tails !== null && message.query === s.tails.query)
        return emit(s, { type: 'locate', shard: message.shard, query: message.query, positions: message.positions })
      return s.shards[message.shard].sender.onTail(message.query, message.positions)
    case 'common':
      return onCommon(s, message)
    case 'truncate':
      return onTruncate(s, message)
    case 'snapshot':
      return onSnapshot(s, message)
    case 'failed':
      log(s, 'warn', `the other origin could not do its part: ${message.why}`, { shard: message.shard })
      return s.shards[message.shard].sender.onFailed(message.query, s.now)
    case 'queueSeen':
      for (const shard of SHARDS) s.shards[shard].sender.onQueueSeen(message.nonce)
      return
  }
}

function onHello(s: State, session: string, hello: Hello): void {
  const peer = s.peer
  if (peer === null) return
  if (hello.wire !== WIRE_VERSION || hello.name !== s.peerName)
    return emit(s, { type: 'dropLink', session, why: `not the peer: ${hello.name}, wire version ${hello.wire}` })
  const before = peer.hello
  peer.hello = hello
  if (before === null) {
    log(s, 'info', 'the link is up', { store: hello.store, incarnation: hello.incarnation })
    if (s.record !== null) sendToPeer(s, { type: 'record', record: s.record })
  }
  // The pair has just booted, or this store is new in it: the registers know, and need not be waited for.
  if (hello.lineage !== null && s.identity.lineage === null) s.registers.nextProbeAt = s.now
  if (hello.lineage !== null && s.identity.lineage !== null && hello.lineage !== s.identity.lineage)
    log(s, 'error', 'the other origin belongs to another lineage', { theirs: hello.lineage, ours: s.identity.lineage })
  // What it needs now is not what it was being sent: begin again.
  const reseeds = hello.drifted.length > (before?.drifted.length ?? 0)
  if (before !== null && reseeds) for (const shard of hello.drifted) s.shards[shard].sender.stop()
  for (const shard of before?.drifted ?? []) if (!hello.drifted.includes(shard)) s.shards[shard].reseededAt = s.now
  for (const shard of SHARDS) recommit(s, shard)
  emit(s, { type: 'changed' })
}

function onGrant(s: State, grant: Extract<LinkMessage, { type: 'grant' }>): void {
  const { seq, granted } = grant
  const held = leaseHolds(s, s.now)
  s.lease.answered(seq, grant, s.now)
  if (!held && leaseHolds(s, s.now)) emit(s, { type: 'changed' })
  if (granted) emit(s, { type: 'granted', seq })
}

function onBeat(s: State, hello: Hello, beat: Extract<LinkMessage, { type: 'beat' }>): void {
  const peer = s.peer
  if (peer === null) return
  peer.epoch = Math.max(peer.epoch, beat.epoch)
  const { record } = s
  if (record !== null && beat.epoch < record.epoch) sendToPeer(s, { type: 'record', record })
  const asksAsPrimary =
    record !== null && SHARDS.some(shard => record.primaries[shard].incarnation === hello.incarnation)
  // Not while standing, and not before our own round is done: an earlier life may have stood.
  const granted = asksAsPrimary && s.synced && !isStanding(s)
  if (granted) s.lease.promise(beat.leaseMs, s.now)
  const reads = mayPromiseReads(s, beat.readMs)
  if (reads) s.lease.promiseReads(beat.readMs, s.now)
  sendToPeer(s, { type: 'grant', seq: beat.seq, epoch: record?.epoch ?? 0, granted, reads })
  for (const shard of SHARDS) {
    const committed = beat.committed[shard]
    const state = s.shards[shard]
    if (committed === null || record?.primaries[shard].incarnation !== hello.incarnation) continue
    if (Math.max(state.committed, state.verified) >= committed) state.levelAt = s.now
    const index = Math.min(committed, state.verified)
    if (index <= state.committed) continue
    state.committed = index
    emit(s, { type: 'settle', shard, index })
  }
}

/** Never beyond the moment from which this primary might go on alone, or does: then it has nothing to wait for (see recommit). */
function mayPromiseReads(s: State, readMs: number): boolean {
  if (readMs === 0 || isStanding(s) || memberPeer(s) === null) return false
  const until = s.lease.readsPromise(readMs, s.now)
  const { leaseMs } = s.settings.timing
  const aloneAt = Math.min(...SHARDS.map(shard => (s.shards[shard].stalledSince ?? s.now) + leaseMs), s.lease.heldUntil)
  return until <= aloneAt
}
