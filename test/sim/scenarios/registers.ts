// What the registers may do to a proposal, and a proposal to them.
import { ACCEPTORS } from '../../../replicator/register/acceptor.ts'
import { ORIGINS } from '../../../router/words.ts'
import { Broken } from '../broken.ts'
import { accepting, after, alone, bothWays, type Scenario, serves, settled, whole } from './script.ts'

export const REGISTERS: readonly Scenario[] = [
  {
    name: 'dies-after-accept',
    says: 'a proposer dies between its accept and its own record of it, and is back at once',
    *script(sim) {
      yield whole(sim)
      sim.cutFor(bothWays('a', 'b'), 2500)
      yield accepting(sim, 'a', 'solo')
      sim.hosts.a.kill('killed')
      sim.restart('a')
      yield after(sim, 2000)
    },
  },
  {
    name: 'moved-on-elsewhere',
    says: 'both propose at once, each from what it knew',
    *script(sim) {
      for (let round = 0; round < 4; round++) {
        yield* settled(sim)
        sim.registers.trouble = 0.3
        sim.cutFor(bothWays('a', 'b'), 2500)
        sim.command('a', { kind: 'handover', shard: 's0' })
        sim.command('b', { kind: 'handover', shard: 's1' })
        yield after(sim, 4000)
        sim.registers.trouble = 0
      }
    },
  },
  {
    name: 'wiped-during-accept',
    says: 'an acceptor is wiped while an accept is under way, and others lag',
    *script(sim) {
      yield whole(sim)
      sim.registers.down.add('b')
      sim.cutFor(bothWays('a', 'b'), 4000)
      yield alone(sim)
      // Only a and w hold it; b is an epoch behind.
      sim.registers.wipe('a')
      sim.registers.down.add('w')
      sim.registers.down.delete('b')
      yield after(sim, 3500)
      sim.registers.down.delete('w')
      yield after(sim, 2000)
    },
  },
  {
    name: 'two-registers-wiped',
    says: 'two of three registers come back empty: what is served goes on, nothing new is decided, a person must look',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      sim.registers.wipe('a')
      sim.registers.wipe('w')
      yield after(sim, 3000)
      const epoch = sim.checker.newest?.record.epoch
      if (!serves(sim, 'a', 's0')() || !serves(sim, 'b', 's1')())
        throw new Broken('I10', 'the pair does not go on serving')
      sim.hosts.a.kill('killed')
      sim.restart('a')
      yield after(sim, 5000)
      if (sim.checker.newest?.record.epoch !== epoch) throw new Broken('I2', 'an empty majority decided something')
    },
  },
  {
    name: 'all-registers-wiped',
    says: 'all three come back empty: no second first boot over stores that hold something',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.hosts.a.kill('killed')
      sim.hosts.b.kill('killed')
      sim.restart('a')
      sim.restart('b')
      yield after(sim, 5000)
      if (serves(sim, 'a', 's0')()) throw new Broken('I1', 'something is served')
    },
  },
  {
    name: 'registers-and-stores-wiped',
    says: 'both stores and two registers come back empty, and the third cannot be reached: no second first boot beside it',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      sim.registers.down.add('b')
      sim.registers.wipe('a')
      sim.registers.wipe('w')
      for (const name of ORIGINS) sim.replaceDisk(name, null, 10)
      yield after(sim, 5000)
      if (serves(sim, 'a', 's0')()) throw new Broken('I1', 'a second history was begun')
      sim.registers.down.delete('b')
      yield after(sim, 3000)
    },
  },
]
