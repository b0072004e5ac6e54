// Work such as a rejoin as a job with progress, for the dashboard. Best effort: nothing depends on it. The worker that
// keeps such a job active is there only while there is work.
import type { OriginName } from '../../router/words.ts'
import { MasterClients, type SentinelSettings, within } from '../redis.ts'
import { type Job, jobOptions, openQueue, openWorker, type Queue, rejoinQueueName, type Worker } from './bullmq.ts'
import { shownId } from './jobs.ts'

/** Works shown at once: one a shard, and some that are ending. */
const WORKS_MAX = 8
const PROGRESS_EVERY_MS = 500
const COMMAND_MS = 1200
/** After the last work is done, so that its job can complete. */
const LINGER_MS = 5000

export type ShowcaseSettings = {
  readonly self: OriginName
  readonly incarnation: string
  readonly sentinels: SentinelSettings
}
type Data = Readonly<Record<string, string | number>>
type Work = {
  progress: number
  data: Data
  job: Job | null
  toldAt: number
  finish: () => void
  finished: Promise<void>
}
type Stage = { readonly clients: MasterClients; readonly queue: Queue; readonly worker: Worker }

export class Showcase {
  readonly #settings: ShowcaseSettings
  readonly #onError: (error: Error) => void
  readonly #works = new Map<string, Work>()
  #stage: Stage | null = null
  #linger: NodeJS.Timeout | undefined
  #closing = false

  constructor(settings: ShowcaseSettings, onError: (error: Error) => void) {
    this.#settings = settings
    this.#onError = onError
  }

  show(name: string, id: string, data: Data, progress: number, done: boolean): void {
    if (this.#closing) return
    const jobId = shownId(this.#settings.incarnation, id)
    const work = this.#works.get(jobId) ?? (done ? null : this.#begin(name, jobId, data))
    if (work === null) return
    work.progress = progress
    work.data = data
    if (done) {
      this.#works.delete(jobId)
      work.finish()
      if (this.#works.size === 0) this.#linger = setTimeout(() => this.#leave(), LINGER_MS)
    } else if (performance.now() - work.toldAt >= PROGRESS_EVERY_MS) this.#tell(work)
  }

  follow(address: { readonly host: string; readonly port: number }): void {
    this.#stage?.clients.follow(address)
  }

  close(): void {
    this.#closing = true
    this.#leave()
  }

  #begin(name: string, jobId: string, data: Data): Work | null {
    if (this.#works.size >= WORKS_MAX) return null
    clearTimeout(this.#linger)
    const { promise, resolve } = Promise.withResolvers<void>()
    const work: Work = { progress: 0, data, job: null, toldAt: 0, finish: resolve, finished: promise }
    this.#works.set(jobId, work)
    this.#stage ??= this.#enter()
    within(this.#stage.queue.add(name, data, jobOptions(jobId, 0)), COMMAND_MS, 'show').catch(this.#onError)
    return work
  }

  #enter(): Stage {
    const clients = new MasterClients(this.#settings.sentinels, 'worker', this.#onError)
    const settings = { name: rejoinQueueName(this.#settings.self), concurrency: WORKS_MAX }
    return {
      clients,
      queue: openQueue(settings.name, clients.client, this.#onError),
      worker: openWorker(settings, clients.client, job => this.#play(job), this.#onError),
    }
  }

  #leave(): void {
    clearTimeout(this.#linger)
    const stage = this.#stage
    this.#stage = null
    for (const work of this.#works.values()) work.finish()
    this.#works.clear()
    if (stage === null) return
    stage.clients.close()
    within(stage.worker.close(true), COMMAND_MS, 'closing the showcase').catch(this.#onError)
  }

  /** The job is active for as long as the work goes on; one of a process that is gone ends at once. */
  async #play(job: Job): Promise<string> {
    const work = this.#works.get(job.id ?? '')
    if (work === undefined) return 'over'
    work.job = job
    this.#tell(work)
    await work.finished
    await within(job.updateData(work.data), COMMAND_MS, 'show').catch(this.#onError)
    await within(job.updateProgress(work.progress), COMMAND_MS, 'show').catch(this.#onError)
    return 'done'
  }

  #tell(work: Work): void {
    if (work.job === null) return
    work.toldAt = performance.now()
    within(work.job.updateProgress(work.progress), COMMAND_MS, 'show').catch(this.#onError)
  }
}
