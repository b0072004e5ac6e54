// Every change of the pair's record that this origin adopted, with who, why and how long: kept in memory, bounded.
import type { PairRecord } from '../../replicator/register/record.ts'
import type { Replicator } from '../../replicator/replicator.ts'
import { type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'

/** A pair that changes more often than this in a night has other worries. */
const TURNS_MAX = 200

export type Turn = {
  /** wall-clock milliseconds, of this origin */
  readonly at: number
  readonly epoch: number
  readonly kind: string
  readonly actor: string
  readonly members: readonly string[]
  readonly primaries: Readonly<Record<ShardName, string>>
  readonly cause: string
  /** to the new record, from what led to it; null where this origin saw no begin */
  readonly durationMs: number | null
}

export class Timeline {
  readonly #replicator: Replicator
  readonly #now: () => number
  readonly #wallNow: () => number
  readonly #turns: Turn[] = []
  readonly #counts = new Map<string, number>()
  #before: PairRecord | null = null
  #moveSince: number | null = null
  /** null too where the pair was solo before this origin started */
  #soloSince: number | null = null
  readonly #unlisten: () => void

  /** @param now monotonic milliseconds; @param wallNow wall-clock milliseconds */
  constructor(replicator: Replicator, now: () => number, wallNow: () => number) {
    this.#replicator = replicator
    this.#now = now
    this.#wallNow = wallNow
    this.#unlisten = replicator.onChange(() => this.#look())
    this.#look()
  }

  /** Since the start, by kind: there are as many kinds as reasons of a record. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** Newest first. */
  get turns(): readonly Turn[] {
    return this.#turns
  }

  close(): void {
    this.#unlisten()
  }

  #look(): void {
    const { record, move } = this.#replicator.state
    if (record !== null && record.epoch !== this.#before?.epoch) {
      const turn = this.#turn(record)
      this.#turns.unshift(turn)
      // what was read at the start was no change
      if (this.#before !== null) this.#counts.set(turn.kind, (this.#counts.get(turn.kind) ?? 0) + 1)
      if (this.#turns.length > TURNS_MAX) this.#turns.pop()
      if (record.members.length > 1) this.#soloSince = null
      else if (this.#before !== null) this.#soloSince ??= this.#now()
      this.#before = record
      this.#moveSince = null
    }
    if (move !== null) this.#moveSince = move.since
  }

  /** A takeover from the last sign of life, a rejoin from when the pair became solo, a handover from its begin. */
  #began(record: PairRecord): number | null {
    const { lease, settings } = this.#replicator.state
    const { leaseMs, graceMs } = settings.timing
    switch (record.why) {
      case 'takeover':
      case 'solo':
        return finite(Math.max(lease.heldUntil - leaseMs, lease.promisedUntil - graceMs))
      case 'add':
        return this.#soloSince
      default:
        return this.#moveSince
    }
  }

  #turn(record: PairRecord): Turn {
    const since = this.#began(record)
    return {
      at: this.#wallNow(),
      epoch: record.epoch,
      kind: kindOf(record, this.#before),
      actor: record.by.name,
      members: record.members.map(member => member.name),
      primaries: { s0: record.primaries.s0.name, s1: record.primaries.s1.name },
      cause: causeOf(record, this.#before),
      durationMs: since === null || this.#before === null ? null : Math.max(0, Math.round(this.#now() - since)),
    }
  }
}

const finite = (at: number): number | null => (Number.isFinite(at) ? at : null)

const movedIn = (record: PairRecord, before: PairRecord | null): readonly ShardName[] =>
  before === null ? [] : SHARDS.filter(shard => record.primaries[shard].name !== before.primaries[shard].name)

/** A primary of one shard that goes on alone takes the other shard in the same record: that is a takeover. Pure. */
export const kindOf = (record: PairRecord, before: PairRecord | null): string =>
  record.why === 'solo' && movedIn(record, before).length > 0 ? 'takeover' : record.why

/** One sentence for a person. Pure. */
export function causeOf(record: PairRecord, before: PairRecord | null): string {
  const { name } = record.by
  const other = peerOf(name)
  const moved = movedIn(record, before)
  const shards = moved.length === 0 ? 'nothing' : moved.join(' and ')
  if (before === null && record.why !== 'first boot' && record.why !== 'restored')
    return `read from the register; ${name} made it (${record.why})`
  switch (record.why) {
    case 'first boot':
      return 'the pair was made: both stores are new'
    case 'restart':
      return `${name} began anew after a restart`
    case 'recover':
      return `${name} completed what both logs hold and began a new epoch`
    case 'solo':
    case 'takeover':
      return moved.length === 0
        ? `${other} did not acknowledge in time: ${name} goes on alone`
        : `${other} did not answer: ${name} took over ${shards} and is alone`
    case 'add':
      return `${other} has caught up and is a member again`
    case 'handover': {
      const by = moved.some(shard => record.primaries[shard].pinned) ? 'by hand' : 'home'
      return `${name} handed ${shards} to ${receiverOf(record, moved) ?? other} (${by})`
    }
    case 'leave':
      return `${name} left (stop or drain) and gave ${shards} to ${other}`
    case 'forced':
      return `an operator made ${name} primary by force`
    case 'rebuilt':
      return `an operator rebuilt the registers from what both origins knew`
    case 'restored':
      return `a new lineage began from a backup, on ${name}`
  }
}

const receiverOf = (record: PairRecord, moved: readonly ShardName[]): OriginName | null =>
  moved[0] === undefined ? null : record.primaries[moved[0]].name
