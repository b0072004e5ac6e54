// The event loop's side of a shard's scanning thread. It is started by the first question: an origin that nobody asks for
// lists has none.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { QUESTIONS_MAX } from './limits.ts'
import type {
  ChangesAnswer,
  ChangesQuestion,
  ListPage,
  ListQuestion,
  Question,
  ScanCall,
  ScanPlace,
  ScanReply,
} from './question.ts'

/** More questions wait than the thread can answer in time. */
export type Overloaded = { readonly kind: 'overloaded' }
const OVERLOADED: Overloaded = { kind: 'overloaded' }

type Waiting = { readonly resolve: (reply: ScanReply) => void }

export class Scans {
  readonly #place: ScanPlace
  /** in the order of the questions, which is the order of the answers */
  #waiting: Waiting[] = []
  #worker: Worker | null = null
  #closed = false

  constructor(place: ScanPlace) {
    this.#place = place
  }

  /** Rejects with what the disk says. */
  async list(question: ListQuestion): Promise<ListPage | Overloaded> {
    const reply = await this.#ask(question)
    return reply.kind === 'list' || reply.kind === 'overloaded' ? reply : unexpected(reply)
  }

  /** Rejects as `list` does. */
  async changes(question: ChangesQuestion): Promise<ChangesAnswer | Overloaded> {
    const reply = await this.#ask(question)
    return reply.kind === 'list' ? unexpected(reply) : reply
  }

  /** After another file took the database's place. */
  reopen(): void {
    this.#worker?.postMessage({ op: 'reopen' } satisfies ScanCall)
  }

  /** Its connection is closed when this resolves: the writer's must be the last. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === null) return
    const ended = once(worker, 'exit')
    worker.postMessage({ op: 'close' } satisfies ScanCall)
    await ended
  }

  async #ask(question: Question): Promise<Exclude<ScanReply, { kind: 'failed' }> | Overloaded> {
    if (this.#closed || this.#waiting.length >= QUESTIONS_MAX) return OVERLOADED
    this.#worker ??= this.#start()
    const { promise, resolve } = Promise.withResolvers<ScanReply>()
    this.#waiting.push({ resolve })
    this.#worker.postMessage({ op: 'ask', question } satisfies ScanCall)
    const reply = await promise
    if (reply.kind === 'failed') throw new Error(`a scan of ${this.#place.shard} failed: ${reply.message}`)
    return reply
  }

  #start(): Worker {
    const name = `scan-${this.#place.shard}`
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: this.#place, name })
    worker.on('message', (reply: ScanReply) => this.#waiting.shift()?.resolve(reply))
    // A scan changes nothing: a thread that dies takes its questions with it, and the next one starts another.
    worker.on('error', error => this.#ended(worker, String(error)))
    worker.on('exit', code => this.#ended(worker, `its thread ended with ${code}`))
    return worker
  }

  #ended(worker: Worker, message: string): void {
    if (this.#worker !== worker) return
    this.#worker = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve } of waiting) resolve({ kind: 'failed', message })
  }
}

function unexpected(reply: { readonly kind: string }): never {
  throw new Error(`the scanning thread answered ${reply.kind} to another question`)
}
