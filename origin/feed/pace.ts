// Wakes those who wait for news: all at once, and no more often than the pace allows.
import { PACE_MS } from './limits.ts'

export class Pace {
  readonly #waiting = new Set<() => void>()
  readonly #before: () => void
  #timer: NodeJS.Timeout | null = null

  /** @param before is called ahead of each wake */
  constructor(before: () => void) {
    this.#before = before
  }

  /** There may be news. Costs nothing while nobody waits. */
  moved(): void {
    if (this.#timer !== null || this.#waiting.size === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.wake()
    }, PACE_MS)
  }

  wake(): void {
    this.#before()
    for (const tell of [...this.#waiting]) tell()
  }

  /** Resolves at the next wake, after `timeoutMs`, or when the signal fires. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = (): void => {
      clearTimeout(timer)
      this.#waiting.delete(done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, timeoutMs)
    this.#waiting.add(done)
    signal.addEventListener('abort', done, { once: true })
    return promise
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.wake()
  }
}
