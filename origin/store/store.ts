// The event loop's side of a shard's store: hands each call to the shard's thread and waits for nothing.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Position } from '../../replicator/entry/position.ts'
import type { WriteCommand } from '../../replicator/store/command.ts'
import type { LoggedEntry, ShardStore, SnapshotFile } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import type { ShardDigest } from '../http/ports.ts'
import { Scans } from '../scan/scans.ts'
import type { Ask, Answer as CopyAnswer, Question } from '../verify/copy.ts'
import {
  type Answer,
  type Call,
  type Message,
  type Opened,
  packBytes,
  packCommands,
  type Reply,
  resultOf,
  type ThreadData,
} from './calls.ts'
import { answerCopy } from './copy.ts'
import { CALLS_PENDING_MAX, STORE_LIMITS, type StoreLimits, YOUNG_MIB } from './limits.ts'
import { Reader } from './reader.ts'
import { Tasks } from './tasks.ts'

/** Some point reads cost the loop less than a thread would; a comparison asks about a restless key again and again. */
const LOOK_KEYS_HERE_MAX = 50

/** What was settled waits so long for a call to ride along with. */
const SETTLE_ALONE_MS = 50

/** A call was rejected and took no effect: `name` is the error's in the thread (CannotUndo, CannotInstall, …). */
export class StoreError extends Error {
  override readonly name: string
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export type OpenOptions = {
  readonly dataDir: string
  readonly shard: ShardName
  readonly limits?: StoreLimits
  /**
   * The thread died: a failed COMMIT, or a fault of our own. Must end the process at once, for nobody knows what is
   * on the disk. By default it says why on standard error and exits with EXIT_STORE_DIED.
   */
  readonly died?: (error: Error) => void
}

export type OpenStore = {
  readonly store: ShardStore
  readonly reader: Reader
  /** lists and the feed */
  readonly scans: Scans
  /** true where the database did not exist before: a store that says so cannot be a member's, whatever the identity file says */
  readonly fresh: boolean
  digest(): Promise<ShardDigest>
  /** what a comparison asks of this copy */
  readonly copy: Ask
}

export const EXIT_STORE_DIED = 70

function exitNow(error: Error): void {
  writeSync(2, `the store's thread died, so this process ends: ${error.message}\n`)
  process.exit(EXIT_STORE_DIED)
}

/** Rejects where the database cannot be opened or is foreign. */
export async function openShardStore({
  dataDir,
  shard,
  limits = STORE_LIMITS,
  died = exitNow,
}: OpenOptions): Promise<OpenStore> {
  const workerData: ThreadData = { dataDir, shard, limits }
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData,
    name: `store-${shard}`,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  })
  const opened = await firstWord(worker)
  if (opened.kind === 'failed') throw new StoreError(opened.name, `${shard} in ${dataDir}: ${opened.message}`)
  const reader = new Reader(dataDir, shard)
  const scans = new Scans(workerData)
  const store = new ThreadStore(workerData, worker, reader, scans, opened.last, died)
  return {
    store,
    reader,
    scans,
    fresh: opened.fresh,
    digest: () => store.digest(),
    copy: question => store.copy(question),
  }
}

