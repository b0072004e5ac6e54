// Registers that came back empty get a value again: the newest record that an origin knows. Why that is right: nothing can be
// decided while a majority is empty, every record that anybody acted by alone was on that origin's disk first, and a
// record that is on no disk was acted by nobody. Its epoch may have been shown, though: whoever proposed it has it as its intent.
import { ORIGINS, type OriginName, SHARDS, type ShardName } from '../../router/words.ts'
import { ACCEPTORS, type AcceptorName, type AcceptorReply, type Ballot, MAJORITY } from '../register/acceptor.ts'
import type { Knowledge } from '../register/knowledge.ts'
import type { PairRecord, RegisterValue, Reign } from '../register/record.ts'
import { whyPeerLives } from './forced.ts'
import { AHEAD, REBUILD_AFTER_MS } from './limits.ts'
import { emit, log, persist, type State } from './state.ts'

/** Not a round of the proposer. */
export const REBUILD_ROUND = -3

export type Rebuilt =
  | { readonly kind: 'value'; readonly value: RegisterValue; readonly counter: number }
  | { readonly kind: 'refused'; readonly why: string }

export const knowledgeOf = (s: State): Knowledge => ({
  name: s.me,
  store: s.identity.store,
  lineage: s.identity.lineage,
  incarnation: s.settings.incarnation,
  record: s.record ?? s.identity.record,
  epochMax: Math.max(s.record?.epoch ?? 0, s.identity.epoch, s.identity.intent?.record.epoch ?? 0),
  ballotCounter: Math.max(s.proposer.ballotCounter, s.identity.ballotCounter),
})

/**
 * The value to give to the registers. With both origins' knowledge nothing is lost. Without the other's (a person says that
 * it is off) this store goes on alone, ahead of whatever the other one may have decided meanwhile. Pure.
 */
export function rebuilt(mine: Knowledge, peers: Knowledge | null, promisedMax: number): Rebuilt {
  const refused = (why: string): Rebuilt => ({ kind: 'refused', why })
  if (mine.lineage === null || mine.record === null)
    return refused('this store knows of no record: ask the other origin, or restore a backup')
  if (peers !== null && peers.lineage !== null && peers.lineage !== mine.lineage)
    return refused(`the other origin belongs to lineage ${peers.lineage}, this one to ${mine.lineage}`)
  const by = { name: mine.name, incarnation: mine.incarnation }
  const counter = Math.max(mine.ballotCounter, peers?.ballotCounter ?? 0, promisedMax) + 1
  if (peers === null) {
    const epoch = mine.epochMax + AHEAD
    const reign: Reign = { ...by, since: epoch, pinned: false }
    const members = [{ name: mine.name, store: mine.store }]
    const record = {
      lineage: mine.lineage,
      epoch,
      members,
      primaries: { s0: reign, s1: reign },
      by,
      why: 'forced',
    } as const
    return { kind: 'value', value: { record, boots: { [mine.name]: mine.incarnation } }, counter: counter + AHEAD }
  }
  const known = [mine, peers]
  const newest = (peers.record?.epoch ?? 0) > mine.record.epoch && peers.record !== null ? peers.record : mine.record
  const members = newest.members.filter(member =>
    known.some(one => one.name === member.name && one.store === member.store),
  )
  const [first] = members
  if (first === undefined)
    return refused('neither store is a member of the last record: force one of them, or restore a backup')
  const incarnationOf = (name: OriginName): string => (name === mine.name ? mine.incarnation : peers.incarnation)
  const epoch = Math.max(mine.epochMax, peers.epochMax) + 1
  const reignOf = (shard: ShardName): Reign => {
    const before = newest.primaries[shard]
    if (members.some(member => member.name === before.name)) return before
    return { name: first.name, incarnation: incarnationOf(first.name), since: epoch, pinned: false }
  }
  const record: PairRecord = {
    ...newest,
    epoch,
    members,
    primaries: { s0: reignOf('s0'), s1: reignOf('s1') },
    by,
    why: 'rebuilt',
  }
  const boots = Object.fromEntries(ORIGINS.map(name => [name, incarnationOf(name)]))
  return { kind: 'value', value: { record, boots }, counter }
}

/** How long it must still wait until nothing of before can be on its way, null where the registers need no rebuilding. */
export const rebuildableInMs = (s: State): number | null =>
  s.registers.emptySince === null ? null : Math.max(0, s.registers.emptySince + REBUILD_AFTER_MS - s.now)

export function onRebuild(s: State, command: number, peers: Knowledge | null): void {
  const refuse = (detail: string): void => emit(s, { type: 'reply', id: command, ok: false, detail })
  const waitMs = rebuildableInMs(s)
  if (waitMs === null) return refuse('no majority of the registers is empty: there is nothing to rebuild')
  if (waitMs > 0) return refuse(`the registers were found empty a moment ago: ask again in ${waitMs} ms`)
  if (s.rebuilding !== null) return refuse('this is under way already')
  const lives = peers === null ? whyPeerLives(s) : null
  if (lives !== null) return refuse(lives)
  const promises = [...s.registers.last.values()].map(reply => (reply.kind === 'state' ? reply.promised.counter : 0))
  const result = rebuilt(knowledgeOf(s), peers, Math.max(0, ...promises))
  if (result.kind === 'refused') return refuse(result.why)
  const { value, counter } = result
  log(s, 'warn', 'rebuilds the registers', { record: value.record })
  s.rebuilding = { command, epoch: value.record.epoch, replies: new Map() }
  s.proposer.saw(counter)
  const ballot: Ballot = { counter, proposer: s.settings.incarnation }
  persist(s, { ballotCounter: counter, ...(peers === null ? { drifted: [] } : {}) }, () => {
    for (const acceptor of ACCEPTORS)
      emit(s, {
        type: 'register',
        round: REBUILD_ROUND,
        acceptor,
        lineage: value.record.lineage,
        request: { op: 'admit', ballot, value },
      })
  })
}

/** One that has its vote still is brought level by the next round; two votes for the value are a majority of their own. */
export function onRebuildReply(s: State, acceptor: AcceptorName, reply: AcceptorReply): void {
  const { rebuilding } = s
  if (rebuilding === null) return
  rebuilding.replies.set(acceptor, reply)
  if (rebuilding.replies.size < ACCEPTORS.length) return
  s.rebuilding = null
  s.registers.nextProbeAt = s.now
  const kinds = [...rebuilding.replies.values()].map(each => each.kind)
  const voting = kinds.filter(kind => kind === 'admitted' || kind === 'occupied').length
  const ok = kinds.includes('admitted') && voting >= MAJORITY
  const detail = ok
    ? `${voting} of ${ACCEPTORS.length} registers have their vote, from epoch ${rebuilding.epoch} on; ${SHARDS.join(' and ')} follow`
    : `only ${voting} of ${ACCEPTORS.length} registers took the value: ask again`
  emit(s, { type: 'reply', id: rebuilding.command, ok, detail })
}
