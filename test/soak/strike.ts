// Does what the schedule says to the processes of a cluster, each process one thing after the other.
import type { ProcessName } from '../../deploy/local/plan.ts'
import { homeOf, ORIGINS, type OriginName, type ShardName } from '../../router/words.ts'
import { primaryOf, type TestCluster } from '../cluster/cluster.ts'
import type { Wire } from '../cluster/cuttable.ts'
import type { Act } from './schedule.ts'

export class Strikes {
  readonly #cluster: TestCluster
  readonly #wires: readonly Wire[]
  /** what a process was told last: the next thing waits for it */
  readonly #last = new Map<string, Promise<void>>()
  /** processes that were ended, or stopped, by us */
  readonly #down = new Set<ProcessName>()
  readonly #paused = new Set<ProcessName>()
  /** by hand: only a person brings them back */
  readonly #sentAway = new Set<ShardName>()
  readonly #drained = new Set<OriginName>()
  #failed: unknown = null

  constructor(cluster: TestCluster, wires: readonly Wire[]) {
    this.#cluster = cluster
    this.#wires = wires
  }

  /** Ends of acts that take long (SIGTERM) are not waited for; what the process is told next does wait. */
  strike(act: Act): void {
    const on = 'process' in act ? act.process : 'origin' in act ? act.origin : act.kind
    const before = this.#last.get(on) ?? Promise.resolve()
    this.#last.set(
      on,
      before
        .then(() => this.#do(act))
        .catch((error: unknown) => {
          this.#failed ??= error
        }),
    )
  }

  /** Processes that are not there although nobody ended them. */
  missing(): readonly ProcessName[] {
    return this.#cluster.names.filter(name => !this.#down.has(name) && this.#cluster.pid(name) === null)
  }

  /** Everything runs again; throws what an act threw. */
  async heal(): Promise<void> {
    await Promise.all(this.#last.values())
    this.#last.clear()
    if (this.#failed !== null) throw this.#failed
    for (const process of this.#paused) this.#cluster.resume(process)
    this.#paused.clear()
    for (const process of this.#down) this.#cluster.start(process)
    this.#down.clear()
    for (const wire of this.#wires) wire.heal()
  }

  /** Takes back what only a person takes back, as far as the pair is ready for it. */
  async bringHome(): Promise<void> {
    for (const origin of this.#drained) if (await this.#ask(origin, 'ready')) this.#drained.delete(origin)
    for (const shard of this.#sentAway) {
      const primary = await this.#primaryOf(shard)
      if (primary === homeOf(shard)) this.#sentAway.delete(shard)
      else if (primary !== null) await this.#ask(primary, 'handover', { shard })
    }
  }

  /** Nothing stays stopped, or it could not be ended. */
  release(): void {
    for (const process of this.#paused) if (this.#cluster.pid(process) !== null) this.#cluster.resume(process)
    this.#paused.clear()
  }

  async #primaryOf(shard: ShardName): Promise<OriginName | null> {
    for (const origin of ORIGINS) if (primaryOf(await this.#cluster.statusOf(origin), shard) === origin) return origin
    return null
  }

  async #do(act: Act): Promise<void> {
    const cluster = this.#cluster
    switch (act.kind) {
      case 'kill':
        this.#down.add(act.process)
        return cluster.kill(act.process)
      case 'stop':
        this.#down.add(act.process)
        return cluster.stop(act.process)
      case 'start':
        cluster.start(act.process)
        this.#down.delete(act.process)
        return
      case 'wipe':
        return cluster.wipe(act.process)
      case 'pause':
        this.#paused.add(act.process)
        return cluster.pause(act.process)
      case 'resume':
        this.#paused.delete(act.process)
        return cluster.resume(act.process)
      case 'cut':
        for (const wire of this.#wires) wire.cut()
        return
      case 'heal':
        for (const wire of this.#wires) wire.heal()
        return
      case 'handover':
        return this.#handover(act.shard)
      case 'drain':
        this.#drained.add(act.origin)
        await this.#ask(act.origin, 'drain')
        return
      case 'ready':
        if (await this.#ask(act.origin, 'ready')) this.#drained.delete(act.origin)
        return
    }
  }

  async #handover(shard: ShardName): Promise<void> {
    this.#sentAway.add(shard)
    for (const origin of ORIGINS) if (await this.#ask(origin, 'handover', { shard })) return
  }

  /** False where it was refused, or nobody answered: that is part of the game. */
  #ask(origin: OriginName, action: string, body?: unknown): Promise<boolean> {
    return this.#cluster.control(origin, 'POST', `/_tandem/${action}`, body).then(
      async response => {
        await response.arrayBuffer()
        return response.ok
      },
      () => false,
    )
  }
}
