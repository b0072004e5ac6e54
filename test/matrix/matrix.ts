// The faults that clients must not notice but by waiting, each under the crowd, and the judgement of what it was told.
import { HOSTS } from '../../deploy/redis/render.ts'
import { ORIGINS, type OriginName, peerOf, SHARDS } from '../../router/words.ts'
import { primaryOf, type TestCluster, until } from '../cluster/cluster.ts'
import { Crowd } from './crowd.ts'
import { beyond, longestOf, VIAS, type Window, windowOf } from './window.ts'

/** The design's table of faults. */
const DEATH_MS = 1_600
const QUEUE_MS = 500
const PLANNED_MS = 200
/** A handover is some ten steps of several processes, each of which waits for a processor as a request does. */
const USUAL_MS_MAX = 60

/** Requests before and after each thing that happens: every client has met it. */
const SOME = 150
/** Until programs are compiled and connections are open, all takes longer than it will. */
const WARM = 600
const SERVES_MS = 15_000
const LANES_MS = 30_000

type Step = readonly [what: string, boundMs: number | null, act: () => Promise<void>]

export class Matrix {
  readonly #cluster: TestCluster
  readonly #crowd: Crowd
  readonly #tell: (what: string) => void
  readonly #fair = windowOf('nothing', null)
  readonly windows: Window[] = [this.#fair]
  /** errors, histories that nothing explains, creations that are not there once */
  readonly faults: string[] = []
  #collections = 0

  constructor(cluster: TestCluster, tell: (what: string) => void) {
    if (cluster.edge === null) throw new Error('the matrix needs an edge')
    this.#cluster = cluster
    this.#crowd = new Crowd({ host: cluster.origins.a.public, edge: cluster.edge.url })
    this.#tell = tell
  }

  /** Where somebody waited longer than the design says. */
  get late(): readonly string[] {
    return beyond(this.windows, this.#fair)
  }

  /** Null, or why waits say nothing: without any fault requests take about as long here as the shortest bound. */
  get tooBusy(): string | null {
    const { ms } = longestOf(this.#fair.seen.host)
    return ms <= USUAL_MS_MAX ? null : `the machine is too busy: without any fault a request took ${Math.ceil(ms)} ms`
  }

  close(): Promise<void> {
    return this.#crowd.stop()
  }

  /** Comes first. What the machine takes without any fault, here and before each step, is what waits are measured against. */
  async fairWeather(): Promise<void> {
    await this.#cluster.untilWhole()
    this.#crowd.watch(windowOf('warming up', null), 'warm')
    await this.#crowd.more(WARM)
    this.#crowd.watch(this.#fair, 'fair')
    await this.#crowd.more(WARM)
    await this.#judged('fair', [])
  }

  kill(victim: OriginName): Promise<void> {
    return this.#under(victim, [
      [`kill -9 of ${victim}`, DEATH_MS, () => this.#cluster.kill(`origin.${victim}`)],
      [`${victim} comes back`, PLANNED_MS, () => this.#comesBack(victim)],
    ])
  }

  stop(victim: OriginName): Promise<void> {
    return this.#under(victim, [
      [`SIGTERM of ${victim}`, PLANNED_MS, () => this.#cluster.stop(`origin.${victim}`)],
      [`${victim} comes back`, PLANNED_MS, () => this.#comesBack(victim)],
    ])
  }

  freeze(victim: OriginName): Promise<void> {
    const paused = async (): Promise<void> => {
      this.#cluster.pause(`origin.${victim}`)
      await this.#servesAll(peerOf(victim))
    }
    const resumed = async (): Promise<void> => {
      this.#cluster.resume(`origin.${victim}`)
      await this.#cluster.untilWhole()
    }
    return this.#under(victim, [
      [`SIGSTOP of ${victim}`, DEATH_MS, paused],
      // a rejoin that nobody planned
      [`SIGCONT of ${victim}`, DEATH_MS, resumed],
    ])
  }

  drain(victim: OriginName): Promise<void> {
    const drained = async (): Promise<void> => {
      await this.#ask(victim, 'drain')
      await this.#servesAll(peerOf(victim))
    }
    const ready = async (): Promise<void> => {
      await this.#ask(victim, 'ready')
      await this.#cluster.untilWhole()
    }
    return this.#under(victim, [
      [`drain of ${victim}`, PLANNED_MS, drained],
      [`ready of ${victim}`, PLANNED_MS, ready],
    ])
  }

  rollingRestart(times: number): Promise<void> {
    const restarts = async (): Promise<void> => {
      for (let n = 0; n < times; n++)
        for (const victim of ORIGINS) {
          await this.#through(peerOf(victim))
          await this.#cluster.stop(`origin.${victim}`)
          await this.#comesBack(victim)
        }
    }
    return this.#under('b', [[`both restarted in turn, ${times} times`, PLANNED_MS, restarts]])
  }

  async killQueueMaster(): Promise<void> {
    const address = (await this.#cluster.statusOf('a'))?.redis.master
    const master = HOSTS.find(host => address === `127.0.0.1:${this.#cluster.plan.set.queue[host].port}`)
    if (master === undefined) throw new Error(`the queue's master is ${address}`)
    const back = async (): Promise<void> => {
      this.#cluster.start(`redis.${master}`)
      await until(() => this.#lanesAreQueues(), LANES_MS, 'both lanes go through the queue')
    }
    await this.#under('b', [
      ['kill -9 of the master of the queue', QUEUE_MS, () => this.#cluster.kill(`redis.${master}`)],
      ['it comes back', QUEUE_MS, back],
    ])
  }

  /** One step after the other, with the clients of hosts at the one that survives; then the histories of all of it. */
  async #under(victim: OriginName, steps: readonly Step[]): Promise<void> {
    const collection = `m${++this.#collections}`
    await this.#through(peerOf(victim))
    const windows = steps.map(([what, boundMs]) => windowOf(what, boundMs))
    this.windows.push(...windows)
    for (const [at, [what, , act]] of steps.entries()) {
      const window = windows[at]
      if (window === undefined) throw new Error('a step without its window')
      this.#crowd.watch(this.#fair, collection)
      await this.#crowd.more(SOME)
      this.#crowd.watch(window, collection)
      this.#tell(what)
      await act()
      await this.#crowd.more(SOME)
    }
    await this.#judged(collection, windows)
  }

  async #judged(collection: string, windows: readonly Window[]): Promise<void> {
    await this.#cluster.untilWhole()
    await this.#crowd.rest()
    this.faults.push(...(await this.#crowd.judge(collection)))
    for (const { what, seen } of [this.#fair, ...windows])
      for (const via of VIAS) this.faults.push(...seen[via].errors.map(error => `${what}, ${via}: ${error}`))
    await this.#cluster.compareCopies()
  }

  #through(host: OriginName): Promise<void> {
    return this.#crowd.through(this.#cluster.origins[host].public)
  }

  async #comesBack(victim: OriginName): Promise<void> {
    this.#cluster.start(`origin.${victim}`)
    await this.#cluster.untilWhole()
  }

  async #servesAll(name: OriginName): Promise<void> {
    const look = async (): Promise<boolean> => {
      const status = await this.#cluster.statusOf(name)
      return SHARDS.every(shard => primaryOf(status, shard) === name)
    }
    await until(look, SERVES_MS, `${name} serves all`)
  }

  async #lanesAreQueues(): Promise<boolean | string> {
    const lanes = await Promise.all(ORIGINS.map(async name => (await this.#cluster.statusOf(name))?.lane))
    return lanes.every(lane => lane === 'queue') || lanes.join()
  }

  async #ask(name: OriginName, action: string): Promise<void> {
    const response = await this.#cluster.control(name, 'POST', `/_tandem/${action}`)
    const said = await response.text()
    if (!response.ok) throw new Error(`${action} of ${name}: ${response.status} ${said}`)
  }
}
