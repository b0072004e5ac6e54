// What goes wrong and when, from a seed alone: the same seed plans the same faults and the same mix of load. How the
// processes then interleave is the machine's own; that is what the simulation has under control and this has not.
import type { ProcessName } from '../../deploy/local/plan.ts'
import { HOSTS, type Host } from '../../deploy/redis/render.ts'
import { ORIGINS, type OriginName, SHARDS, type ShardName } from '../../router/words.ts'
import { Random } from '../sim/random.ts'

export type Act =
  | { readonly kind: 'kill' | 'start' | 'pause' | 'resume' | 'stop' | 'wipe'; readonly process: ProcessName }
  | { readonly kind: 'cut' | 'heal' }
  | { readonly kind: 'handover'; readonly shard: ShardName }
  | { readonly kind: 'drain' | 'ready'; readonly origin: OriginName }

/** `at`: milliseconds from the beginning of its round. */
export type Step = { readonly at: number; readonly act: Act }

export type Mix = {
  readonly clients: number
  readonly keys: number
  /** the mean pause of a client between two requests */
  readonly thinkMs: number
  /** share of writes that carry a key of their client's, and are sent again until their outcome is known */
  readonly keyed: number
  readonly reads: number
}

export type Round = { readonly number: number; readonly mix: Mix; readonly steps: readonly Step[] }
/** How strong reads are answered: TANDEM_READS. */
export type Reads = 'lease' | 'confirm' | 'both'

export type Plan = { readonly seed: number; readonly reads: Reads; round(number: number): Round }

/** Faults begin within this time of a round; each ends at most FAULT_MS_MAX later. */
export const ROUND_MS = 9_000
/** Longer than lease, grace and a round of the register together: every takeover that a fault can cause happens in it. */
export const FAULT_MS_MAX = 5_000
/** A round of one fault shows nothing that another test does not; more than six seldom find the processes up. */
const FAULTS = [3, 6] as const
/** A process that has just been touched is let alone for so long. */
const BREATH_MS = 200

/** @returns the same plan for the same seed: each round has a source of chance of its own */
export function planOf(seed: number): Plan {
  const random = new Random(seed)
  const dice = random.unit()
  const reads = dice < 0.3 ? 'confirm' : dice < 0.65 ? 'both' : 'lease'
  const salt = random.int(0, 0xffff)
  return { seed, reads, round: number => roundOf(number, new Random((seed * 0x10001 + salt + number * 7919) >>> 0)) }
}

function roundOf(number: number, random: Random): Round {
  const mix: Mix = {
    clients: random.int(4, 8),
    keys: random.int(4, 16),
    thinkMs: random.between(5, 60),
    keyed: random.pick([0, 0.5, 1]),
    reads: random.between(0.2, 0.6),
  }
  const round = new Steps(random)
  // At the beginning the pair is whole: only then may a disk be lost.
  if (random.chance(0.3)) round.loseDisk()
  const count = random.int(...FAULTS)
  for (let n = 0; n < count; n++) random.pick(FAULTS_BY_WEIGHT)(round, random)
  return { number, mix, steps: round.sorted() }
}

class Steps {
  readonly #steps: Step[] = []
  readonly #busyUntil = new Map<string, number>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** One thing is done to the processes and undone later, unless something else is being done to one of them by then. */
  for(processes: readonly ProcessName[], from: Act['kind'] & ('kill' | 'pause' | 'stop'), ms: number): void {
    const at = this.#free(processes, ms)
    if (at === null) return
    for (const process of processes) {
      this.#add(at, { kind: from, process })
      this.#add(at + ms, { kind: from === 'pause' ? 'resume' : 'start', process })
    }
  }

  between(what: string, begin: Act, end: Act, ms: number): void {
    const at = this.#free([what], ms)
    if (at === null) return
    this.#add(at, begin)
    this.#add(at + ms, end)
  }

  once(act: Act): void {
    this.#add(this.#random.between(0, ROUND_MS), act)
  }

  /** Killed, and back with nothing. */
  wiped(process: ProcessName, at: number, ms: number): void {
    this.#busyUntil.set(process, at + ms + BREATH_MS)
    this.#add(at, { kind: 'kill', process })
    this.#add(at + 1, { kind: 'wipe', process })
    this.#add(at + ms, { kind: 'start', process })
  }

