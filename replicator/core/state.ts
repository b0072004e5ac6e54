// All that one origin knows, in one place. The files beside this one are its rules: functions that read and change it
// and emit effects. Nothing here touches a clock, chance or I/O.
import { type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'
import { GENESIS, type Position } from '../entry/position.ts'
import type { Identity } from '../identity.ts'
import type { AcceptorName, AcceptorReply, Calls } from '../register/acceptor.ts'
import type { PairRecord } from '../register/record.ts'
import type { Effect } from './events.ts'
import { Lease } from './lease.ts'
import type { Timing } from './limits.ts'
import type { Hello } from './messages.ts'
import { Proposer } from './proposer.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'

export type Settings = {
  readonly name: OriginName
  readonly timing: Timing
  readonly failback: 'auto' | 'manual'
  /** as a standby it answers strong reads, and asks for the lease that lets it */
  readonly readsAsStandby: boolean
  readonly incarnation: string
  /** in [0, 1) */
  readonly random: () => number
  /** a new id that nobody else makes */
  readonly newId: () => string
}

/** This incarnation is a shard's primary, from `began` on. */
export type MyReign = {
  readonly since: number
  readonly began: number
  /** our last index when the reign began, once the writer is quiet: nothing is served before it is committed */
  start: number | null
  /** promises that we gave to the former primary end then */
  readonly notBefore: number
  /**
   * The session with the one that handed the shard over, or null. It proposed that with its gate closed and all that it had
   * acknowledged by this store: both copies end with `start`, and need not be compared. Once is enough.
   */
  levelIn: string | null
}

export type ShardState = {
  readonly shard: ShardName
  reign: MyReign | null
  /** newest position on this disk */
  last: Position
  committed: number
  /** what the last beat said of that */
  told: number
  /**
   * As a standby: up to here this log is known to be the primary's, because its hash chain was continued in this
   * session. An index that the primary calls committed says nothing about other entries that we hold at that index.
   */
  verified: number
  /** as a standby: when the primary last said what is committed, and this copy had all of it; null before that */
  levelAt: number | null
  /** snapshots that are on their way to replace this copy: until then it takes, acknowledges and compares nothing */
  readonly installing: Set<number>
  /** the session in which the entries came that the disk is busy with */
  applyingIn: string | null
  readonly sender: Sender
  readonly receiver: Receiver
  /** no new writes: a handover is under way */
  closing: 'no' | 'asked' | 'closed'
  quarantined: number
  reseededAt: number
  /** since when entries of our reign wait without any being committed (monotonic), or null while none waits */
  stalledSince: number | null
}

export type PeerState = {
  readonly session: string
  readonly since: number
  hello: Hello | null
  /** newest epoch that it has shown */
  epoch: number
}

/** Shards on their way to the peer, by agreement. */
export type Move = {
  readonly kind: 'handover' | 'leave'
  readonly shards: readonly ShardName[]
  readonly since: number
  readonly pinned: boolean
  readonly command: number | null
  proposed: boolean
}

/** A person's word that the other origin is off: looked at once every register has said when it last heard of it. */
export type Forcing = { readonly command: number; readonly since: number; proposed: boolean }

/** Registers that were empty are given a value again. */
export type Rebuilding = {
  readonly command: number
  readonly epoch: number
  readonly replies: Map<AcceptorName, AcceptorReply>
}

export type Proposal = {
  readonly why: 'sync' | 'repair' | PairRecord['why']
  readonly epoch: number
  /** takes the pair for this origin alone: nothing is granted, acknowledged or applied until it is decided */
  readonly standing: boolean
}

export type State = {
  readonly settings: Settings
  readonly me: OriginName
  readonly peerName: OriginName
  readonly startedAt: number
  now: number
  identity: Identity
  /** why this origin should not be a member, or null */
  unfit: string | null
  unfitUntil: number
  leaving: boolean
  resyncByHand: boolean
  synced: boolean
  record: PairRecord | null
  /** newest epoch of our lineage whose record is durable in our identity file */
  keptEpoch: number
  /** newest epoch of our lineage that a signed view has shown: while it is above the record's, ours is of the past */
  shownEpoch: number
  /** a majority of the registers belongs to another lineage: this one is of the past */
  replaced: boolean
  /** since when this store is a member and this process primary of nothing; before that it promised nobody anything */
  standbySince: number
  peer: PeerState | null
  readonly lease: Lease
  readonly shards: Readonly<Record<ShardName, ShardState>>
  readonly proposer: Proposer
  proposal: Proposal | null
  /** store id of the peer while it is being added: commits wait for it as well */
  adding: { readonly store: string; readonly since: number } | null
  move: Move | null
  forcing: Forcing | null
  rebuilding: Rebuilding | null
  nextBeatAt: number
  registers: {
    nextProbeAt: number
    probeSentAt: number
    readonly replies: Map<AcceptorName, AcceptorReply>
    last: ReadonlyMap<AcceptorName, AcceptorReply>
    /** since when a majority of them has been seen empty at each look, or null */
    emptySince: number | null
    /** what each said last of who called it, and when it said so */
    readonly calls: Map<AcceptorName, { readonly at: number; readonly ago: Calls }>
  }
  tails: { readonly session: string; readonly query: number; readonly found: Map<ShardName, TailComparison> } | null
  nextMoveAt: number
  /** the last entry that was refused of each shard, and how often */
  readonly refusals: Map<ShardName, { readonly index: number; readonly times: number }>
  /** peer losses of late, for the doubling of the stable time */
  readonly losses: number[]
  persistToken: number
  readonly afterPersist: Map<number, () => void>
  readonly blocked: { why: string | null }
  effects: Effect[]
}

export type TailComparison = { readonly mine: Position; readonly peers: Position; readonly common: Position | null }

export function newState(
  settings: Settings,
  identity: Identity,
  lasts: Readonly<Record<ShardName, Position>>,
  now: number,
): State {
  const effects: { list: Effect[] } = { list: [] }
  const emit = (effect: Effect): void => {
    effects.list.push(effect)
  }
  const shard = (name: ShardName): ShardState => ({
    shard: name,
    reign: null,
    last: lasts[name] ?? GENESIS,
    committed: 0,
    told: 0,
    verified: 0,
    levelAt: null,
    applyingIn: null,
    installing: new Set(),
    sender: new Sender(name, emit),
    receiver: new Receiver(),
    closing: 'no',
    quarantined: 0,
    reseededAt: Number.NEGATIVE_INFINITY,
    stalledSince: null,
  })
  const state: State = {
    settings,
    me: settings.name,
    peerName: peerOf(settings.name),
    startedAt: now,
    now,
    identity,
    unfit: null,
    unfitUntil: 0,
    leaving: false,
    resyncByHand: false,
    synced: false,
    record: null,
    keptEpoch: 0,
    shownEpoch: 0,
    replaced: false,
    standbySince: now,
    peer: null,
    lease: new Lease(settings.timing),
    shards: { s0: shard('s0'), s1: shard('s1') },
    proposer: new Proposer(settings.incarnation, identity.ballotCounter, settings.random),
    proposal: null,
    adding: null,
    move: null,
    forcing: null,
    rebuilding: null,
    nextBeatAt: now,
    registers: {
      nextProbeAt: now,
      probeSentAt: now,
      replies: new Map(),
      last: new Map(),
      emptySince: null,
      calls: new Map(),
    },
    tails: null,
    nextMoveAt: now,
    refusals: new Map(),
    losses: [],
    persistToken: 0,
    afterPersist: new Map(),
    blocked: { why: null },
    get effects() {
      return effects.list
    },
    set effects(list) {
      effects.list = list
    },
  }
  for (const name of SHARDS) state.shards[name].receiver.moved(state.shards[name].last.index)
  return state
}

export const emit = (s: State, effect: Effect): void => {
  s.effects.push(effect)
}

export const log = (
  s: State,
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Record<string, unknown> = {},
): void => emit(s, { type: 'log', level, message, fields })

/** Saves what changed; `then` runs when it is durable. Saves become durable in order. */
export function persist(s: State, change: Partial<Identity>, then: (() => void) | null = null): void {
  s.identity = { ...s.identity, ...change }
  const token = ++s.persistToken
  if (then !== null) s.afterPersist.set(token, then)
  emit(s, { type: 'persist', token, identity: s.identity })
}

export const isMember = (s: State): boolean =>
  s.record?.members.some(member => member.name === s.me && member.store === s.identity.store) ?? false

export const isSole = (s: State): boolean => isMember(s) && s.record?.members.length === 1

/** Primary of nothing in the record. */
export const isStandby = (s: State): boolean =>
  isMember(s) && SHARDS.every(shard => s.record?.primaries[shard].incarnation !== s.settings.incarnation)

/** @param record another one than the newest */
export const peerIsMember = (s: State, record: PairRecord | null = s.record): boolean =>
  record?.members.some(member => member.name === s.peerName) ?? false

/** The peer that is connected has introduced itself, belongs to our lineage and has asked the register since it started. */
export function readyPeer(
  s: State,
): { readonly session: string; readonly hello: Hello; readonly since: number } | null {
  const peer = s.peer
  if (peer === null || peer.hello === null || !peer.hello.synced) return null
  if (s.identity.lineage === null || peer.hello.lineage !== s.identity.lineage) return null
  return { session: peer.session, hello: peer.hello, since: peer.since }
}

/** The same, and it is the very store that the record names. */
export function memberPeer(
  s: State,
): { readonly session: string; readonly hello: Hello; readonly since: number } | null {
  const peer = readyPeer(s)
  if (peer === null) return null
  const named =
    s.record?.members.some(member => member.name === s.peerName && member.store === peer.hello.store) ?? false
  return named ? peer : null
}

/** From before a proposal that takes the pair for us alone until it is decided. */
export const isStanding = (s: State): boolean => s.proposal?.standing ?? false

export const isFit = (s: State): boolean => s.unfit === null && s.identity.drifted.length === 0

export const sendToPeer = (s: State, message: Extract<Effect, { type: 'send' }>['message']): void => {
  if (s.peer !== null) emit(s, { type: 'send', session: s.peer.session, message })
}
