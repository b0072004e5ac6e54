// One origin's decisions, whole: an event in, effects out. The host acts on the effects in order. See events.ts.
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { Position } from '../entry/position.ts'
import type { Identity } from '../identity.ts'
import { choose } from './choice.ts'
import type { Effect, Event } from './events.ts'
import { forceTick } from './forced.ts'
import { RESEED_AGAIN_MS } from './limits.ts'
import { onMessage } from './link.ts'
import { movesTick, onCommand, onGateClosed } from './moves.ts'
import { onRegister, onShown, proposeRecord, registerTick } from './register.ts'
import { recommit } from './reign.ts'
import { announce, diskTrouble, onApplied, onApplyRefused, onEntry, onInstalled, onTail, onUndone } from './standby.ts'
import {
  emit,
  isSole,
  isStanding,
  log,
  memberPeer,
  newState,
  readyPeer,
  type Settings,
  type ShardState,
  type State,
  sendToPeer,
} from './state.ts'

export class Pair {
  readonly state: State

  constructor(settings: Settings, identity: Identity, lasts: Readonly<Record<ShardName, Position>>, now: number) {
    this.state = newState(settings, identity, lasts, now)
  }

  step(now: number, event: Event): readonly Effect[] {
    const s = this.state
    s.now = now
    handle(s, event)
    settle(s)
    const effects = s.effects
    s.effects = []
    return effects
  }
}

function handle(s: State, event: Event): void {
  switch (event.type) {
    case 'tick':
      return tick(s)
    case 'beatNow':
      if (s.peer !== null) beat(s)
      return
    case 'shown':
      return onShown(s, event.lineage, event.epoch)
    case 'linkUp':
      s.peer = { session: event.session, since: s.now, hello: null, epoch: 0 }
      announce(s)
      return
    case 'linkDown':
      return linkDown(s, event.session, event.why)
    case 'message':
      if (event.session === s.peer?.session) onMessage(s, event.session, event.message)
      return
    case 'entry':
      return onEntry(s, event)
    case 'probe':
      return sendToPeer(s, { type: 'queueSeen', nonce: event.nonce })
    case 'queueTrouble':
      for (const shard of SHARDS) s.shards[shard].sender.onQueueTrouble(s.now)
      return
    case 'register':
      return onRegister(s, event.round, event.acceptor, event.reply)
    case 'persisted': {
      const then = s.afterPersist.get(event.token)
      s.afterPersist.delete(event.token)
      return then?.()
    }
    case 'prepared': {
      const { reign, sender } = s.shards[event.shard]
      return reign === null ? undefined : sender.onPrepared(event.entry, s.now)
    }
    case 'appended': {
      const shard = s.shards[event.shard]
      shard.last = event.entry.position
      if (shard.reign === null) return
      shard.sender.onAppended(event.entry, s.now)
      return recommit(s, event.shard)
    }
    case 'diskTrouble':
      return diskTrouble(s, event.detail)
    case 'applied':
      return onApplied(s, event.shard, event.last)
    case 'applyRefused':
      return onApplyRefused(s, event)
    case 'tail':
      return onTail(s, event.shard, event.purpose, event.positions)
    case 'located':
      return onLocated(s, event)
    case 'logRead':
      return s.shards[event.shard].sender.onLogRead(event.read, event.entries, s.now)
    case 'undone':
      return onUndone(s, event)
    case 'snapshotMade':
      return s.shards[event.shard].sender.onSnapshotMade(event.query, event.offer)
    case 'installed':
      return onInstalled(s, event)
    case 'workFailed':
      log(s, 'warn', `rejoin work failed: ${event.why}`, { shard: event.shard })
      s.shards[event.shard].installing.delete(event.query)
      s.shards[event.shard].sender.onFailed(event.query, s.now)
      return sendToPeer(s, { type: 'failed', shard: event.shard, query: event.query, why: event.why.slice(0, 500) })
    case 'gateClosed':
      return onGateClosed(s, event.shard)
    case 'command':
      return onCommand(s, event.id, event.command)
  }
}

function onLocated(s: State, event: Extract<Event, { type: 'located' }>): void {
  const tails = s.tails
  if (tails !== null && event.query === tails.query) {
    tails.found.set(event.shard, { mine: s.shards[event.shard].last, peers: event.peerLast, common: event.common })
    return
  }
  s.shards[event.shard].sender.onLocated(event.query, event.peerLast, event.common, s.now)
  recommit(s, event.shard)
}

