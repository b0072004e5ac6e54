// Faults under load, one after the other, on hosts that run exactly what `tandem render` writes. After each: nothing
// acknowledged lost, every history linearizable, both copies equal, each address at home.
import { setTimeout as lap } from 'node:timers/promises'
import type { AddressMover } from '../../deploy/hosts/clusterfile.ts'
import { until } from '../cluster/cluster.ts'
import { Random } from '../sim/random.ts'
import { type Answered, Clients } from '../soak/clients.ts'
import { type Fault, schedule, WITHIN_MS } from './faults.ts'
import { VIPS } from './network.ts'
import { type Pair, TOKEN } from './pair.ts'
import type { Measured } from './table.ts'

export type ChaosOptions = {
  readonly seed: number
  /** faults are begun until then */
  readonly ms: number
  readonly kinds: readonly string[]
  /** at most so many faults */
  readonly faults: number
  readonly tell: (line: string) => void
}

export type ChaosResult = {
  readonly broken: readonly string[]
  readonly measured: readonly Measured[]
  readonly answered: number
  readonly errors: number
  /** keys whose history was too hard to judge */
  readonly gaveUp: number
  /** the longest time that two hosts held one address */
  readonly bothMs: number
}

const MIX = { clients: 6, keys: 8, thinkMs: 20, keyed: 0.5, reads: 0.5 }
/** A connection to a host that has gone silent: whoever uses floating addresses gives up on one, and asks anew. */
const PATIENCE = { ms: 5000, silence: 'unknown' } as const
/** Before the fault, and after all is well again. */
const CALM_MS = 700
const START_MS = 60_000
/** I10. A rejoin with the longest stable time after a reboot with an empty disk. */
const WHOLE_MS = 60_000
/**
 * Longer than VRRP and the watch need together: two that hold one address for so long do not know of each other. With Pacemaker
 * the loser of a partition chooses a leader of its own before it can let go.
 */
const BOTH_MS_MAX: Readonly<Record<AddressMover, number>> = { keepalived: 1000, pacemaker: 3000 }
const LOOK_MS = 20

type Window = { readMs: number; writeMs: number; errors: number }

export class Chaos {
  readonly #pair: Pair
  readonly #options: ChaosOptions
  readonly #clients: Clients
  readonly #broken: string[] = []
  readonly #measured: Measured[] = []
  #window: Window = { readMs: 0, writeMs: 0, errors: 0 }
  #errors = 0
  #gaveUp = 0
  #bothMs = 0

  constructor(pair: Pair, options: ChaosOptions) {
    this.#pair = pair
    this.#options = options
    const urls = [`http://${VIPS.a}`, `http://${VIPS.b}`]
    const answered: Answered = (op, ms, told, via) => {
      if (op === 'get') this.#window.readMs = Math.max(this.#window.readMs, ms)
      else this.#window.writeMs = Math.max(this.#window.writeMs, ms)
      if (told !== 'nothing' && told !== 'unknown' && told !== 'wrong') return
      this.#window.errors++
      this.#tell(`   ${op} through ${via}: ${told} after ${Math.round(ms)} ms`)
    }
    this.#clients = new Clients(urls, PATIENCE, answered, TOKEN)
  }

  async run(): Promise<ChaosResult> {
    const random = new Random(this.#options.seed)
    try {
      const began = performance.now()
      await until(() => this.#pair.whole(), START_MS, 'the pair is whole after its first start')
      this.#tell(`whole ${Math.round(performance.now() - began)} ms after the first start`)
      const end = performance.now() + this.#options.ms
      let number = 0
      for (const fault of schedule(random, this.#options.kinds)) {
        if (performance.now() >= end || number >= this.#options.faults || this.#broken.length > 0) break
        await this.#episode(++number, fault, random.fork())
      }
      if (this.#broken.length === 0) await this.#judge('')
    } catch (error) {
      this.#fails(error instanceof Error ? error.message : String(error))
    }
    await this.#clients.stop()
    const { answered } = this.#clients
    return {
      broken: this.#broken,
      measured: this.#measured,
      answered,
      errors: this.#errors,
      gaveUp: this.#gaveUp,
      bothMs: this.#bothMs,
    }
  }

  async #episode(number: number, fault: Fault, random: Random): Promise<void> {
    const pair = this.#pair
    const name = `e${number}`
    this.#clients.begin(MIX, name, random)
    await lap(CALM_MS)
    this.#window = { readMs: 0, writeMs: 0, errors: 0 }
    pair.addresses.bothMs()
    this.#tell(`${number}: ${fault.what}, ${Math.round(fault.ms)} ms`)
    const since = performance.now()
    await fault.begin(pair)
    await this.#hold(fault, performance.now())
    const endedAt = performance.now()
    await fault.end(pair)
    await until(() => pair.whole(), WHOLE_MS, `I10: the pair is whole after ${fault.what}`)
    const wholeMs = performance.now() - endedAt
    await lap(CALM_MS)
    await this.#clients.stop()
    await until(() => pair.settled(), WHOLE_MS, `the queue works again after ${fault.what}`)
    const both = pair.addresses.bothMs()
    this.#bothMs = Math.max(this.#bothMs, both)
    if (both > BOTH_MS_MAX[pair.mover]) this.#fails(`two hosts held one address for ${Math.round(both)} ms`)
    const { readMs, writeMs, errors } = this.#window
    const movedMs = fault.of === null ? null : pair.addresses.movedAfter(fault.of, since)
    this.#measured.push({ kind: fault.kind, readMs, writeMs, errors, movedMs, wholeMs })
    this.#errors += errors
    this.#tell(
      `   read ${Math.round(readMs)} ms, write ${Math.round(writeMs)} ms, ${errors} errors, address moved ${movedMs === null ? 'no' : `after ${Math.round(movedMs)} ms`}, two holders ${Math.round(both)} ms, whole ${Math.round(wholeMs)} ms`,
    )
    await this.#judge(`${name}/`)
    await pair.compareCopies()
  }

  /** While it lasts, whoever cannot serve lets go of its addresses in time, and takes none. */
  async #hold(fault: Fault, began: number): Promise<void> {
    const end = began + fault.ms
    while (performance.now() < end) {
      const { mute } = fault
      const withinMs = mute === null ? 0 : WITHIN_MS[this.#pair.mover][mute.why]
      if (mute !== null && performance.now() > began + withinMs && this.#pair.addresses.holds(mute.host)) {
        this.#fails(`${mute.host} cannot serve and still holds an address ${withinMs} ms after: ${fault.what}`)
        return
      }
      await lap(LOOK_MS)
    }
  }

  async #judge(prefix: string): Promise<void> {
    await this.#clients.readAll(prefix)
    const { not, gaveUp } = this.#clients.judge(prefix)
    for (const history of not) this.#fails(`I11: no order of effects explains what clients saw of ${history}`)
    for (const what of this.#clients.wrong.splice(0)) this.#fails(what)
    this.#gaveUp += gaveUp
  }

  #fails(what: string): void {
    this.#broken.push(what)
    this.#tell(`broken: ${what}`)
  }

  #tell(what: string): void {
    this.#options.tell(what)
  }
}
