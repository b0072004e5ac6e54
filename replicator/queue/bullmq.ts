// The one door to BullMQ: queues and workers, opened with the settings that were found to survive failovers.
import { type Job, type JobsOptions, Queue, Worker } from 'bullmq'
import type { OriginName } from '../../router/words.ts'
import type { RedisClient } from '../redis.ts'

export type { Job, Queue, Worker }

/** All keys of the queues begin with it. */
export const PREFIX = 'tandem'

/** The queue of what `to` mirrors: entries of the shards whose primary is the other origin. */
export const mirrorQueueName = (to: OriginName): string => `mirror-to-${to}`
/** The queue that shows rejoin work, as this origin does it. */
export const rejoinQueueName = (by: OriginName): string => `rejoin-by-${by}`

export const QUEUE_NAMES: readonly string[] = [
  mirrorQueueName('a'),
  mirrorQueueName('b'),
  rejoinQueueName('a'),
  rejoinQueueName('b'),
]

/** BullMQ's event stream is for dashboards only: it misses completions across failovers. */
const EVENTS_MAX = 1000

/** @param client is shared by all queues of a process, and closed by whoever made it */
export function openQueue(name: string, client: RedisClient, onError: (error: Error) => void): Queue {
  const queue = new Queue(name, {
    connection: client,
    prefix: PREFIX,
    streams: { events: { maxLen: EVENTS_MAX } },
    // The look at the version is a command that may fail, and then fails the instance for good. The lane looks itself.
    skipVersionCheck: true,
    skipWaitingForReady: true,
  })
  queue.on('error', onError)
  return queue
}

/** After an error that Redis answered with. */
const FETCH_AGAIN_MS = 200

/**
 * Where jobs wait and Redis refuses writes (NOREPLICAS, OOM), BullMQ fetches again at once and for ever: some 7000 errors
 * a second and half a core, just when this host may be the only one left.
 */
class PacedWorker extends Worker {
  protected override async moveToActive(
    ...args: Parameters<Worker['moveToActive']>
  ): ReturnType<Worker['moveToActive']> {
    try {
      return await super.moveToActive(...args)
    } catch (error) {
      await this.delay(FETCH_AGAIN_MS)
      throw error
    }
  }
}

/**
 * Sets a marker wherever a job is added, which a worker that waits takes; and sets one more as a job is handed out, to wake other
 * workers. With the only worker of a queue that one costs a wait that ends at once and a look in vain after each job. So it is taken away
 * before the job is done: who finishes one looks for the next in the same step, and whatever is added after it sets a marker anew.
 */
const MARKER = { key: 'marker', member: '0' }

export type WorkerSettings = { readonly name: string; readonly concurrency: number }

/**
 * The only worker of its queue.
 * @param client is used beside a blocking duplicate of it; both are closed by whoever made it
 */
export function openWorker(
  settings: WorkerSettings,
  client: RedisClient,
  process: (job: Job) => Promise<string>,
  onError: (error: Error) => void,
): Worker {
  const processAlone = async (job: Job): Promise<string> => {
    const result = await process(job)
    // not waited for: it goes ahead of what finishes the job, on the same connection
    client.zrem(worker.toKey(MARKER.key), MARKER.member).catch(onError)
    return result
  }
  const worker: Worker = new PacedWorker(settings.name, processAlone, {
    connection: client,
    prefix: PREFIX,
    concurrency: settings.concurrency,
    skipVersionCheck: true,
    skipWaitingForReady: true,
    // Seconds: how long it blocks for a job; under the socket timeout of its connection, which ends silent ones.
    drainDelay: 2,
    // A job of a process that died is handed out again after this long.
    lockDuration: 10_000,
    stalledInterval: 3000,
    // Failovers make jobs look stalled; a job given up would have to be sent again.
    maxStalledCount: 10,
    // After a lost connection (default 15 s).
    runRetryDelay: 500,
  })
  worker.on('error', onError)
  return worker
}

/** Entries above this are removed when they are done: the history is for the dashboard, not for payloads. */
const HISTORY_ENTRY_BYTES_MAX = 16 * 1024
const HISTORY_MAX = 100
const FAILED_MAX = 20

/** Options of a job that carries `bytes`: one attempt, a bounded history. */
export const jobOptions = (jobId: string, bytes: number): JobsOptions => ({
  jobId,
  attempts: 1,
  removeOnComplete: bytes > HISTORY_ENTRY_BYTES_MAX ? true : { count: HISTORY_MAX },
  removeOnFail: bytes > HISTORY_ENTRY_BYTES_MAX ? true : { count: FAILED_MAX },
})

/** Options of a job that leaves nothing behind. */
export const fleetingOptions = (jobId: string): JobsOptions => ({
  jobId,
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
})
