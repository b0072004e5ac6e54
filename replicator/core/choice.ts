// What this origin should propose to the register now, judged from all that it knows; nothing where nothing must change.
import { type OriginName, SHARDS, type ShardName } from '../../router/words.ts'
import type { PairRecord, Reign } from '../register/record.ts'
import { LOSSES_FREE, SOLO_STAGGER_MS, STABLE_DOUBLINGS_MAX, UNSUSPECTED_STABLE_MS } from './limits.ts'
import { isFit, isMember, isSole, memberPeer, readyPeer, type State, type TailComparison } from './state.ts'

export type Choice =
  | { readonly kind: 'nothing' }
  /** the tails must be compared before it can be said who reigns */
  | { readonly kind: 'compareTails'; readonly shards: readonly ShardName[] }
  | { readonly kind: 'propose'; readonly next: PairRecord; readonly standing: boolean }

const NOTHING: Choice = { kind: 'nothing' }

export function choose(s: State): Choice {
  const { record } = s
  if (record === null || !s.synced || s.proposer.busy || !isMember(s) || s.leaving) return NOTHING
  if (isSole(s))
    return SHARDS.every(shard => isMine(s, record.primaries[shard])) ? NOTHING : alone(s, record, 'restart')
  if (!isFit(s)) return NOTHING
  const orphans = SHARDS.filter(shard => isOrphan(s, record.primaries[shard]))
  if (orphans.length > 0 && memberPeer(s) !== null && leads(s, record)) return recover(s, record, orphans)
  return SHARDS.some(shard => isMine(s, record.primaries[shard])) ? goSolo(s, record) : takeOver(s, record)
}

const isMine = (s: State, reign: Reign): boolean => reign.incarnation === s.settings.incarnation

/** A reign never outlives its incarnation: nobody reigns where that process is known to be gone. */
function isOrphan(s: State, reign: Reign): boolean {
  if (reign.name === s.me) return !isMine(s, reign)
  const hello = memberPeer(s)?.hello
  return hello !== undefined && hello.incarnation !== reign.incarnation
}

/** With both origins there, one of them puts things right: the one that stays, that still reigns somewhere, else a. */
function leads(s: State, record: PairRecord): boolean {
  const hello = memberPeer(s)?.hello
  if (hello === undefined || hello.unfit !== null || hello.drifted.length > 0) return false
  // It may reign on for as long as its last requests wait for the very shard that is an orphan.
  if (hello.leaving) return true
  if (SHARDS.some(shard => isMine(s, record.primaries[shard]))) return true
  if (SHARDS.some(shard => record.primaries[shard].incarnation === hello.incarnation)) return false
  return s.me === 'a'
}

/**
 * After restarts, with both members there: an orphaned shard goes to the longer log (its standby is then completed
 * before anything is served), at equal length to its home or whoever the record named.
 */
function recover(s: State, record: PairRecord, orphans: readonly ShardName[]): Choice {
  const peer = memberPeer(s)
  if (peer === null) return NOTHING
  const found =
    s.tails !== null && s.tails.session === peer.session ? s.tails.found : new Map<ShardName, TailComparison>()
  if (orphans.some(shard => !found.has(shard))) return { kind: 'compareTails', shards: orphans }
  const primaries = { ...record.primaries }
  for (const shard of orphans) {
    const tails = found.get(shard)
    if (tails === undefined) return NOTHING
    const heir = longer(s, tails, record.primaries[shard])
    // Two members whose histories part: one of them is wrong, and we can only vouch for ours.
    if (heir === null) return alone(s, record, 'takeover')
    primaries[shard] = reignOf(s, heir, peer.hello.incarnation, record.epoch + 1, record.primaries[shard])
  }
  return { kind: 'propose', next: nextRecord(s, record, { primaries, why: 'recover' }), standing: false }
}

function longer(s: State, { mine, peers, common }: TailComparison, reign: Reign): OriginName | null {
  const commonIndex = common?.index ?? -1
  if (mine.index > commonIndex && peers.index > commonIndex) return null
  if (mine.index > peers.index) return s.me
  if (peers.index > mine.index) return s.peerName
  return reign.name
}

function reignOf(s: State, name: OriginName, peerIncarnation: string, since: number, before: Reign): Reign {
  const incarnation = name === s.me ? s.settings.incarnation : peerIncarnation
  return { name, incarnation, since, pinned: before.pinned && before.name === name }
}

/** A primary whose lease is over, or whose entries wait beyond it, records itself alone rather than wait for ever. */
function goSolo(s: State, record: PairRecord): Choice {
  const { leaseMs } = s.settings.timing
  const began = Math.max(...SHARDS.map(shard => s.shards[shard].reign?.began ?? Number.NEGATIVE_INFINITY))
  const stagger = s.me === 'a' ? 0 : SOLO_STAGGER_MS
  const leaseOver = s.now >= Math.max(s.lease.heldUntil, began + leaseMs) + stagger
  const stuck = SHARDS.some(shard => {
    const { reign, stalledSince } = s.shards[shard]
    return reign !== null && stalledSince !== null && s.now - stalledSince >= leaseMs + stagger
  })
  return leaseOver || stuck ? alone(s, record, 'solo') : NOTHING
}

/** A standby that has kept all its promises, those of an earlier life too, and hears nothing; one that became it just now hears nothing yet. */
function takeOver(s: State, record: PairRecord): Choice {
  const { graceMs } = s.settings.timing
  const free = Math.max(s.lease.promisedUntil, s.startedAt + graceMs, s.standbySince + graceMs)
  return s.now >= free ? alone(s, record, 'takeover') : NOTHING
}

export function aloneRecord(s: State, record: PairRecord, why: 'restart' | 'solo' | 'takeover' | 'forced'): PairRecord {
  const since = record.epoch + 1
  const mine = (shard: ShardName): Reign => {
    const before = record.primaries[shard]
    return isMine(s, before) ? before : { name: s.me, incarnation: s.settings.incarnation, since, pinned: false }
  }
  return nextRecord(s, record, {
    members: [{ name: s.me, store: s.identity.store }],
    primaries: { s0: mine('s0'), s1: mine('s1') },
    why,
  })
}

const alone = (s: State, record: PairRecord, why: 'restart' | 'solo' | 'takeover'): Choice => ({
  kind: 'propose',
  next: aloneRecord(s, record, why),
  standing: true,
})

export function nextRecord(
  s: State,
  record: PairRecord,
  change: Partial<PairRecord> & Pick<PairRecord, 'why'>,
): PairRecord {
  const by = { name: s.me, incarnation: s.settings.incarnation }
  return { ...record, ...change, epoch: record.epoch + 1, by }
}

/**
 * How long the peer must have been connected before anything moves to it: doubles with each loss of late. One that was
 * not lost, but left by agreement or started together with us, has nothing to prove.
 */
export function stableMs(s: State): number {
  if (s.losses.length === 0) return Math.min(s.settings.timing.stableMs, UNSUSPECTED_STABLE_MS)
  const doublings = Math.min(Math.max(0, s.losses.length - LOSSES_FREE), STABLE_DOUBLINGS_MAX)
  return s.settings.timing.stableMs * 2 ** doublings
}

/** A peer that may be added, or be given shards: there, sound, willing. */
export function willingPeer(s: State): ReturnType<typeof readyPeer> {
  const peer = readyPeer(s)
  if (peer === null || peer.hello.unfit !== null || peer.hello.leaving || peer.hello.drifted.length > 0) return null
  return peer
}