function linkDown(s: State, session: string, why: string): void {
  if (s.peer?.session !== session) return
  log(s, 'warn', 'the link is down', { why })
  s.peer = null
  s.tails = null
  s.lease.sessionEnded()
  for (const shard of SHARDS) {
    s.shards[shard].sender.stop()
    s.shards[shard].receiver.clear()
    s.shards[shard].verified = 0
  }
  emit(s, { type: 'changed' })
}

function tick(s: State): void {
  registerTick(s)
  if (s.unfit !== null && s.unfitUntil > 0 && s.now >= s.unfitUntil) {
    s.unfit = null
    s.unfitUntil = 0
    announce(s)
  }
  if (s.peer !== null && (s.now >= s.nextBeatAt || SHARDS.some(shard => hasNews(s, shard)))) beat(s)
  for (const shard of SHARDS) {
    s.shards[shard].sender.tick(s.now)
    // a promise to the other one ends by time alone
    if (isSole(s)) recommit(s, shard)
  }
}

function beat(s: State): void {
  const { heartbeatMs, leaseMs } = s.settings.timing
  s.nextBeatAt = s.now + heartbeatMs
  const committed = { s0: committedToTell(s, 's0'), s1: committedToTell(s, 's1') }
  for (const shard of SHARDS) s.shards[shard].told = committed[shard] ?? 0
  const readMs = s.settings.readsAsStandby ? s.lease.readMs : 0
  sendToPeer(s, { type: 'beat', seq: s.lease.beat(s.now), epoch: s.record?.epoch ?? 0, leaseMs, readMs, committed })
}

/** The newest entry is committed, and no later one tells the standby that our disk has it. */
const hasNews = (s: State, shard: ShardName): boolean => {
  const { reign, committed, last, told } = s.shards[shard]
  return reign !== null && committed === last.index && committed > told
}

const committedToTell = (s: State, shard: ShardName): number | null =>
  s.shards[shard].reign === null ? null : s.shards[shard].committed

/** After every event: what follows from what is known now. */
function settle(s: State): void {
  senders(s)
  movesTick(s)
  forceTick(s)
  const choice = choose(s)
  if (choice.kind === 'propose') proposeRecord(s, choice.next, choice.standing)
  if (choice.kind === 'compareTails') compareTails(s, choice.shards)
}

/** Queries of a comparison between restarted origins; those of senders count from 1. */
const TAIL_QUERY_BASE = 1_000_000_000

function compareTails(s: State, shards: readonly ShardName[]): void {
  const peer = memberPeer(s)
  if (peer === null || s.tails?.session === peer.session) return
  const query = TAIL_QUERY_BASE + (s.record?.epoch ?? 0)
  s.tails = { session: peer.session, query, found: new Map() }
  for (const shard of shards) sendToPeer(s, { type: 'askTail', shard, query })
}

/** A primary brings any connected origin of its lineage level, member or not; what counts is decided elsewhere. */
function senders(s: State): void {
  const peer = readyPeer(s)
  for (const shard of SHARDS) {
    const state = s.shards[shard]
    const ships =
      state.reign !== null && state.reign.start !== null && !isStanding(s) && peer !== null && peer.hello.unfit === null
    if (!ships && state.sender.on) state.sender.stop()
    if (!ships || peer === null || state.reign === null || state.sender.on) continue
    const reseed = peer.hello.drifted.includes(shard)
    if (reseed && !mayReseed(s, shard, peer.hello.byHand)) continue
    if (isLevel(state, peer.session) && !reseed) state.sender.startLevel(peer.session, state.last, s.now)
    else state.sender.start(peer.session, state.last.index, reseed)
    state.reign.levelIn = null
    recommit(s, shard)
  }
}

/** Handed over in this very session, and nothing was appended since: both copies end alike. */
const isLevel = ({ reign, last }: ShardState, session: string): boolean =>
  reign !== null && reign.levelIn === session && reign.start === last.index

/** Reseeding once may heal a copy; if it differs again soon, a person must look. */
function mayReseed(s: State, shard: ShardName, byHand: boolean): boolean {
  if (!byHand && s.now - s.shards[shard].reseededAt < RESEED_AGAIN_MS) {
    const why = `the standby's copy of ${shard} differed again after a reseed: look at it, then \`tandem resync\``
    if (s.blocked.why !== why) log(s, 'error', why)
    s.blocked.why = why
    return false
  }
  return true
}
