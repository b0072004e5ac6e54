// The model twin of a shard's store: the behaviour of origin/store in memory, over a disk that outlives the process. Calls run
// in order; each is durable some time before its answer, and what had not begun when the process died never happens.

import type { ReadRecord, ReadRow } from '../../origin/documents.ts'
import { judge } from '../../origin/store/judge.ts'
import { recordOp, repeatOf } from '../../origin/store/once.ts'
import { decodeEntry, encodeEntry, type Op, peekEntry, positionAfter } from '../../replicator/entry/codec.ts'
import { type Position, samePosition } from '../../replicator/entry/position.ts'
import { readRecord } from '../../replicator/entry/record.ts'
import { etagOf, NO_ROW_HASH, type Row, rowHash } from '../../replicator/entry/row.ts'
import type { WriteCommand } from '../../replicator/store/command.ts'
import type { WriteOutcome } from '../../replicator/store/outcome.ts'
import type {
  ApplyOutcome,
  LoggedEntry,
  ShardStore,
  SnapshotFile,
  WriteResult,
} from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import type { Disk, OldRow, ShardDisk } from './disk.ts'
import type { Life } from './life.ts'
import type { Random } from './random.ts'

export type StoreOptions = {
  readonly shard: ShardName
  readonly disk: Disk
  readonly life: Life
  readonly random: Random
  /** entries that the log keeps once they are settled */
  readonly logKept: number
  /** an entry of its own is on its way to the disk */
  readonly onMade: (entry: LoggedEntry) => void
  /** something became durable */
  readonly onDurable: (what: 'write' | 'apply' | 'undo' | 'install') => void
}

/** Copies that hosts fetch from each other, by path. */
export const snapshotFiles = (): Map<string, ShardDisk> => new Map()

export class ModelStore implements ShardStore {
  readonly shard: ShardName
  readonly #options: StoreOptions
  readonly #files: Map<string, ShardDisk>
  #last: Position
  #fence: number
  #settled: number
  /** true time when the writer is free again */
  #freeAt = 0
  #answeredAt = 0

  constructor(options: StoreOptions, files: Map<string, ShardDisk>) {
    this.#options = options
    this.#files = files
    this.shard = options.shard
    this.#last = this.#disk.last
    this.#fence = this.#disk.last.epoch
    this.#settled = this.#disk.settled
  }

