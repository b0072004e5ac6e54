// What the router asks: who serves a shard now, as this host's replicator knows it.

import { whyNotServing } from '../replicator/core/reign.ts'
import type { Replicator } from '../replicator/replicator.ts'
import type { View } from '../router/view.ts'
import type { Where, Whereabouts } from '../router/whereabouts.ts'
import type { OriginName, ShardName } from '../router/words.ts'

/** A wait ends at least this often, so that a lease that ran out by time alone is seen. */
const LOOK_MS = 250
/** A reign begins some milliseconds after its record is known; one that takes longer waits for something else. */
const BEGINS_MS = 250

export class HostWhereabouts implements Whereabouts {
  readonly #name: OriginName
  readonly #replicator: Replicator
  readonly #now: () => number

  constructor(name: OriginName, replicator: Replicator, now: () => number) {
    this.#name = name
    this.#replicator = replicator
    this.#now = now
  }

  where(shard: ShardName): Where {
    if (this.#replicator.serves(shard) !== null) return { kind: 'here' }
    const view = this.#replicator.view()
    if (view === null) return { kind: 'wait', view, why: 'The register has not been read yet.' }
    const { state } = this.#replicator
    if (view.primaries[shard] === this.#name)
      return { kind: 'wait', view, why: whyNotServing(state, shard, this.#now()) }
    if (state.peer !== null) return { kind: 'there', view }
    return { kind: 'wait', view, why: 'The other origin is primary and does not answer.' }
  }

  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = (): void => {
      clearTimeout(timer)
      unlisten()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(timeoutMs, LOOK_MS))
    const unlisten = this.#replicator.onChange(done)
    signal.addEventListener('abort', done, { once: true })
    return promise
  }

  /** Null where this host serves the shard, or does not know that it is to: there is nothing to wait for. */
  begins(shard: ShardName, signal: AbortSignal): Promise<void> | null {
    return this.#isAboutTo(shard) ? this.#begun(shard, signal) : null
  }

  #isAboutTo(shard: ShardName): boolean {
    return this.#replicator.serves(shard) === null && this.#replicator.view()?.primaries[shard] === this.#name
  }

  async #begun(shard: ShardName, signal: AbortSignal): Promise<void> {
    const until = this.#now() + BEGINS_MS
    for (let left = BEGINS_MS; left > 0 && !signal.aborted && this.#isAboutTo(shard); left = until - this.#now())
      await this.changed(left, signal)
  }

  /** A host hears of records over the link and from the register; a view from an answer says that there is a newer one. */
  learn({ lineage, epoch }: View): void {
    this.#replicator.dispatch({ type: 'shown', lineage, epoch })
  }
}
