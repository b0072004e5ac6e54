// How the copies stay equal: drift, poison, old and late jobs, snapshots.
import { REFUSALS_MAX } from '../../../replicator/core/limits.ts'
import { ACCEPTORS } from '../../../replicator/register/acceptor.ts'
import { Broken } from '../broken.ts'
import type { Disk } from '../disk.ts'
import type { Sim } from '../sim.ts'
import {
  after,
  alone,
  bothWays,
  decided,
  nobodyAsks,
  type Scenario,
  serves,
  soon,
  state,
  type Until,
  whole,
} from './script.ts'

/** The primary of s0 has an entry that nobody else saw but the queue, which keeps it until that one reigns again. */
function* lateJob(sim: Sim, dies: boolean): Generator<Until, void> {
  yield whole(sim)
  // Where a reaches the queue even if it reaches nobody else.
  sim.queues.sentinels.failOver('a')
  yield* nobodyAsks(sim)
  yield whole(sim)
  // The queue lane is in use only after a probe came through.
  yield () => state(sim, 'a')?.shards.s0.sender.lane === 'queue'
  sim.queues.holds = true
  const before = state(sim, 'a')?.shards.s0.last.index ?? 0
  // For longer than a router keeps a request: nobody writes in its place.
  sim.cutFor(bothWays('a', 'b'), 5000)
  sim.cutFor(bothWays('a', 'w'), 5000)
  sim.clients.only = 'put'
  sim.clients.ask('once', 's0', 's0/k1', () => {}, 'a')
  const late = after(sim, 900)
  yield () => (state(sim, 'a')?.shards.s0.last.index ?? 0) > before || late()
  if (dies) sim.hosts.a.kill('killed')
  yield decided(sim, 'b')
  yield after(sim, 5000)
  if (dies) sim.restart('a')
  yield whole(sim)
  sim.queues.release()
  yield after(sim, 50)
  sim.clients.only = null
  sim.clients.quiet = false
  yield after(sim, 1000)
}

/** The next entry but one of s0 is one that b never takes; ends when b has given up on it. */
function* poisoned(sim: Sim): Generator<Until, void> {
  const index = (state(sim, 'a')?.shards.s0.last.index ?? 0) + 2
  const poison = { shard: 's0', index, refused: 0 } as const satisfies Disk['poison']
  sim.hosts.b.disk.poison = poison
  const drifted = (): boolean => (state(sim, 'b')?.identity.drifted.length ?? 0) > 0
  yield* soon(sim, drifted, 5000, 'b gives up on an entry that it never takes')
  if (poison.refused > REFUSALS_MAX) throw new Broken('I10', `an entry was tried ${poison.refused} times`)
  yield* soon(sim, serves(sim, 'a', 's0'), 3000, 'a goes on alone')
}

export const COPIES: readonly Scenario[] = [
  {
    name: 'drift',
    says: 'the rows of a standby rot; it finds out, cannot say so to the registers, and its primary dies',
    // what rots in a copy is shown by whoever reads it
    reads: 'lease',
    *script(sim) {
      yield whole(sim)
      yield () => sim.rot('b', 's0') >= 2
      for (const name of ACCEPTORS) sim.registers.down.add(name)
      yield () => (state(sim, 'b')?.identity.drifted.length ?? 0) > 0
      sim.hosts.a.kill('killed')
      yield after(sim, 1500)
      for (const name of ACCEPTORS) sim.registers.down.delete(name)
      yield after(sim, 4000)
      sim.restart('a')
    },
  },
  {
    name: 'poison-entry',
    says: 'a standby refuses an entry whenever it comes: it is not tried for ever, and a copy of the whole shard heals it',
    *script(sim) {
      yield whole(sim)
      yield* poisoned(sim)
      yield* soon(sim, whole(sim), 20_000, 'the pair is whole again')
    },
  },
  {
    name: 'poison-entry-again',
    says: 'soon after it was reseeded the standby refuses another entry: a person must look, and the primary goes on alone',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      yield* poisoned(sim)
      yield* soon(sim, whole(sim), 20_000, 'the pair is whole again')
      const { under } = sim.transfer
      yield* poisoned(sim)
      yield after(sim, 10_000)
      if (sim.transfer.under > under) throw new Broken('I10', 'a copy that reseeding does not heal is reseeded again')
      if (!serves(sim, 'a', 's0')() || !serves(sim, 'a', 's1')()) throw new Broken('I10', 'a does not go on alone')
    },
  },
  {
    name: 'drift-noticed-by-a-member',
    says: 'a standby that drifted is reseeded only when it is no member any more',
    // what rots in a copy is shown by whoever reads it
    reads: 'lease',
    *script(sim) {
      yield whole(sim)
      yield () => sim.rot('b', 's0') >= 2
      yield () => (state(sim, 'b')?.identity.drifted.length ?? 0) > 0
      yield after(sim, 6000)
    },
  },
  {
    name: 'old-job',
    says: 'the queue brings back what an earlier reign wrote and its successor has undone',
    *script(sim) {
      yield whole(sim)
      sim.cutFor(bothWays('a', 'b'), 3500)
      yield alone(sim)
      yield after(sim, 200)
      yield whole(sim)
      for (let round = 0; round < 20; round++) {
        sim.queues.bringBack('a', 20)
        sim.queues.bringBack('b', 20)
        yield after(sim, 100)
      }
    },
  },
  {
    name: 'late-job-of-the-dead',
    says: 'jobs of a dead primary, which its successor never took and its next life has undone, come when it reigns again',
    script: sim => lateJob(sim, true),
  },
  {
    name: 'late-job-of-an-earlier-reign',
    says: 'the same, and it is the same process that reigns again',
    script: sim => lateJob(sim, false),
  },
  {
    name: 'late-snapshot',
    says: 'a snapshot is still on its way when the link breaks, and is there when the store has been made level otherwise',
    *script(sim) {
      yield whole(sim)
      const { under } = sim.transfer
      sim.transfer.ms = 1500
      sim.command('b', { kind: 'resync' })
      yield () => sim.transfer.under > under
      yield after(sim, 100)
      sim.transfer.ms = 5
      sim.links.end('the session broke')
      yield after(sim, 5000)
    },
  },
  {
    name: 'drift-leaves-by-agreement',
    says: 'a standby finds out that it drifted: it hands over what it serves and leaves, and is reseeded then, and nobody waits',
    fair: true,
    // what rots in a copy is shown by whoever reads it
    reads: 'lease',
    *script(sim) {
      yield whole(sim)
      // Its gate takes a while to close, as a write is on its way to its disk.
      sim.hosts.b.disk.slowness = 0.6
      sim.hosts.b.disk.slowMs = 150
      yield () => sim.rot('b', 's0') >= 2
      yield () => (state(sim, 'b')?.identity.drifted.length ?? 0) > 0
      yield* soon(sim, whole(sim), 10_000, 'the pair is whole again')
    },
  },
]
