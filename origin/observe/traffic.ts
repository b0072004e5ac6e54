// What the router of this origin answered: totals since the start for metrics, a second at a time for the dashboard.
import type { Journey } from '../../router/journey.ts'
import { Buckets, quantile, SECONDS } from './buckets.ts'

export const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'other'] as const
export const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
/** `none`: nobody could be asked */
export const SERVED = ['here', 'peer', 'none'] as const
export type Served = (typeof SERVED)[number]

/** Plots show this much; rates are means of the last few seconds, so that they can be read. */
const HISTORY_S = 15 * 60
const RATE_S = 10
const POINTS = 90
/** In each second: requests, those answered 5xx, retries, parked, answered here, by the peer; then the latency buckets. */
const FIELDS = 6
const WIDTH = FIELDS + SECONDS.length + 1

export type TrafficPoint = {
  readonly perSecond: number
  readonly p99Ms: number | null
  readonly errorsPerSecond: number
}

export type TrafficView = {
  readonly perSecond: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly errors: number
  readonly retries: number
  readonly parkedNow: number
  readonly parked: number
  readonly total: number
  /** of the last seconds, by who answered */
  readonly answered: { readonly here: number; readonly peer: number }
  /** means of ten seconds each, oldest first */
  readonly plot: readonly TrafficPoint[]
}

export class Traffic {
  /** by method, class and served, in that order of significance */
  readonly answers = new Float64Array(METHODS.length * CLASSES.length * SERVED.length)
  readonly seconds: Readonly<Record<Served, Buckets>> = {
    here: new Buckets(SECONDS),
    peer: new Buckets(SECONDS),
    none: new Buckets(SECONDS),
  }
  readonly parkedSeconds = new Buckets(SECONDS)
  retries = 0
  readonly #now: () => number
  readonly #parkedNow: () => number
  readonly #ring = new Float32Array(HISTORY_S * WIDTH)
  readonly #before = new Float64Array(WIDTH)
  #ticks = 0
  readonly #timer: NodeJS.Timeout

  constructor(now: () => number, parkedNow: () => number) {
    this.#now = now
    this.#parkedNow = parkedNow
    this.#timer = setInterval(() => this.tick(), 1000)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  observed(method: string, status: number, journey: Journey): void {
    const served: Served = journey.nextHop !== null ? 'peer' : journey.attempts > 0 ? 'here' : 'none'
    const at = cell(methodAt(method), classAt(status), SERVED.indexOf(served))
    this.answers[at] = (this.answers[at] ?? 0) + 1
    this.seconds[served].observe((this.#now() - journey.startedMs) / 1000)
    if (journey.attempts > 1) this.retries += journey.attempts - 1
    if (journey.parkedMs > 0) this.parkedSeconds.observe(journey.parkedMs / 1000)
  }

  /** Once a second: what was added since. */
  tick(): void {
    const totals = this.#totals()
    const from = (this.#ticks % HISTORY_S) * WIDTH
    for (let at = 0; at < WIDTH; at++) this.#ring[from + at] = (totals[at] ?? 0) - (this.#before[at] ?? 0)
    this.#before.set(totals)
    this.#ticks++
  }

  view(): TrafficView {
    const last = this.#sum(0, RATE_S)
    const latency = last.subarray(FIELDS)
    const seconds = Math.max(1, Math.min(RATE_S, this.#ticks))
    const ms = (share: number): number | null => milliseconds(quantile(SECONDS, latency, share))
    const totals = this.#totals()
    return {
      perSecond: (last[0] ?? 0) / seconds,
      p50Ms: ms(0.5),
      p95Ms: ms(0.95),
      p99Ms: ms(0.99),
      errors: totals[1] ?? 0,
      retries: this.retries,
      parkedNow: this.#parkedNow(),
      parked: totals[3] ?? 0,
      total: totals[0] ?? 0,
      answered: { here: last[4] ?? 0, peer: last[5] ?? 0 },
      plot: this.#plot(),
    }
  }

  #plot(): TrafficView['plot'] {
    const step = HISTORY_S / POINTS
    const points = Math.min(POINTS, Math.floor(this.#ticks / step))
    return Array.from({ length: points }, (_, point) => {
      const sum = this.#sum((points - 1 - point) * step, step)
      return {
        perSecond: (sum[0] ?? 0) / step,
        p99Ms: milliseconds(quantile(SECONDS, sum.subarray(FIELDS), 0.99)),
        errorsPerSecond: (sum[1] ?? 0) / step,
      }
    })
  }

  /** The sum of `count` seconds, of which the newest is `ago` seconds old. */
  #sum(ago: number, count: number): Float64Array {
    const sum = new Float64Array(WIDTH)
    for (let back = ago; back < ago + count && back < Math.min(this.#ticks, HISTORY_S); back++) {
      const from = ((this.#ticks - 1 - back) % HISTORY_S) * WIDTH
      for (let at = 0; at < WIDTH; at++) sum[at] = (sum[at] ?? 0) + (this.#ring[from + at] ?? 0)
    }
    return sum
  }

  #totals(): Float64Array {
    const totals = new Float64Array(WIDTH)
    for (const served of SERVED)
      for (const [at, count] of this.seconds[served].counts.entries())
        totals[FIELDS + at] = (totals[FIELDS + at] ?? 0) + count
    totals[0] = sumOf(totals.subarray(FIELDS))
    for (let method = 0; method < METHODS.length; method++)
      for (let served = 0; served < SERVED.length; served++)
        totals[1] = (totals[1] ?? 0) + (this.answers[cell(method, CLASSES.length - 1, served)] ?? 0)
    totals[2] = this.retries
    totals[3] = sumOf(this.parkedSeconds.counts)
    totals[4] = sumOf(this.seconds.here.counts)
    totals[5] = sumOf(this.seconds.peer.counts)
    return totals
  }
}

export const cell = (method: number, status: number, served: number): number =>
  (method * CLASSES.length + status) * SERVED.length + served

function methodAt(method: string): number {
  for (let at = 0; at < METHODS.length; at++) if (METHODS[at] === method) return at
  return METHODS.length - 1
}

const classAt = (status: number): number => Math.min(CLASSES.length, Math.max(1, Math.floor(status / 100))) - 1

function sumOf(numbers: Float64Array): number {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}

const milliseconds = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000)
