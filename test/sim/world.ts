// Virtual time: a heap of things that will happen, in order of time, then of when they were planned.
import type { Life } from './life.ts'
import { Random } from './random.ts'
import { Story } from './story.ts'

type Planned = {
  at: number
  readonly order: number
  readonly owner: Life | null
  readonly run: () => void
  readonly timer: boolean
}

/** Within it all that waited for a paused process comes. */
const WAKE_MS = 4

export class World {
  readonly random: Random
  readonly story: Story
  /** true milliseconds since the world began */
  now = 0
  steps = 0
  #order = 0
  readonly #heap: Planned[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
    this.story = new Story(() => this.now)
  }

  /** @param owner the process in which it happens: never once that is dead, later while it is paused */
  at(at: number, owner: Life | null, run: () => void, timer = false): void {
    this.#push({ at: Math.max(at, this.now), order: ++this.#order, owner, run, timer })
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, null, run)
  }

  /** The next thing that can happen now, with time moved to it; null when nothing is planned any more. */
  next(): { readonly owner: Life | null; readonly run: () => void } | null {
    for (let planned = this.#pop(); planned !== null; planned = this.#pop()) {
      const { owner } = planned
      if (owner !== null && !owner.alive) continue
      if (owner !== null && owner.busyUntil > planned.at) {
        // Its order stays, so what waited for a paused process comes in the order in which it would have come.
        // But a process that wakes may see its sockets before its timers.
        planned.at = owner.busyUntil + (planned.timer ? this.random.between(0, WAKE_MS) : 0)
        this.#push(planned)
        continue
      }
      this.now = planned.at
      this.steps++
      return planned
    }
    return null
  }

  #push(planned: Planned): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(planned)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || !before(planned, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = planned
  }

  #pop(): Planned | null {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return null
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      const left = heap[down]
      if (left === undefined) break
      const right = heap[down + 1]
      let child = left
      if (right !== undefined && before(right, left)) {
        child = right
        down++
      }
      if (!before(child, last)) break
      heap[at] = child
      at = down
    }
    heap[at] = last
    return first
  }
}

const before = (x: Planned, y: Planned): boolean => x.at < y.at || (x.at === y.at && x.order < y.order)
