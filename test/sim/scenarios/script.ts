// A schedule that is known to be dangerous, written down: what must happen, and when. And the words in which it is written.

import type { State } from '../../../replicator/core/state.ts'
import type { OriginName, ShardName } from '../../../router/words.ts'
import { Broken } from '../broken.ts'
import type { Sim } from '../sim.ts'

/** What is waited for; looked at after every step. */
export type Until = () => boolean

export type Scenario = {
  readonly name: string
  readonly says: string
  /** ends in a state that a person must look at: it is not awaited that the pair becomes whole */
  readonly needsAPerson?: true
  /** nothing fails in it: once whole, nobody takes over and nobody goes solo */
  readonly fair?: true
  /** how strong reads are answered; by chance where nothing is said */
  readonly reads?: 'lease' | 'both'
  readonly script: (sim: Sim) => Generator<Until, void>
}

export const state = (sim: Sim, name: OriginName): Readonly<State> | null =>
  sim.hosts[name].running?.replicator.state ?? null
export const whole =
  (sim: Sim): Until =>
  () =>
    sim.checker.whyNotWhole() === null
export const after = (sim: Sim, ms: number): Until => {
  const at = sim.world.now + ms
  sim.world.after(ms, () => {})
  return () => sim.world.now >= at
}
export const decided =
  (sim: Sim, members: string): Until =>
  () =>
    [...(sim.checker.newest?.record.members ?? [])]
      .map(member => member.name)
      .sort()
      .join('') === members
export const alone =
  (sim: Sim): Until =>
  () =>
    sim.checker.newest?.record.members.length === 1
export const serves =
  (sim: Sim, name: OriginName, shard: ShardName): Until =>
  () =>
    sim.checker.isServed(name, shard)
/** That origin has sent its accepts for such a record, and does not know what became of them. */
export const accepting =
  (sim: Sim, name: OriginName, why: string): Until =>
  () => {
    const known = state(sim, name)
    return known?.proposal?.why === why && known.proposer.committedTo
  }
export const bothWays = (x: 'a' | 'b' | 'w', y: 'a' | 'b' | 'w'): ['a' | 'b' | 'w', 'a' | 'b' | 'w'][] => [
  [x, y],
  [y, x],
]

/** I10 in small: it comes true in time. */
export function* soon(sim: Sim, condition: Until, ms: number, what: string): Generator<Until, void> {
  const late = after(sim, ms)
  yield () => condition() || late()
  if (!condition()) throw new Broken('I10', `not within ${ms} ms: ${what}`)
}

/** Back home, whatever was sent away by hand. */
export function* settled(sim: Sim): Generator<Until, void> {
  while (!whole(sim)()) {
    sim.sendHome()
    yield after(sim, 300)
  }
}

/** Everybody has an answer, or has given up, and asks nothing more until `quiet` ends. */
export function* nobodyAsks(sim: Sim): Generator<Until, void> {
  sim.clients.quiet = true
  yield () => sim.clients.pending === 0
  // What was late has arrived.
  yield after(sim, 3000)
}
