// One life of one origin process: its clock, its pauses, its end. Everything that leaves it goes through `touch`, which is
// where a kill or a pause may fall: between any two effects.
import type { OriginName } from '../../router/words.ts'
import type { World } from './world.ts'

/** At the so-many-th call of a port from now on the process dies or stops for a while. */
export type Doom = { calls: number; readonly pauseMs: number | null }

export class Life {
  readonly name: OriginName
  readonly incarnation: string
  readonly world: World
  readonly #rate: number
  readonly #offset: number
  alive = true
  /** stopped until then (true time) */
  busyUntil = 0
  doom: Doom | null = null
  /** waits for the end of a pause to leave */
  #leaving = 0
  /** it is stopped for so long when it next reads a row: between the gate and the answer */
  rowPauseMs: number | null = null
  /** until it wakes from that */
  sleepsAtRow = false
  /** a checker looks: nothing happens by looking */
  watched = false
  readonly onEnd: (why: string) => void

  /** @param rate ms of its clock in one true ms */
  constructor(
    name: OriginName,
    incarnation: string,
    world: World,
    clock: { readonly rate: number; readonly offset: number },
    onEnd: (why: string) => void,
  ) {
    this.name = name
    this.incarnation = incarnation
    this.world = world
    this.#rate = clock.rate
    this.#offset = clock.offset
    this.onEnd = onEnd
  }

  /** True time as this process lives it: a pause in the middle of a step has moved it on. */
  get time(): number {
    return Math.max(this.world.now, this.busyUntil)
  }

  /** Its monotonic clock. */
  now(): number {
    if (this.watched) return this.#offset + this.world.now * this.#rate
    this.touch()
    return this.#offset + this.time * this.#rate
  }

  /** Its clock as it will find it when it goes on, read without anything happening by it. */
  get clock(): number {
    return this.#offset + this.time * this.#rate
  }

  /** True milliseconds that so many of its own take. */
  trueMs(ms: number): number {
    return ms / this.#rate
  }

  /** Called before anything leaves the process; false when it is dead, and then nothing may leave. */
  touch(): boolean {
    const { doom } = this
    if (!this.alive || doom === null || --doom.calls > 0) return this.alive
    this.doom = null
    if (doom.pauseMs === null) this.end('killed in the middle of a step')
    else this.pause(doom.pauseMs)
    return this.alive
  }

  /** A row is about to be read. */
  beforeRow(): void {
    const ms = this.rowPauseMs
    if (!this.touch() || ms === null) return
    this.rowPauseMs = null
    this.pause(ms)
    this.sleepsAtRow = true
    this.world.at(this.busyUntil, this, () => {
      this.sleepsAtRow = false
    })
  }

  pause(ms: number): void {
    this.busyUntil = this.time + ms
    this.world.story.tell(this.name, () => `is stopped for ${ms.toFixed(0)} ms`)
  }

  end(why: string): void {
    if (!this.alive) return
    this.alive = false
    this.onEnd(why)
  }

  /** Something of this process, later: after `ms` of true time. */
  later(ms: number, run: () => void): void {
    this.world.at(this.time + ms, this, run)
  }

  /**
   * Something leaves this process and then lives on without it. What it would have sent after a pause dies with it, and what
   * it sends as it wakes does not overtake that.
   */
  departs(ms: number, run: () => void): void {
    if (this.busyUntil <= this.world.now && this.#leaving === 0) return this.world.at(this.world.now + ms, null, run)
    this.#leaving++
    this.world.at(this.busyUntil, this, () => {
      this.#leaving--
      this.world.at(this.world.now + ms, null, run)
    })
  }

  /** The same, by its own clock. */
  timer(ms: number, run: () => void): void {
    this.world.at(this.time + ms / this.#rate, this, run, true)
  }
}
