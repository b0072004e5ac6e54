// The worker of our own queue: hands each entry to the receiver of the replicator, which knows what it is worth.

import type { OriginName } from '../../router/words.ts'
import { type Log, MasterClients, type SentinelSettings, within } from '../redis.ts'
import { type Job, mirrorQueueName, openWorker, type Worker } from './bullmq.ts'
import { parseJob } from './jobs.ts'
import type { QueueHandlers } from './lane.ts'

const CLOSE_MS = 1000

export type InboundSettings = { readonly self: OriginName; readonly sentinels: SentinelSettings }

/** One life of the worker with its connections; a rebuild makes a new one. */
type Life = { readonly clients: MasterClients; readonly worker: Worker; readonly builtAt: number }

export class Inbound {
  readonly #settings: InboundSettings
  readonly #handlers: Pick<QueueHandlers, 'onEntry' | 'onProbe'>
  readonly #log: Log
  readonly #onError: (error: Error) => void
  #life: Life
  #progressAt = performance.now()

  constructor(
    settings: InboundSettings,
    handlers: Pick<QueueHandlers, 'onEntry' | 'onProbe'>,
    log: Log,
    onError: (error: Error) => void,
  ) {
    this.#settings = settings
    this.#handlers = handlers
    this.#log = log
    this.#onError = onError
    this.#life = this.#open()
  }

  get builtAt(): number {
    return this.#life.builtAt
  }
  get progressAt(): number {
    return this.#progressAt
  }
  get clients(): MasterClients {
    return this.#life.clients
  }

  /** New connections and a new worker at once; the old ones are closed in the background. */
  rebuild(): void {
    const old = this.#life
    this.#life = this.#open()
    this.#end(old).catch(this.#onError)
  }

  /** What is being handled goes on, but its jobs stay in Redis and are handed out again: repeats are known as such. */
  async close(): Promise<void> {
    await this.#end(this.#life)
  }

  #open(): Life {
    const { self, sentinels } = this.#settings
    const clients = new MasterClients(sentinels, 'worker', this.#onError)
    // a job is handed over and done: a second one at a time would only cost further looks for jobs that are not there
    const settings = { name: mirrorQueueName(self), concurrency: 1 }
    const worker = openWorker(settings, clients.client, async job => this.#process(job), this.#onError)
    return { clients, worker, builtAt: performance.now() }
  }

  async #end(life: Life): Promise<void> {
    // First ours: from then on no connection that ends is brought back.
    life.clients.close()
    await within(life.worker.close(true), CLOSE_MS, 'closing the worker').catch(this.#onError)
  }

  #process(job: Job): string {
    this.#progressAt = performance.now()
    const data: unknown = job.data
    const arrived = parseJob(job.name, data)
    switch (arrived.kind) {
      case 'entry':
        this.#handlers.onEntry(arrived.job)
        return 'done'
      case 'probe':
        this.#handlers.onProbe(arrived.nonce)
        return 'done'
      case 'beat':
        return 'done'
      case 'malformed':
        // It completes: failing it would only bring it back.
        this.#log.error({ job: job.id, name: job.name, why: arrived.why }, 'a malformed job in the queue was dropped')
        return 'malformed'
    }
  }
}
