// What a standby that answers strong reads (TANDEM_READS=both) must not say: what is over, and what may yet vanish.
import { accepting, after, decided, type Scenario, settled, state, whole } from './script.ts'

/** It still speaks. */
const B_HEARS_NOTHING = [
  ['w', 'b'],
  ['a', 'b'],
] as const

export const READS: readonly Scenario[] = [
  {
    name: 'standby-wakes-to-old-promises',
    says: 'a standby is stopped just after its beat, and finds the promise when it wakes, when its primary has long gone on alone and cannot tell it',
    reads: 'both',
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield* settled(sim)
        sim.links.patience = true
        const beat = state(sim, 'b')?.lease.seq ?? 0
        yield () => (state(sim, 'b')?.lease.seq ?? 0) > beat
        sim.hosts.b.running?.life.pause(2600)
        yield after(sim, 100)
        sim.cutFor(B_HEARS_NOTHING, 3500)
        yield after(sim, 4500)
      }
    },
  },
  {
    name: 'standby-sleeps-before-the-row',
    says: 'a standby is stopped between the look at its lease and the row that it reads',
    reads: 'both',
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield whole(sim)
        const life = sim.hosts.b.running?.life
        if (life !== undefined) life.rowPauseMs = 2500
        yield after(sim, 4000)
      }
    },
  },
  {
    name: 'standby-reads-while-its-disk-hangs',
    says: 'a standby cannot write, but reads: its primary goes on alone, and the standby does not hear of it',
    reads: 'both',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.disk.slowness = 1
      sim.hosts.b.disk.slowMs = 4000
      yield accepting(sim, 'a', 'solo')
      sim.cutFor(B_HEARS_NOTHING, 2500)
      yield after(sim, 1500)
      sim.hosts.b.disk.slowness = 0
      yield after(sim, 2000)
    },
  },
  {
    name: 'standby-leaves-unheard',
    says: 'a standby has left the pair by its own proposal and does not know it yet: the other one goes on alone at once',
    reads: 'both',
    *script(sim) {
      for (let round = 0; round < 4; round++) {
        yield* settled(sim)
        yield after(sim, sim.world.random.between(0, 2000))
        sim.leave('b', 500, 3000)
        const late = after(sim, 3000)
        const leaves = accepting(sim, 'b', 'leave')
        yield () => leaves() || late()
        sim.cutFor(B_HEARS_NOTHING, 1200)
        yield after(sim, 9000)
      }
    },
  },
  {
    name: 'standby-has-what-vanishes',
    says: 'a standby has an entry that never came to its primary’s disk; both die, and the primary goes on without it',
    reads: 'both',
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield* settled(sim)
        sim.hosts.a.disk.slowness = 1
        sim.hosts.a.disk.slowMs = 300
        yield after(sim, sim.world.random.between(400, 900))
        sim.hosts.a.kill('killed')
        sim.hosts.b.kill('killed')
        sim.hosts.a.disk.slowness = 0
        sim.restart('a')
        yield decided(sim, 'a')
        yield after(sim, 500)
        sim.restart('b')
      }
    },
  },
]
