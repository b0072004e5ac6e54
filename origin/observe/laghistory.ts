// The lag of the last quarter of an hour, for a small plot: the worst of each ten seconds, some hundred numbers.

const POINTS = 90
const STEP_S = 10
const SAMPLE_MS = 1000

export class LagHistory {
  readonly #entries: () => number
  readonly #points: number[] = []
  #worst = 0
  #samples = 0
  readonly #timer: NodeJS.Timeout

  /** @param entries that the other origin lacks now, of all shards that this one is primary of */
  constructor(entries: () => number) {
    this.#entries = entries
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Once a second. */
  sample(): void {
    this.#worst = Math.max(this.#worst, this.#entries())
    this.#samples++
    if (this.#samples < STEP_S) return
    this.#points.push(this.#worst)
    if (this.#points.length > POINTS) this.#points.shift()
    this.#worst = 0
    this.#samples = 0
  }

  /** Oldest first. */
  get points(): readonly number[] {
    return this.#points
  }
}
