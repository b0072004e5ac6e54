// What a person may do when nothing heals by itself, and what forbids it.
import { NEWS_MS } from '../../../replicator/core/limits.ts'
import { ACCEPTORS } from '../../../replicator/register/acceptor.ts'
import { ORIGINS, SHARDS } from '../../../router/words.ts'
import { Broken } from '../broken.ts'
import { Disk } from '../disk.ts'
import { accepting, after, bothWays, decided, nobodyAsks, type Scenario, serves, soon, state, whole } from './script.ts'

/** The documents of a backup, as text. */
function valuesIn({ shards }: Disk): ReadonlyMap<string, string> {
  const rows = SHARDS.flatMap(shard => [...shards[shard].rows.values()]).filter(row => row.key.includes('/'))
  return new Map(rows.map(row => [row.key, new TextDecoder().decode(row.body)]))
}

export const PEOPLE: readonly Scenario[] = [
  {
    name: 'force-primary',
    says: 'a person forces a returning store to be primary, and the only member lives on behind a cut link',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      sim.cutFor(bothWays('a', 'b'), 9000)
      sim.restart('b')
      yield () => state(sim, 'b')?.synced === true
      for (let round = 0; round < 3; round++) {
        sim.command('b', { kind: 'forcePrimary' })
        yield after(sim, 2500)
      }
    },
  },
  {
    name: 'forced-takeover',
    says: 'the only member is gone for good, and a store that happens to have everything is made primary by force',
    *script(sim) {
      yield whole(sim)
      yield* nobodyAsks(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      sim.hosts.a.kill('killed')
      sim.restart('b')
      yield () => state(sim, 'b')?.synced === true
      sim.command('b', { kind: 'forcePrimary' })
      yield after(sim, 3000)
      if (serves(sim, 'b', 's0')()) throw new Broken('I5', 'what lived a moment ago may live still')
      yield after(sim, NEWS_MS)
      sim.command('b', { kind: 'forcePrimary' })
      yield serves(sim, 'b', 's0')
      sim.clients.quiet = false
      yield after(sim, 1000)
      sim.restart('a')
    },
  },
  {
    name: 'registers-rebuilt',
    says: 'two registers come back empty, an origin restarts, and a person has the registers rebuilt',
    *script(sim) {
      for (const dies of ORIGINS) {
        yield whole(sim)
        sim.registers.wipe('a')
        sim.registers.wipe('w')
        yield after(sim, 1000)
        sim.hosts[dies].kill('killed')
        sim.restart(dies)
        const restored = whole(sim)
        yield after(sim, 4000)
        for (let round = 0; round < 10 && !restored(); round++) {
          sim.rebuild('b', false)
          yield after(sim, 2500)
        }
      }
    },
  },
  {
    name: 'rebuilt-after-solo',
    says: 'all registers are lost while one origin is alone; both come back, and the other one is asked to rebuild them',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      yield after(sim, 500)
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.hosts.a.kill('killed')
      sim.restart('a')
      sim.restart('b')
      yield () => state(sim, 'b') !== null && state(sim, 'a') !== null
      for (let round = 0; round < 10 && !whole(sim)(); round++) {
        yield after(sim, 2500)
        sim.rebuild('b', false)
      }
    },
  },
  {
    name: 'restore-begins-again',
    says: 'the pair went on after a backup, in a new epoch; all of it is lost, and the backup is restored',
    *script(sim) {
      yield whole(sim)
      yield* nobodyAsks(sim)
      yield whole(sim)
      const backup = sim.hosts.a.disk.copy()
      const epoch = sim.checker.newest?.record.epoch ?? 0
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      sim.restart('b')
      yield whole(sim)
      sim.clients.quiet = false
      yield after(sim, 3000)
      for (const name of ORIGINS) sim.hosts[name].kill('killed')
      yield* nobodyAsks(sim)
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.restore('a', backup, epoch)
      sim.hosts.b.disk = new Disk()
      sim.clients.beginAgain(valuesIn(backup))
      for (const name of ORIGINS) sim.restart(name)
      yield serves(sim, 'a', 's0')
      sim.clients.quiet = false
      yield after(sim, 2000)
    },
  },
  {
    name: 'restore-beside-live',
    says: 'a backup is restored on one host, and the other origin lives on in the old lineage; only the link is refused',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      yield* nobodyAsks(sim)
      yield whole(sim)
      const backup = sim.hosts.a.disk.copy()
      sim.hosts.a.kill('killed')
      yield decided(sim, 'b')
      // A decision that b has not heard of yet would be lost with the registers, and b could not go on.
      yield serves(sim, 'b', 's0')
      sim.links.refused = true
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.restore('a', backup, sim.checker.newest?.record.epoch ?? 0)
      yield after(sim, 3000)
      sim.restart('a')
      yield after(sim, 4000)
      if (!serves(sim, 'b', 's0')()) throw new Broken('I10', 'a restore put an end to what was served')
    },
  },
  {
    name: 'force-beside-a-connected-peer',
    says: 'the only member lives and is connected, but a firewall keeps it from all registers: nobody may be forced beside it',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      sim.network.unregistered.add('a')
      sim.restart('b')
      yield () => state(sim, 'b')?.synced === true
      yield after(sim, NEWS_MS + 1000)
      sim.network.slowness = 0.7
      sim.network.lateMs = 200
      for (let round = 0; round < 4; round++) {
        sim.command('b', { kind: 'forcePrimary' })
        yield after(sim, 1700)
      }
      sim.network.slowness = 0
      sim.network.unregistered.delete('a')
    },
  },
  {
    name: 'restored-beside-one-cut-off',
    says: 'nobody hears of the only member any more, and a backup is restored; it lives, and ends once it reaches a register',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      yield* nobodyAsks(sim)
      yield whole(sim)
      const backup = sim.hosts.a.disk.copy()
      sim.hosts.a.kill('killed')
      yield decided(sim, 'b')
      sim.links.refused = true
      sim.network.unregistered.add('b')
      yield after(sim, NEWS_MS + 1000)
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.restore('a', backup, sim.checker.newest?.record.epoch ?? 0)
      sim.clients.beginAgain(valuesIn(backup))
      sim.restart('a')
      yield serves(sim, 'a', 's0')
      sim.network.unregistered.delete('b')
      yield after(sim, 4000)
      if (serves(sim, 'b', 's0')()) throw new Broken('I8', 'b serves on in a lineage that is over')
      sim.clients.quiet = false
      sim.links.refused = false
      yield after(sim, 2000)
    },
  },
  {
    name: 'registers-lost-before-solo-is-on-disk',
    says: 'one goes solo, and the registers are lost with it before its own disk has the record; both come back, and they are rebuilt',
    *script(sim) {
      yield whole(sim)
      sim.network.unregistered.add('b')
      sim.cutFor(bothWays('a', 'b'), 9000)
      yield accepting(sim, 'a', 'solo')
      sim.hosts.a.disk.identityMs = 60_000
      yield decided(sim, 'a')
      yield after(sim, 3500)
      for (const name of ORIGINS) sim.hosts[name].kill('killed')
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.hosts.a.disk.identityMs = 0
      sim.network.unregistered.delete('b')
      yield after(sim, 6000)
      for (const name of ORIGINS) sim.restart(name)
      for (let round = 0; round < 10 && !whole(sim)(); round++) {
        yield after(sim, 2500)
        sim.rebuild('b', false)
      }
    },
  },
  {
    name: 'registers-lost-after-handover',
    says: 'a shard was handed over, and the registers are lost with both origins before either disk has the record: the longer log wins',
    *script(sim) {
      yield whole(sim)
      sim.command('a', { kind: 'handover', shard: 's0' })
      yield accepting(sim, 'a', 'handover')
      for (const name of ORIGINS) sim.hosts[name].disk.identityMs = 60_000
      yield serves(sim, 'b', 's0')
      sim.queues.mode = 'silent'
      sim.links.patience = true
      sim.cutFor([['b', 'a']], 5000)
      yield after(sim, 500)
      for (const name of ORIGINS) sim.hosts[name].kill('killed')
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      for (const name of ORIGINS) sim.hosts[name].disk.identityMs = 0
      sim.queues.mode = 'up'
      yield after(sim, 6000)
      for (const name of ORIGINS) sim.restart(name)
      for (let round = 0; round < 10 && !whole(sim)(); round++) {
        yield after(sim, 2500)
        sim.rebuild('b', false)
      }
      if (sim.hosts.b.disk.quarantined.size > 0) throw new Broken('I9', 'what only b had was not completed on a')
    },
  },
  {
    name: 'rebuild-beside-one-cut-off',
    says: 'two registers are lost, and a person has them rebuilt for a returning store alone; the only member lives on behind a cut link',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      yield after(sim, 1000)
      sim.cutFor(bothWays('a', 'b'), 9000)
      sim.registers.wipe('b')
      sim.registers.wipe('w')
      sim.restart('b')
      yield after(sim, 4000)
      sim.rebuild('b', true)
      yield after(sim, 5500)
      for (let round = 0; round < 10 && !whole(sim)(); round++) {
        sim.rebuild('b', false)
        yield after(sim, 2500)
      }
    },
  },
  {
    name: 'resync-beside-the-dead',
    says: 'a person has a copy replaced when the other one has just died: it must go on, for nobody else can',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield after(sim, 50)
      sim.command('a', { kind: 'resync' })
      yield* soon(sim, serves(sim, 'a', 's1'), 5000, 'a goes on alone')
      sim.command('a', { kind: 'resync' })
      yield after(sim, 1000)
      sim.restart('b')
    },
  },
]
