// One shard's open database in its thread: the writing connection and what is known of its state without asking it.
import { join } from 'node:path'
import type { ShardName } from '../../router/words.ts'
import { reach } from '../failpoint.ts'
import { diskLow, logBytesAt, syncDirectory } from './files.ts'
import { History } from './history.ts'
import { SETTLE_ENTRIES_A_TRANSACTION, type StoreLimits, WRITTEN_TIMES_MAX } from './limits.ts'
import { Records } from './records.ts'
import { Rows } from './rows.ts'
import { prepareSchema } from './schema.ts'
import {
  begin,
  CommitFailed,
  commit,
  type Db,
  int,
  openWriting,
  rollback,
  SQLITE_FULL,
  type Statement,
  sqliteCode,
} from './sqlite.ts'

export type Place = { readonly dataDir: string; readonly shard: ShardName; readonly limits: StoreLimits }

export const databasePath = (dataDir: string, shard: ShardName): string => join(dataDir, `${shard}.sqlite`)

export class Database {
  readonly place: Place
  readonly db: Db
  readonly rows: Rows
  readonly records: Records
  readonly history: History
  /** the file was empty or absent */
  readonly fresh: boolean
  readonly #frames: Statement
  readonly #savepoint: Statement
  readonly #release: Statement
  readonly #back: Statement
  /** entries up to here are committed: they cannot be undone */
  #settled: number
  /** entries up to here have no old rows any more */
  #dropped: number
  #fence: number
  /** wall-clock time before which no idempotency record is due */
  expiryLookAt = 0

  constructor(place: Place) {
    this.place = place
    this.db = openWriting(databasePath(place.dataDir, place.shard))
    try {
      this.fresh = prepareSchema(this.db, place.shard)
      if (this.fresh) syncDirectory(place.dataDir)
      this.rows = new Rows(this.db)
      this.records = new Records(this.db)
      const logBytesKept = logBytesAt(place.dataDir, place.limits.logBytesKept)
      this.history = new History(this.db, { ...place.limits, logBytesKept })
      this.#frames = this.db.prepare('PRAGMA wal_checkpoint(NOOP)')
      this.#savepoint = this.db.prepare('SAVEPOINT step')
      this.#release = this.db.prepare('RELEASE step')
      this.#back = this.db.prepare('ROLLBACK TO step')
      // Every entry has a document's operation, and each of those an old row, so the oldest kept one tells what is settled.
      const kept = this.rows.oldestKept()
      this.#settled = kept === null ? this.history.last.index : kept - 1
      this.#dropped = this.#settled
      this.#fence = this.history.last.epoch
    } catch (error) {
      this.db.close()
      throw error
    }
  }

  /** writes of a lower epoch are refused */
  get fence(): number {
    return this.#fence
  }
  raiseFence(epoch: number): void {
    if (epoch > this.#fence) this.#fence = epoch
  }

  get settled(): number {
    return this.#settled
  }
  /** An index that is not here yet is not remembered: another history may bring another entry of that number. */
  settle(index: number): void {
    this.#settled = Math.max(this.#settled, Math.min(index, this.history.last.index))
  }
  get unsettledRowsRemain(): boolean {
    return this.#dropped < this.#settled
  }

  /** Why a group of so many bytes must be refused, or null: a COMMIT that meets a full disk would end the process. */
  diskLow(bytes: number): string | null {
    return diskLow(this.place.dataDir, this.place.limits.diskBytesReserved, bytes * WRITTEN_TIMES_MAX)
  }

  savepoint(): void {
    this.#savepoint.run()
    this.records.mark()
  }
  release(): void {
    this.#release.run()
  }
  /** Undoes what came after the savepoint, and forgets it. */
  rollbackToSavepoint(): void {
    this.#back.run()
    this.#release.run()
    this.records.backToMark()
  }

  /**
   * Ends a transaction on the disk (one fsync), with a slice of the housekeeping in it. Throws CommitFailed.
   * @param begins called when nothing but COMMIT is left: from then on it is on the disk, or the process ends
   */
  commit(during: 'write' | 'apply' | 'undo' | 'settle', begins: () => void = () => {}): void {
    const upTo = Math.min(this.#settled, this.#dropped + SETTLE_ENTRIES_A_TRANSACTION)
    if (upTo > this.#dropped) this.rows.settle(upTo)
    this.history.trim(this.#settled)
    begins()
    if (during === 'write' || during === 'apply') reach(`${during}.before-commit`)
    commit(this.db)
    this.records.committed()
    if (during !== 'settle') reach(`${during}.after-commit`)
    this.#dropped = Math.max(upTo, this.#dropped)
  }

  /** Ends a transaction with nothing of it left. */
  abandon(): void {
    rollback(this.db)
    this.history.reload()
    this.records.abandoned()
  }

  /** Frames of the WAL that a checkpoint has not yet brought into the database. */
  walBacklog(): number {
    const row = this.#frames.get()
    return row === undefined || row.log === -1 ? 0 : int(row.log) - int(row.checkpointed)
  }

  /**
   * PASSIVE: never waits for readers. Throws what the disk says, which must end the process: after a failed fsync the
   * next one may succeed without the pages. A full disk loses nothing, the WAL still has it all.
   */
  checkpoint(): void {
    try {
      this.db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (error) {
      if (sqliteCode(error) !== SQLITE_FULL) throw error
    }
  }

  /** Leaves nothing in the WAL where no reader is in the way; waits for one a bounded time. */
  truncateWal(): void {
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Drops settled old rows in a transaction of its own; on a full disk they wait. */
  dropSettled(): void {
    if (!this.unsettledRowsRemain || this.diskLow(0) !== null) return
    try {
      begin(this.db)
      this.commit('settle')
    } catch (error) {
      if (error instanceof CommitFailed || sqliteCode(error) !== SQLITE_FULL) throw error
      this.abandon()
    }
  }

  close(): void {
    this.db.close()
  }
}
