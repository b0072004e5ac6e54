// Starts the threads of task.ts, one at a time for each shard, and ends the one that runs when the store closes.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Task, TaskResult } from './task.ts'

export class Tasks {
  #running: Worker | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false

  /** Rejects where the task failed or the store closed first. */
  run(task: Task): Promise<TaskResult> {
    const turn = this.#queue.then(() => this.#run(task))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #run(task: Task): Promise<TaskResult> {
    if (this.#closed) throw new Error('the store is closed')
    const worker = new Worker(new URL('./task.ts', import.meta.url), { workerData: task })
    this.#running = worker
    try {
      // Rejects on the thread's error; a thread that ends without a word has none.
      const result = await Promise.race([
        once(worker, 'message').then(([message]): TaskResult => message),
        once(worker, 'exit').then((): TaskResult => ({ kind: 'failed', message: 'its thread ended without a result' })),
      ])
      if (result.kind === 'failed') throw new Error(`${task.kind} of ${task.shard} failed: ${result.message}`)
      return result
    } finally {
      this.#running = null
      await worker.terminate()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running?.terminate()
  }
}
