// One origin's documents behind the gate: gate, store, ship, commit, and one more look at the lease before the answer.
import type { Replicator } from '../replicator/replicator.ts'
import type { WriteCommand } from '../replicator/store/command.ts'
import type { Done } from '../replicator/store/outcome.ts'
import type { ShardStore } from '../replicator/store/shardstore.ts'
import type { Aimed } from '../router/aimed.ts'
import { SHARDS, type ShardName } from '../router/words.ts'
import type { Documents, Durability, Misdirected, OperationAnswer, ReadAnswer, WriteAnswer } from './http/ports.ts'
import { type GroupPort, Groups } from './write/groups.ts'

export type ReadRow =
  | {
      readonly kind: 'found'
      readonly body: Uint8Array
      readonly type: string
      readonly etag: string
      readonly index: number
      readonly modified: number
      readonly expires: number | null
    }
  | { readonly kind: 'missing'; readonly seen: number }

/** An idempotency record, as a row is read. */
export type ReadRecord =
  | { readonly kind: 'found'; readonly done: Done; readonly index: number }
  | { readonly kind: 'missing'; readonly seen: number }

export type DocumentParts = {
  readonly replicator: Replicator
  readonly stores: Readonly<Record<ShardName, ShardStore>>
  readonly get: (shard: ShardName, key: string) => ReadRow
  readonly record: (shard: ShardName, scope: string) => ReadRecord
  /** `refuse`: no write is acknowledged by one copy alone */
  readonly solo: 'allow' | 'refuse'
  /** `confirm`: a read is answered by a round trip on the link that began after it, and by no clock; `both`: see StandbyReads */
  readonly reads: 'lease' | 'confirm' | 'both'
  readonly now: GroupPort['now']
  readonly later: GroupPort['later']
  readonly observed?: NonNullable<GroupPort['observed']>
}

/** How long an answer may wait for a lease that is just being renewed: after that it goes out as undecided. */
const LEASE_WAIT_MS = 5000

export class GuardedDocuments implements Documents {
  readonly #parts: DocumentParts
  readonly #groups: Readonly<Record<ShardName, Groups>>

  constructor(parts: DocumentParts) {
    this.#parts = parts
    const { replicator, stores } = parts
    const port: GroupPort = {
      serves: shard => replicator.serves(shard),
      prepared: (shard, entry) => replicator.prepared(shard, entry),
      appended: (shard, entry) => replicator.appended(shard, entry),
      committed: (shard, index) => replicator.committed(shard, index),
      diskTrouble: detail => replicator.dispatch({ type: 'diskTrouble', detail }),
      now: parts.now,
      later: parts.later,
      ...(parts.observed === undefined ? {} : { observed: parts.observed }),
    }
    this.#groups = { s0: new Groups(stores.s0, port), s1: new Groups(stores.s1, port) }
    replicator.closeGate = (shard, closed) => this.#groups[shard].close(closed)
    replicator.onChange(() => {
      for (const shard of SHARDS) this.#groups[shard].wake()
    })
  }

  async read(shard: ShardName, key: string): Promise<ReadAnswer> {
    const row = await this.#committedRow(shard, () => this.#parts.get(shard, key))
    if (row.kind !== 'found') return row.kind === 'missing' ? { kind: 'missing' } : row
    const { body, type, etag, modified, expires } = row
    return { kind: 'found', document: { body, type, etag, modified, expires } }
  }

  async operation(shard: ShardName, scope: string): Promise<OperationAnswer> {
    const row = await this.#committedRow(shard, () => this.#parts.record(shard, scope))
    if (row.kind === 'found') return { kind: 'done', done: row.done }
    return row.kind === 'missing' ? { kind: 'missing' } : row
  }

  async #committedRow<R extends { kind: 'found'; index: number } | { kind: 'missing'; seen: number }>(
    shard: ShardName,
    get: () => R,
  ): Promise<R | Misdirected> {
    const { replicator } = this.#parts
    if (replicator.serves(shard) === null) return this.#misdirected()
    const row = get()
    return (await this.answerable(shard, row.kind === 'found' ? row.index : row.seen)) ? row : this.#misdirected()
  }

  /** True once what was read up to an entry is committed and this origin still serves the shard. */
  async answerable(shard: ShardName, index: number): Promise<boolean> {
    const { replicator } = this.#parts
    const committed = replicator.committed(shard, index)
    if (committed !== true && !(await committed)) return false
    // The process may have been paused since: what was true then may be history now.
    if (replicator.serves(shard) === null && !(await this.#servesAgain(shard))) return false
    return this.#parts.reads !== 'confirm' || (await replicator.confirm())
  }

  async write(shard: ShardName, command: WriteCommand, aimed: Aimed, least: Durability = 'solo'): Promise<WriteAnswer> {
    const { replicator, solo } = this.#parts
    const reign = replicator.state.shards[shard].reign?.since ?? 0
    if (replicator.serves(shard) === null || (aimed !== null && aimed < reign)) return this.#misdirected()
    if (solo === 'refuse' && this.#isSolo())
      return { kind: 'unavailable', why: 'only one origin is there, and writes need two' }
    if (least === 'mirrored' && this.#isSolo()) return { kind: 'solo', earlier: await this.#isRecorded(shard, command) }
    const written = await this.#groups[shard].write(command)
    switch (written.kind) {
      case 'closed':
        return this.#misdirected()
      case 'disk':
        return { kind: 'unavailable', why: 'the disk refused the write' }
      case 'full':
        return { kind: 'unavailable', why: 'too many writes are waiting' }
      case 'undecided':
        return { kind: 'unknown', why: 'this origin lost the shard while the write was under way', reign }
      case 'outcome':
        if (replicator.serves(shard) === null && !(await this.#servesAgain(shard)))
          return { kind: 'unknown', why: 'this origin lost its lease while the write was under way', reign }
        return { kind: 'outcome', outcome: written.outcome, durability: this.#isSolo() ? 'solo' : 'mirrored', reign }
    }
  }

  /** What is asked for again may be a write that took effect when both origins were there. */
  async #isRecorded(shard: ShardName, { idem }: WriteCommand): Promise<boolean> {
    return idem !== undefined && (await this.operation(shard, idem.scope)).kind === 'done'
  }

  #isSolo(): boolean {
    return this.#parts.replicator.state.record?.members.length === 1
  }

  #misdirected(): Misdirected {
    return { kind: 'misdirected', view: this.#parts.replicator.view(), why: 'this origin does not serve the shard now' }
  }

  /**
   * The answer is right as soon as this very reign is within a lease again: a lease that lapsed for a moment, or a
   * handover that began meanwhile, takes nothing back that was committed.
   */
  #servesAgain(shard: ShardName): Promise<boolean> {
    const { replicator } = this.#parts
    const reign = replicator.state.shards[shard].reign
    if (reign === null) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const look = (): void => {
      if (replicator.state.shards[shard].reign !== reign) settle(false)
      else if (replicator.holdsLease()) settle(true)
    }
    const unlisten = replicator.onChange(look)
    const timer = setTimeout(() => settle(false), LEASE_WAIT_MS)
    const settle = (serves: boolean): void => {
      clearTimeout(timer)
      unlisten()
      resolve(serves)
    }
    look()
    return promise
  }
}
