// A whole cluster of real processes under load and a seeded schedule of faults, round after round: every history must be
// linearizable, nothing that was acknowledged may be gone, and after each round the pair must be whole in time.
import { setTimeout as pause } from 'node:timers/promises'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from '../cluster/cluster.ts'
import { startWire, type Wire } from '../cluster/cuttable.ts'
import { Random } from '../sim/random.ts'
import { Clients, type Wait } from './clients.ts'
import { type Act, describeAct, planOf, type Round } from './schedule.ts'
import { Strikes } from './strike.ts'

export type SoakOptions = {
  readonly seed: number
  /** rounds are begun until then */
  readonly minutes: number
  /** at most so many rounds */
  readonly rounds: number
  readonly portBase: number
  readonly tell: (line: string) => void
}

export type SoakResult = {
  readonly broken: readonly string[]
  readonly rounds: number
  readonly faults: number
  readonly answered: number
  readonly turnedAway: number
  readonly unknown: number
  /** keys whose history was too hard to judge */
  readonly gaveUp: number
  readonly wholeAfterMs: number
  readonly waits: readonly Wait[]
}

/** A peer that was lost often must be stable 64 times as long before it is added: 6.4 s of this. */
const STABLE_MS = 100
/** I10: after the last fault. Two rejoins with the longest stable time, each with a takeover before it, and slow starts. */
const WHOLE_WITHIN_MS = 40_000
/** The private port of each origin's wire to its peer, next to the real ones. */
const WIRE_OFFSETS = { a: 95, b: 96 } as const
const PRIVATE_OFFSETS = { a: 101, b: 102 } as const
/** A process that ended by itself is noticed within this time. */
const LOOK_MS = 200

class Soak {
  readonly #options: SoakOptions
  readonly #cluster: TestCluster
  readonly #clients: Clients
  readonly #strikes: Strikes
  readonly #broken: string[] = []
  #faults = 0
  #rounds = 0
  #gaveUp = 0
  #wholeAfterMs = 0

  constructor(options: SoakOptions, cluster: TestCluster, wires: readonly Wire[]) {
    this.#options = options
    this.#cluster = cluster
    this.#clients = new Clients(ORIGINS.map(name => cluster.origins[name].public))
    this.#strikes = new Strikes(cluster, wires)
  }

  async run(): Promise<SoakResult> {
    const plan = planOf(this.#options.seed)
    const endAt = performance.now() + this.#options.minutes * 60_000
    try {
      await this.#cluster.untilWhole()
      while (this.#rounds < this.#options.rounds && performance.now() < endAt && this.#broken.length === 0)
        await this.#round(plan.round(++this.#rounds))
      // Nothing acknowledged in any round is gone at the end of all of them.
      if (this.#broken.length === 0) await this.#judge('')
    } catch (error) {
      this.#fails(error instanceof Error ? error.message : String(error))
    } finally {
      this.#strikes.release()
      await this.#clients.stop()
    }
    const { answered, turnedAway, unknown, waits } = this.#clients
    const [broken, rounds, faults, gaveUp] = [this.#broken, this.#rounds, this.#faults, this.#gaveUp]
    return { broken, rounds, faults, answered, turnedAway, unknown, gaveUp, wholeAfterMs: this.#wholeAfterMs, waits }
  }

  async #round({ number, mix, steps }: Round): Promise<void> {
    const { tell, seed } = this.#options
    tell(`round ${number}: ${mix.clients} clients on ${mix.keys} keys, ${Math.round(mix.thinkMs)} ms between requests`)
    this.#clients.begin(mix, `r${number}`, new Random(seed + number))
    const began = performance.now()
    for (const { at, act } of steps) {
      await this.#pauseUntil(began + at)
      if (this.#broken.length > 0) return
      this.#strike(act)
    }
    await this.#strikes.heal()
    tell(this.#line('all faults end'))
    await this.#whole(performance.now())
    await this.#clients.stop()
    await this.#judge(`r${number}/`)
    await this.#cluster.compareCopies()
  }

  async #pauseUntil(at: number): Promise<void> {
    for (;;) {
      this.#look()
      const left = at - performance.now()
      if (left <= 0 || this.#broken.length > 0) return
      await pause(Math.min(left, LOOK_MS))
    }
  }

  #strike(act: Act): void {
    this.#faults++
    this.#options.tell(this.#line(describeAct(act)))
    this.#strikes.strike(act)
  }

  async #whole(since: number): Promise<void> {
    let why = ''
    const look = async (): Promise<boolean> => {
      this.#look()
      if (this.#broken.length > 0) return true
      await this.#strikes.bringHome()
      return this.#cluster.untilWhole(1).then(
        () => true,
        (error: unknown) => {
          why = String(error)
          return false
        },
      )
    }
    await until(async () => (await look()) || why, WHOLE_WITHIN_MS, 'I10: the pair is whole after the last fault')
    const ms = performance.now() - since
    this.#wholeAfterMs = Math.max(this.#wholeAfterMs, ms)
    this.#options.tell(this.#line(`whole after ${Math.round(ms)} ms`))
  }

  /** I11 for these keys, with a last read of each through both hosts. */
  async #judge(prefix: string): Promise<void> {
    await this.#clients.readAll(prefix)
    const { not, gaveUp, calls } = this.#clients.judge(prefix)
    for (const history of not) this.#fails(`I11: no order of effects explains what clients saw of ${history}`)
    this.#gaveUp += gaveUp
    this.#look()
    this.#options.tell(
      this.#line(`${calls} requests judged${gaveUp === 0 ? '' : `, ${gaveUp} keys too hard to judge`}`),
    )
  }

  #look(): void {
    for (const what of this.#clients.wrong.splice(0)) this.#fails(what)
    for (const name of this.#strikes.missing()) this.#fails(`${name} ended by itself: ${this.#cluster.log(name)}`)
  }

  #fails(what: string): void {
    this.#broken.push(what)
    this.#options.tell(this.#line(what))
  }

  #line(what: string): string {
    return `${(this.#clients.now / 1000).toFixed(3).padStart(9)} ${what}`
  }
}

/** Runs one seed on a cluster of its own; always ends what it started. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { portBase } = options
  const { reads } = planOf(options.seed)
  const env = { TANDEM_STABLE_MS: String(STABLE_MS), TANDEM_READS: reads }
  const wireTo = (name: 'a' | 'b'): Promise<Wire> =>
    startWire(portBase + WIRE_OFFSETS[name], portBase + PRIVATE_OFFSETS[name])
  const wires = { a: await wireTo('a'), b: await wireTo('b') }
  try {
    const peerUrl = { a: wires.b.url, b: wires.a.url }
    const cluster = await startTestCluster(portBase, { peerUrl, originEnv: { a: env, b: env } })
    try {
      return await new Soak(options, cluster, [wires.a, wires.b]).run()
    } finally {
      await cluster.close()
    }
  } finally {
    await Promise.all([wires.a.close(), wires.b.close()])
  }
}