function firstWord(worker: Worker): Promise<Opened> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', code => reject(new Error(`the store's thread ended with ${code} before it opened anything`)))
  })
}

type Waiting = {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly prepared: (entry: LoggedEntry) => void
}

class ThreadStore implements ShardStore {
  readonly shard: ShardName
  readonly #dataDir: string
  readonly #worker: Worker
  readonly #reader: Reader
  readonly #scans: Scans
  readonly #tasks = new Tasks()
  /** in the order of the calls, which is the order of the answers */
  readonly #waiting: Waiting[] = []
  #last: Position
  /** settled, and the thread has not been told */
  #settled: number | null = null
  #settlesSoon = false
  #snapshots = 0
  #closed = false

  constructor(
    { dataDir, shard }: ThreadData,
    worker: Worker,
    reader: Reader,
    scans: Scans,
    last: Position,
    died: (error: Error) => void,
  ) {
    this.shard = shard
    this.#dataDir = dataDir
    this.#worker = worker
    this.#reader = reader
    this.#scans = scans
    this.#last = last
    worker.on('message', (reply: Reply) => this.#take(reply))
    // An error is followed by an exit.
    let failure: unknown = null
    worker.on('error', error => {
      failure = error
      died(error instanceof Error ? error : new Error(String(error)))
    })
    worker.on('exit', code => {
      if (failure === null && !this.#closed) died(new Error(`it ended with ${code}`))
    })
  }

  last(): Position {
    return this.#last
  }

  async write(epoch: number, commands: readonly WriteCommand[], prepared: (entry: LoggedEntry) => void = () => {}) {
    const packed = packCommands(commands)
    let entry: LoggedEntry | null = null
    const ahead = (its: LoggedEntry): void => {
      entry = its
      prepared(its)
    }
    const answer = await this.#call({ op: 'write', epoch, ...packed }, packed.pack, ahead)
    if (answer.op !== 'write') return unexpected(answer)
    const result = resultOf(answer.value)
    return result.kind === 'done' ? { ...result, entry } : result
  }

  fence(epoch: number): void {
    this.#post({ op: 'fence', epoch })
  }

  async apply(entries: readonly Uint8Array[]) {
    const pack = packBytes(entries)
    const answer = await this.#call({ op: 'apply', lengths: entries.map(bytes => bytes.length), pack }, pack)
    return answer.op === 'apply' ? answer.value : unexpected(answer)
  }

  settle(index: number): void {
    this.#settled = index
    if (this.#settlesSoon) return
    this.#settlesSoon = true
    setTimeout(() => {
      this.#settlesSoon = false
      if (this.#settled !== null) this.#post({ op: 'settle' })
    }, SETTLE_ALONE_MS).unref()
  }

  async tail(max: number) {
    const answer = await this.#call({ op: 'tail', max })
    return answer.op === 'tail' ? answer.value : unexpected(answer)
  }

  async locate(positions: readonly Position[]) {
    const answer = await this.#call({ op: 'locate', positions })
    return answer.op === 'locate' ? answer.value : unexpected(answer)
  }

  async read(index: number, bytesMax: number): Promise<readonly LoggedEntry[] | null> {
    const answer = await this.#call({ op: 'read', index, bytesMax })
    return answer.op === 'read' ? answer.value : unexpected(answer)
  }

  async undo(index: number, why: string) {
    const answer = await this.#call({ op: 'undo', index, why })
    return answer.op === 'undo' ? answer.value : unexpected(answer)
  }

  async snapshot(): Promise<SnapshotFile> {
    const name = `${process.pid}-${++this.#snapshots}`
    const result = await this.#tasks.run({ kind: 'snapshot', dataDir: this.#dataDir, shard: this.shard, name })
    return result.kind === 'snapshot' ? result.value : unexpected(result)
  }

  async install(file: SnapshotFile, why: string) {
    const answer = await this.#call({ op: 'install', file, why })
    return answer.op === 'install' ? answer.value : unexpected(answer)
  }

  async digest(): Promise<ShardDigest> {
    const result = await this.#tasks.run({ kind: 'digest', dataDir: this.#dataDir, shard: this.shard })
    return result.kind === 'digest' ? result.value : unexpected(result)
  }

  async copy(question: Question): Promise<CopyAnswer> {
    if (question.kind === 'look' && question.keys.length <= LOOK_KEYS_HERE_MAX)
      return answerCopy(this.#dataDir, this.shard, question)
    const result = await this.#tasks.run({ kind: 'copy', dataDir: this.#dataDir, shard: this.shard, question })
    return result.kind === 'copy' ? result.value : unexpected(result)
  }

  /** Calls made before are answered first. */
  async close(): Promise<void> {
    if (this.#closed) return
    const ended = once(this.#worker, 'exit')
    const closing = this.#call({ op: 'close' })
    this.#closed = true
    // The writer's connection must be the last: it brings the WAL into the database and removes it.
    this.#reader.close()
    await this.#scans.close()
    await this.#tasks.close()
    await closing
    await ended
  }

  #call(call: Call, transfer?: ArrayBuffer, prepared: Waiting['prepared'] = unprepared): Promise<Answer> {
    if (this.#closed) return Promise.reject(new StoreError('Closed', `the store of ${this.shard} is closed`))
    if (this.#waiting.length >= CALLS_PENDING_MAX) {
      return Promise.reject(new StoreError('Busy', `${CALLS_PENDING_MAX} calls of ${this.shard} are waiting already`))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, prepared })
      this.#send(call, transfer)
    })
  }

  #post(call: Call): void {
    if (!this.#closed) this.#send(call)
  }

  #send(call: Call, transfer?: ArrayBuffer): void {
    const message: Message = { call, settled: this.#settled }
    this.#settled = null
    this.#worker.postMessage(message, transfer === undefined ? [] : [transfer])
  }

  #take(reply: Reply): void {
    if (reply.kind === 'prepared') return (this.#waiting[0]?.prepared ?? unprepared)(reply.entry)
    const { last, answer, replaced } = reply
    this.#last = last
    if (replaced) {
      this.#reader.reopen()
      this.#scans.reopen()
    }
    const waiting = this.#waiting.shift()
    if (waiting === undefined) throw new Error(`the store's thread answered ${answer.op}, which nobody asked`)
    if (answer.op === 'rejected') waiting.reject(new StoreError(answer.name, answer.message))
    else waiting.resolve(answer)
  }
}

function unprepared({ position }: LoggedEntry): never {
  throw new Error(`the store's thread prepared entry ${position.index}, which nobody asked for`)
}

function unexpected(answer: { readonly op: string } | { readonly kind: string }): never {
  throw new Error(`the store's thread answered ${'op' in answer ? answer.op : answer.kind} to another call`)
}