  get #disk(): ShardDisk {
    return this.#options.disk.shards[this.shard]
  }

  last(): Position {
    return this.#last
  }

  /** The reader's own connection: what is durable now. */
  get(key: string): ReadRow {
    const row = this.#disk.rows.get(key)
    if (row === undefined) return { kind: 'missing', seen: this.#disk.last.index }
    const { body, type, index, modified, expires } = row
    return { kind: 'found', body, type, etag: etagOf(row.epoch, row.index, row.n), index, modified, expires }
  }

  due(at: number, limit: number): readonly string[] {
    const due = [...this.#disk.rows.values()].filter(({ expires }) => expires !== null && expires <= at)
    return due.slice(0, limit).map(({ key }) => key)
  }

  /** Documents and records share a map: no scope holds the slash that every document's key has. */
  record(scope: string): ReadRecord {
    const row = this.#disk.rows.get(scope)
    const kept = row === undefined ? null : readRecord(row)
    if (row === undefined || kept === null) return { kind: 'missing', seen: this.#disk.last.index }
    return { kind: 'found', done: kept.done, index: row.index }
  }

  /** What is told ahead becomes durable some time later, or the process is dead by then. */
  write(
    epoch: number,
    commands: readonly WriteCommand[],
    prepared: (entry: LoggedEntry) => void = () => {},
  ): Promise<WriteResult> {
    let written: { readonly result: WriteResult; readonly commit: () => void } | null = null
    const prepare = (): (() => void) | null => {
      written = this.#prepare(epoch, commands)
      const { result } = written
      if (result.kind === 'refused' || result.entry === null) return null
      const { position, bytes } = result.entry
      this.#options.onMade(result.entry)
      return () => prepared({ position, bytes: bytes.slice() })
    }
    return this.#call(() => {
      if (written === null) throw new Error('a group is committed before it was prepared')
      written.commit()
      return written.result
    }, prepare)
  }

  fence(epoch: number): void {
    this.#post(() => {
      this.#fence = Math.max(this.#fence, epoch)
    })
  }

  apply(entries: readonly Uint8Array[]): Promise<ApplyOutcome> {
    return this.#call(() => this.#apply(entries))
  }

  settle(index: number): void {
    this.#post(() => {
      this.#settled = Math.max(this.#settled, Math.min(index, this.#disk.last.index))
    })
  }

  tail(max: number): Promise<readonly Position[]> {
    return this.#call(() => {
      const positions: Position[] = []
      for (let index = this.#disk.last.index; index >= this.#settled && positions.length < max; index--) {
        const position = this.#disk.positionAt(index)
        if (position === null) break
        positions.push(position)
      }
      return positions
    })
  }

  locate(positions: readonly Position[]): Promise<Position | null> {
    return this.#call(() => {
      let found: Position | null = null
      for (const position of positions) {
        const ours = this.#disk.positionAt(position.index)
        if (ours === null || !samePosition(ours, position)) continue
        if (found === null || ours.index > found.index) found = ours
      }
      return found
    })
  }

  read(index: number, bytesMax: number): Promise<readonly LoggedEntry[] | null> {
    return this.#call(() => {
      const { base, log } = this.#disk
      if (index <= base.index) return null
      const entries: LoggedEntry[] = []
      let bytes = 0
      for (const entry of log.slice(index - base.index - 1)) {
        bytes += entry.bytes.length
        if (entries.length > 0 && bytes > bytesMax) break
        entries.push({ position: entry.position, bytes: entry.bytes.slice() })
      }
      return entries
    })
  }

  undo(index: number): Promise<{ readonly quarantined: number; readonly last: Position }> {
    return this.#call(() => this.#undo(index))
  }

  snapshot(): Promise<SnapshotFile> {
    return this.#call(() => {
      const copy = this.#disk.copy()
      copy.undo.clear()
      const path = `${this.#options.life.incarnation}-${this.shard}-${this.#files.size}`
      this.#files.set(path, copy)
      const sha256 = path.padEnd(64, '0').slice(0, 64)
      return { path, position: copy.last, bytes: copy.rows.size, sha256 }
    })
  }

  install(file: SnapshotFile): Promise<{ readonly last: Position; readonly aside: string }> {
    return this.#call(() => {
      const copy = this.#files.get(file.path)
      if (copy === undefined || !samePosition(copy.last, file.position)) throw new Error('no such snapshot')
      const { disk } = this.#options
      for (const { position } of this.#disk.log) disk.aside.add(position.hash)
      disk.shards[this.shard] = copy.copy()
      this.#settled = this.#disk.settled
      this.#fence = Math.max(this.#fence, this.#disk.last.epoch)
      this.#options.onDurable('install')
      return { last: this.#disk.last, aside: 'aside' }
    })
  }

  close(): Promise<void> {
    return this.#call(() => undefined)
  }

  #post(run: () => void): void {
    const { life } = this.#options
    if (!life.touch()) return
    this.#freeAt = Math.max(this.#freeAt, life.time)
    life.world.at(this.#freeAt, null, () => {
      if (life.alive) run()
    })
  }

  /** @param prepare comes before it in the writer, and may have something to tell ahead */
  #call<T>(run: () => T, prepare: () => (() => void) | null = () => null): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const { life, random, disk } = this.#options
    if (!life.touch()) return promise
    const slow = disk.slowness > 0 && random.chance(disk.slowness) ? random.between(20, disk.slowMs) : 0
    const preparedAt = Math.max(this.#freeAt, life.time) + random.between(0.03, 0.3)
    const aheadAt = Math.max(preparedAt + random.between(0.02, 0.1), this.#answeredAt)
    this.#freeAt = preparedAt + random.between(0.02, 0.3) + slow
    this.#answeredAt = Math.max(this.#freeAt + random.between(0.02, 0.2), aheadAt)
    let ahead: (() => void) | null = null
    life.world.at(preparedAt, null, () => {
      if (life.alive) ahead = prepare()
    })
    life.world.at(aheadAt, life, () => ahead?.())
    let answer: () => void = () => {}
    // The writer is a thread: a kill ends it with the process; a pause finds it wherever it is.
    life.world.at(this.#freeAt, null, () => {
      if (!life.alive) return
      try {
        const value = run()
        const last = this.#disk.last
        answer = () => {
          this.#last = last
          resolve(value)
        }
      } catch (error) {
        answer = () => reject(error)
      }
    })
    life.world.at(this.#answeredAt, life, () => answer())
    return promise
  }

  #prepare(
    epoch: number,
    commands: readonly WriteCommand[],
  ): { readonly result: WriteResult; readonly commit: () => void } {
    const nothing = (): void => {}
    if (epoch < this.#fence)
      return { result: { kind: 'refused', reason: 'fenced', detail: `epoch ${epoch} is over` }, commit: nothing }
    if (this.#options.disk.full)
      return { result: { kind: 'refused', reason: 'disk', detail: 'the disk is full' }, commit: nothing }
    const { last, rows } = this.#disk
    const index = last.index + 1
    const ops: Op[] = []
    const before: OldRow[] = []
    const outcomes = commands.map(command => this.#decide(epoch, index, command, ops, before))
    if (ops.length === 0) return { result: { kind: 'done', outcomes, entry: null, seen: last.index }, commit: nothing }
    const bytes = encodeEntry({ shard: this.shard, epoch, index, previousHash: last.hash, ops })
    const entry = { position: positionAfter(last.hash, bytes), bytes }
    const after = before.map(({ key }) => ({ key, old: rows.get(key) ?? null }))
    this.#restore(before)
    const commit = (): void => {
      this.#restore(after)
      this.#append(entry, before)
      this.#options.onDurable('write')
    }
    const shown = { position: entry.position, bytes: bytes.slice() }
    return { result: { kind: 'done', outcomes, entry: shown, seen: index }, commit }
  }

  #decide(epoch: number, index: number, command: WriteCommand, ops: Op[], before: OldRow[]): WriteOutcome {
    const { rows } = this.#disk
    const { idem } = command
    const look = (key: string): Row | null => rows.get(key) ?? null
    const repeat = idem === undefined ? null : repeatOf(look, idem)
    if (repeat !== null) return repeat
    const n = ops.length
    const judged = judge(command, look, { epoch, index, n })
    if (judged.kind === 'refusal') return judged.outcome
    const { outcome } = judged
    const kept = idem !== undefined && outcome.kind !== 'expired' && judged.ops.length > 0
    const made = kept ? [...judged.ops, recordOp(idem, outcome, n, judged.ops.length)] : judged.ops
    for (const op of made) {
      before.push({ key: op.key, old: look(op.key) })
      if (op.newRow === null) rows.delete(op.key)
      else rows.set(op.key, { key: op.key, epoch, index, ...op.newRow })
    }
    ops.push(...made)
    return outcome
  }

  #apply(entries: readonly Uint8Array[]): ApplyOutcome {
    const refuse = (
      index: number,
      reason: Extract<ApplyOutcome, { kind: 'refused' }>['reason'],
      detail: string,
    ): ApplyOutcome => ({ kind: 'refused', last: this.#disk.last, index, reason, detail })
    if (this.#options.disk.full) return refuse(this.#disk.last.index + 1, 'disk', 'the disk is full')
    for (const bytes of entries) {
      const { last } = this.#disk
      const peeked = peekEntry(bytes)
      if (peeked.kind !== 'ok') return refuse(last.index + 1, peeked.kind, peeked.detail)
      const { shard, epoch, index, previousHash } = peeked.head
      if (shard !== this.shard) return refuse(index, 'sequence', 'of another shard')
      if (index <= last.index) {
        const here = this.#disk.positionAt(index)
        if (index <= this.#disk.base.index || here?.hash === positionAfter(previousHash, bytes).hash) continue
        return refuse(index, 'sequence', `entry ${index} is here already, of another history`)
      }
      if (index !== last.index + 1 || previousHash !== last.hash || epoch < last.epoch)
        return refuse(index, 'sequence', `entry ${epoch}.${index} does not follow ${last.epoch}.${last.index}`)
      const { poison } = this.#options.disk
      if (poison?.shard === this.shard && poison.index === index) {
        poison.refused++
        return refuse(index, 'drift', 'poison')
      }
      const decoded = decodeEntry(bytes)
      if (decoded.kind !== 'ok') return refuse(index, decoded.kind, decoded.detail)
      const before: OldRow[] = []
      let drift: string | null = null
      for (const [n, op] of decoded.entry.ops.entries()) {
        const old = this.#disk.rows.get(op.key) ?? null
        if (hashOf(old) !== op.oldHash) drift = op.key
        before.push({ key: op.key, old })
        if (op.newRow === null) this.#disk.rows.delete(op.key)
        else this.#disk.rows.set(op.key, { key: op.key, epoch, index, ...op.newRow, n })
      }
      if (drift !== null) {
        this.#restore(before)
        return refuse(index, 'drift', drift)
      }
      this.#append({ position: positionAfter(last.hash, bytes), bytes: bytes.slice() }, before)
      this.#fence = Math.max(this.#fence, epoch)
    }
    this.#options.onDurable('apply')
    return { kind: 'applied', last: this.#disk.last }
  }

  /** With the housekeeping that shares a transaction: settled old rows go, and the oldest of a log that is too long. */
  #append(entry: LoggedEntry, before: readonly OldRow[]): void {
    const disk = this.#disk
    disk.log.push(entry)
    disk.undo.set(entry.position.index, before)
    for (const index of disk.undo.keys()) if (index <= this.#settled) disk.undo.delete(index)
    if (disk.log.length <= 2 * this.#options.logKept) return
    const count = Math.min(disk.log.length - this.#options.logKept, this.#settled - disk.base.index)
    const dropped = count > 0 ? disk.log.splice(0, count) : []
    disk.base = dropped.at(-1)?.position ?? disk.base
  }

  #undo(index: number): { readonly quarantined: number; readonly last: Position } {
    const disk = this.#disk
    const count = disk.last.index - index
    if (count < 0) throw new Error(`entry ${index} is beyond the last one, ${disk.last.index}`)
    if (index < this.#settled) throw new Error(`entries up to ${this.#settled} are committed, not only to ${index}`)
    for (let at = disk.last.index; at > index; at--) {
      const before = disk.undo.get(at)
      if (before === undefined) throw new Error(`the old rows of ${at} are gone`)
      this.#options.disk.quarantined.add(disk.last.hash)
      this.#restore(before)
      disk.undo.delete(at)
      disk.log.pop()
    }
    this.#options.onDurable('undo')
    return { quarantined: count, last: disk.last }
  }

  #restore(before: readonly OldRow[]): void {
    const { rows } = this.#disk
    for (const { key, old } of [...before].reverse()) {
      if (old === null) rows.delete(key)
      else rows.set(key, old)
    }
  }
}

const hashOf = (row: Row | null): string => (row === null ? NO_ROW_HASH : rowHash(row))
