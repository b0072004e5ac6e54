// Which origins this isolate finds reachable. Passive: one failed connection ejects (with two hosts there are no shares
// to count, and the other one relays at the cost of a hop). No client's request is ever the guinea pig of a return.
import { ORIGINS, type OriginName } from './words.ts'

/** A first ejection; doubled with each failure in a row. Each is drawn between half and all of it, so that isolates do not come back as one. */
const EJECT_MS_MIN = 200
const EJECT_MS_MAX = 3_000
/** A probe that has not ended by then is taken for lost with its request. */
const PROBE_MS = 1_500

type State = { failures: number; ejectedUntil: number; probingUntil: number; silent: boolean }

export class Health {
  readonly #states: Readonly<Record<OriginName, State>> = { a: fresh(), b: fresh() }
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** @param silent it did not refuse or break off, but let its time run out */
  failed(origin: OriginName, now: number, silent = false): void {
    const state = this.#states[origin]
    state.silent ||= silent
    // those that were under way together fail together: one failure
    if (state.failures > 0 && now < state.ejectedUntil) return
    state.failures += 1
    const most = Math.min(EJECT_MS_MAX, EJECT_MS_MIN * 2 ** Math.min(state.failures - 1, 8))
    state.ejectedUntil = now + most * (0.5 + this.#random() / 2)
    state.probingUntil = 0
  }

  succeeded(origin: OriginName): void {
    const state = this.#states[origin]
    if (state.failures === 0) return
    Object.assign(state, fresh())
  }

  isSilent(origin: OriginName): boolean {
    return this.#states[origin].silent
  }

  /** Stays so past its time until a probe has succeeded. */
  isEjected(origin: OriginName): boolean {
    return this.#states[origin].failures > 0
  }

  /** Ejected origins whose time is over and whom nobody probes: the caller does. */
  due(now: number): readonly OriginName[] {
    const due = ORIGINS.filter(origin => {
      const { failures, ejectedUntil, probingUntil } = this.#states[origin]
      return failures > 0 && now >= ejectedUntil && now >= probingUntil
    })
    for (const origin of due) this.#states[origin].probingUntil = now + PROBE_MS
    return due
  }
}

const fresh = (): State => ({ failures: 0, ejectedUntil: 0, probingUntil: 0, silent: false })
