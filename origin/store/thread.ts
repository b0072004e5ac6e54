// The thread that owns a shard's writing connection: takes calls one by one, and keeps house when there are none.
import { parentPort, workerData } from 'node:worker_threads'
import type { LoggedEntry } from '../../replicator/store/shardstore.ts'
import { applyEntries } from './apply.ts'
import {
  type Answer,
  type Call,
  type Message,
  type Opened,
  type Reply,
  type ThreadData,
  textOf,
  unpackBytes,
  unpackCommands,
} from './calls.ts'
import { Database } from './database.ts'
import { checkSnapshot, recoverInstall, replaceDatabase } from './install.ts'
import { HOUSEKEEPING_EVERY_MS, QUIET_MS } from './limits.ts'
import { discardForgotten } from './snapshot.ts'
import { CommitFailed, messageOf } from './sqlite.ts'
import { undoBeyond } from './undo.ts'
import { writeGroup } from './write.ts'

if (parentPort === null) throw new Error('thread.ts runs as a worker thread only')
const port = parentPort
const place: ThreadData = workerData

class Thread {
  #database: Database
  #housekeeping: NodeJS.Timeout | null = null
  #keptAt = 0

  constructor() {
    recoverInstall(place)
    discardForgotten(place.dataDir, place.shard)
    this.#database = new Database(place)
  }

  get opened(): Opened {
    return { kind: 'opened', last: this.#database.history.last, fresh: this.#database.fresh }
  }

  take({ call, settled }: Message): void {
    if (settled !== null) this.#database.settle(settled)
    if (call.op === 'fence') return this.#database.raiseFence(call.epoch)
    if (call.op !== 'settle') this.#reply(this.#answerOrReject(call), call.op === 'install')
    if (call.op === 'close') return this.#end()
    if (this.#database.walBacklog() > place.limits.walFramesMax) this.#database.checkpoint()
    this.#keepHouseLater()
  }

  /** What this throws ends the thread, and with it the process: a failed COMMIT, or a fault of our own in a write. */
  #answerOrReject(call: Exclude<Call, { op: 'fence' | 'settle' }>): Answer {
    if (call.op === 'write' || call.op === 'apply') return this.#answer(call)
    try {
      return this.#answer(call)
    } catch (error) {
      if (error instanceof CommitFailed || !this.#database.db.isOpen) throw error
      return { op: 'rejected', name: error instanceof Error ? error.name : 'Error', message: messageOf(error) }
    }
  }

  #answer(call: Exclude<Call, { op: 'fence' | 'settle' }>): Answer {
    const database = this.#database
    const { op } = call
    switch (op) {
      case 'write':
        return {
          op,
          value: textOf(writeGroup(database, call.epoch, unpackCommands(call.commands, call.pack), prepared)),
        }
      case 'apply':
        return { op, value: applyEntries(database, unpackBytes(call.lengths, call.pack)) }
      case 'tail':
        return { op, value: database.history.newest(database.settled, call.max) }
      case 'locate':
        return { op, value: database.history.locate(call.positions) }
      case 'read':
        return { op, value: database.history.read(call.index, call.bytesMax) }
      case 'undo':
        return { op, value: undoBeyond(database, call.index, call.why) }
      case 'install':
        return { op, value: this.#install(call) }
      case 'close':
        return { op }
    }
  }

  #install({ file, why }: Extract<Call, { op: 'install' }>): Extract<Answer, { op: 'install' }>['value'] {
    checkSnapshot(file, place)
    const fence = this.#database.fence
    this.#database.truncateWal()
    this.#database.close()
    try {
      const aside = replaceDatabase(place, file, why)
      this.#open(fence)
      return { last: this.#database.history.last, aside }
    } catch (error) {
      // The old database goes back; where even that fails, the thread ends, and the next start tries again.
      recoverInstall(place)
      this.#open(fence)
      throw error
    }
  }

  #open(fence: number): void {
    if (this.#database.db.isOpen) this.#database.close()
    this.#database = new Database(place)
    this.#database.raiseFence(fence)
  }

  #reply(answer: Answer, replaced: boolean): void {
    const reply: Reply = { kind: 'answer', last: this.#database.history.last, replaced, answer }
    port.postMessage(reply, answer.op === 'read' ? buffersOf(answer.value ?? []) : [])
  }

  #keepHouseLater(): void {
    if (this.#housekeeping !== null) clearTimeout(this.#housekeeping)
    const waitMs = Math.max(QUIET_MS, this.#keptAt + HOUSEKEEPING_EVERY_MS - performance.now())
    this.#housekeeping = setTimeout(() => this.#keepHouse(), waitMs)
  }

  /** Drops what has been settled, in a transaction of its own, then brings the WAL into the database. */
  #keepHouse(): void {
    this.#housekeeping = null
    this.#keptAt = performance.now()
    const database = this.#database
    database.dropSettled()
    if (database.walBacklog() > 0) database.checkpoint()
    if (database.unsettledRowsRemain) this.#keepHouseLater()
  }

  #end(): void {
    if (this.#housekeeping !== null) clearTimeout(this.#housekeeping)
    this.#database.close()
    port.close()
  }
}

function prepared(entry: LoggedEntry): void {
  const reply: Reply = { kind: 'prepared', entry }
  port.postMessage(reply, buffersOf([entry]))
}

/** Each entry has a buffer of its own: encodeEntry makes one, and so does SQLite for a BLOB. */
const buffersOf = (entries: readonly LoggedEntry[]): ArrayBuffer[] =>
  entries.map(({ bytes }) => bytes.buffer).filter(buffer => buffer instanceof ArrayBuffer)

function open(): Thread | null {
  try {
    const thread = new Thread()
    port.postMessage(thread.opened)
    return thread
  } catch (error) {
    const failed: Opened = {
      kind: 'failed',
      name: error instanceof Error ? error.name : 'Error',
      message: messageOf(error),
    }
    port.postMessage(failed)
    return null
  }
}

const thread = open()
if (thread !== null) port.on('message', (message: Message) => thread.take(message))