  /**
   * The data directory of an origin, or one register. With a register nothing else happens to the other two in this
   * round: a wiped one has its vote back only when both have accepted, and until then it is one of the two that may be gone.
   */
  loseDisk(): void {
    const ms = this.#random.between(50, 2500)
    if (this.#random.chance(0.5)) return this.wiped(`origin.${this.#random.pick(ORIGINS)}`, 0, ms)
    for (const host of HOSTS) this.#busyUntil.set(`register.${host}`, Number.POSITIVE_INFINITY)
    this.wiped(`register.${this.#random.pick(HOSTS)}`, 0, ms)
    for (const host of HOSTS) this.#busyUntil.set(`register.${host}`, Number.POSITIVE_INFINITY)
  }

  #free(names: readonly string[], ms: number): number | null {
    const at = this.#random.between(0, ROUND_MS)
    if (names.some(name => (this.#busyUntil.get(name) ?? 0) > at)) return null
    for (const name of names) this.#busyUntil.set(name, at + ms + BREATH_MS)
    return at
  }

  #add(at: number, act: Act): void {
    this.#steps.push({ at: Math.round(at), act })
  }

  sorted(): readonly Step[] {
    return this.#steps.toSorted((x, y) => x.at - y.at)
  }
}

type Fault = (steps: Steps, random: Random) => void

const origin = (random: Random): ProcessName => `origin.${random.pick(ORIGINS)}`
const ofHost = (host: Host): readonly ProcessName[] => [
  ...ORIGINS.filter(name => name === host).map((name): ProcessName => `origin.${name}`),
  `redis.${host}`,
  `register.${host}`,
  `sentinel.${host}`,
]
const long = (random: Random): number => random.between(50, random.chance(0.5) ? 1000 : FAULT_MS_MAX)

const FAULTS_BY_WEIGHT: readonly Fault[] = Object.entries<readonly [weight: number, fault: Fault]>({
  kill: [4, (steps, random) => steps.for([origin(random)], 'kill', long(random))],
  killBoth: [1, (steps, random) => steps.for(['origin.a', 'origin.b'], 'kill', random.between(50, 1500))],
  pause: [4, (steps, random) => steps.for([origin(random)], 'pause', random.between(200, 4000))],
  leave: [2, (steps, random) => steps.for([origin(random)], 'stop', random.between(1000, FAULT_MS_MAX))],
  host: [1, (steps, random) => steps.for(ofHost(random.pick(HOSTS)), 'kill', random.between(500, FAULT_MS_MAX))],
  queue: [2, (steps, random) => steps.for([`redis.${random.pick(HOSTS)}`], 'kill', long(random))],
  queuePaused: [1, (steps, random) => steps.for([`redis.${random.pick(HOSTS)}`], 'pause', long(random))],
  allQueues: [
    1,
    (steps, random) =>
      steps.for(
        HOSTS.map((host): ProcessName => `redis.${host}`),
        'kill',
        long(random),
      ),
  ],
  register: [2, (steps, random) => steps.for([`register.${random.pick(HOSTS)}`], 'kill', long(random))],
  registerPaused: [1, (steps, random) => steps.for([`register.${random.pick(HOSTS)}`], 'pause', long(random))],
  sentinel: [1, (steps, random) => steps.for([`sentinel.${random.pick(HOSTS)}`], 'kill', long(random))],
  cut: [3, (steps, random) => steps.between('link', { kind: 'cut' }, { kind: 'heal' }, random.between(100, 4000))],
  handover: [2, (steps, random) => steps.once({ kind: 'handover', shard: random.pick(SHARDS) })],
  drain: [
    1,
    (steps, random) => {
      const name = random.pick(ORIGINS)
      steps.between(
        'drain',
        { kind: 'drain', origin: name },
        { kind: 'ready', origin: name },
        random.between(500, 4000),
      )
    },
  ],
}).flatMap(([, [weight, fault]]) => Array.from({ length: weight }, () => fault))

export const describeAct = (act: Act): string =>
  'process' in act
    ? `${act.kind} ${act.process}`
    : 'shard' in act
      ? `${act.kind} ${act.shard}`
      : 'origin' in act
        ? `${act.kind} ${act.origin}`
        : `${act.kind} the link`
