// Wakes those who wait for news: all at once, and no more often than the pace allows.
import { PACE_MS } from './limits.ts'

export class Pace {
  readonly #waiting = new Set<() => void>()
  readonly #before: () => void
  #timer: NodeJS.Timeout | null = null
  #turn = 0

  /** @param before is called ahead of each wake */
  constructor(before: () => void) {
    this.#before = before
  }

  /** Taken before one looks: what moves after that is not slept through. */
  get turn(): number {
    return this.#turn
  }

  /** There may be news. */
  moved(): void {
    this.#turn += 1
    if (this.#waiting.size === 0) this.#before()
    else this.#wakeSoon()
  }

  #wakeSoon(): void {
    this.#timer ??= setTimeout(() => this.#wake(), PACE_MS)
  }

  #wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#turn += 1
    this.#before()
    for (const tell of [...this.#waiting]) tell()
  }

  /** Resolves at the next wake, which comes soon where something has moved since `turn`; after `timeoutMs`; or when the signal fires. */
  next(turn: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
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
    if (turn !== this.#turn) this.#wakeSoon()
    return promise
  }

  close(): void {
    this.#wake()
  }
}
