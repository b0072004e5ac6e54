// Who serves when somebody is gone, asleep or cut off: leases, promises, and those who stand.
import { ORIGINS, SHARDS } from '../../../router/words.ts'
import { accepting, after, bothWays, decided, type Scenario, serves, settled, state, whole } from './script.ts'

export const TAKEOVERS: readonly Scenario[] = [
  {
    name: 'late-request',
    says: 'a write that a cut network swallowed, and that was sent again elsewhere, arrives when its primary reigns anew',
    *script(sim) {
      yield whole(sim)
      sim.clients.holdsSwallowed = true
      sim.cutFor(bothWays('a', 'b'), 2500)
      sim.cutFor(bothWays('a', 'w'), 2500)
      yield decided(sim, 'b')
      yield* settled(sim)
      sim.clients.holdsSwallowed = false
      yield after(sim, 1500)
    },
  },
  {
    name: 'stands-and-goes-on',
    says: 'a standby stands and wins, hears nothing of it, and the link comes back',
    *script(sim) {
      yield whole(sim)
      sim.network.unregistered.add('a')
      sim.cutFor(bothWays('a', 'b'), 2200)
      yield accepting(sim, 'b', 'solo')
      sim.cutFor([['w', 'b']], 4000)
      yield after(sim, 5000)
      sim.network.unregistered.delete('a')
    },
  },
  {
    name: 'forgets-its-promise',
    says: 'a standby restarts right after a grant, and its primary can be reached by nobody',
    *script(sim) {
      yield whole(sim)
      sim.cutFor([...bothWays('a', 'b'), ...bothWays('a', 'w')], 4000)
      sim.hosts.b.kill('killed')
      sim.restart('b')
      yield after(sim, 3500)
    },
  },
  {
    name: 'late-grant',
    says: 'a grant waits in the network longer than the promise that it stands for',
    *script(sim) {
      yield whole(sim)
      sim.links.patience = true
      sim.cutFor([['b', 'a'], ...bothWays('a', 'w')], 1700)
      yield after(sim, 4000)
    },
  },
  {
    name: 'link-cut',
    says: 'only the link is cut, and both see the witness',
    *script(sim) {
      yield whole(sim)
      sim.cutFor(bothWays('a', 'b'), 4000)
      yield after(sim, 5000)
    },
  },
  {
    name: 'primary-sleeps',
    says: 'a primary is stopped for longer than the grace, again and again, in the middle of what it does',
    *script(sim) {
      for (let round = 0; round < 4; round++) {
        yield whole(sim)
        const life = sim.hosts.a.running?.life
        if (life !== undefined) life.doom = { calls: sim.world.random.int(1, 80), pauseMs: 2500 }
        yield after(sim, 4000)
      }
    },
  },
  {
    name: 'own-disk-is-slow',
    says: 'a standby has entries, and has acknowledged them, before the disk of their primary has; the primary dies, and is back at once',
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield whole(sim)
        sim.hosts.a.disk.slowness = 1
        sim.hosts.a.disk.slowMs = 300
        yield after(sim, sim.world.random.between(400, 900))
        sim.hosts.a.kill('killed')
        sim.hosts.a.disk.slowness = 0
        yield after(sim, sim.world.random.between(50, 2500))
        sim.restart('a')
        yield after(sim, 1000)
      }
    },
  },
  {
    name: 'tentative-refusal',
    says: 'a write that only the primary has vanishes with it; nobody may have seen it, not even through a refusal',
    *script(sim) {
      yield whole(sim)
      sim.queues.mode = 'silent'
      sim.links.patience = true
      sim.cutFor([['a', 'b']], 3500)
      yield after(sim, 700)
      sim.hosts.a.kill('killed')
      sim.queues.mode = 'up'
      yield decided(sim, 'b')
      yield after(sim, 500)
      sim.restart('a')
    },
  },
  {
    name: 'half-completed',
    says: 'both restart; the primary has an entry more, which its standby cannot take, and dies; nobody may have read it',
    *script(sim) {
      yield whole(sim)
      sim.clients.quiet = true
      yield after(sim, 300)
      sim.queues.mode = 'silent'
      sim.links.patience = true
      sim.cutFor([['a', 'b']], 900)
      const before = state(sim, 'a')?.shards.s0.last.index ?? 0
      sim.clients.only = 'put'
      sim.clients.ask('once', 's0', 's0/k1', () => {})
      yield () => (state(sim, 'a')?.shards.s0.last.index ?? 0) > before
      for (const name of ORIGINS) sim.hosts[name].kill('killed')
      sim.queues.mode = 'up'
      sim.links.patience = false
      yield after(sim, 900)
      for (const name of ORIGINS) sim.restart(name)
      yield () => (state(sim, 'a')?.shards.s0.reign ?? null) !== null
      // A disk that fills up would be told of, and b would leave at once.
      sim.hosts.b.disk.slowness = 1
      sim.hosts.b.disk.slowMs = 20_000
      yield () => (state(sim, 'a')?.shards.s0.reign?.start ?? null) !== null
      sim.clients.only = 'get'
      sim.clients.quiet = false
      // Once it may have a lease, and before it records itself alone.
      yield after(sim, sim.world.random.between(150, 350))
      sim.hosts.a.kill('killed')
      sim.hosts.b.disk.slowness = 0
      const late = after(sim, 20_000)
      yield () => decided(sim, 'b')() || late()
      yield after(sim, 1000)
      sim.clients.only = null
      sim.restart('a')
    },
  },
  {
    name: 'wakes-to-old-grants',
    says: 'a primary is stopped just after its beat, and finds the answers when it wakes, long after they were given',
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield* settled(sim)
        sim.links.patience = true
        const beat = state(sim, 'a')?.lease.seq ?? 0
        yield () => (state(sim, 'a')?.lease.seq ?? 0) > beat
        sim.hosts.a.running?.life.pause(2600)
        yield after(sim, 3500)
      }
    },
  },
  {
    name: 'slow-return',
    says: 'a member that was stopped wakes as a new one is being added in its place',
    *script(sim) {
      for (let round = 0; round < 4; round++) {
        yield* settled(sim)
        sim.hosts.b.running?.life.pause(sim.world.random.between(1200, 2600))
        yield after(sim, sim.world.random.between(900, 2600))
        sim.hosts.a.kill('killed')
        sim.restart('a')
        yield after(sim, 2500)
      }
    },
  },
  {
    name: 'both-lives-short',
    says: 'both origins are killed again and again while entries and rounds of the register are under way',
    *script(sim) {
      for (let round = 0; round < 10; round++) {
        for (const name of ORIGINS) {
          const life = sim.hosts[name].running?.life
          if (life !== undefined) life.doom = { calls: sim.world.random.int(1, 400), pauseMs: null }
        }
        yield after(sim, sim.world.random.between(200, 1500))
        for (const name of ORIGINS) if (sim.hosts[name].running === null) sim.restart(name)
      }
    },
  },
  {
    name: 'standby-disk-hangs',
    says: 'the disk of one hangs while its heart beats: the other goes solo, and the first does not hear of it',
    *script(sim) {
      yield whole(sim)
      sim.hosts.a.disk.slowness = 1
      sim.hosts.a.disk.slowMs = 4000
      yield accepting(sim, 'b', 'solo')
      sim.cutFor([...bothWays('a', 'b'), ...bothWays('a', 'w')], 2500)
      yield after(sim, 1500)
      sim.hosts.a.disk.slowness = 0
      yield after(sim, 2000)
    },
  },
  {
    name: 'late-entry-for-one-that-stands',
    says: 'the last entry of one that is cut off while it leaves reaches the other one when that has won, and does not know it yet',
    *script(sim) {
      yield whole(sim)
      yield () => state(sim, 'a')?.shards.s0.sender.lane === 'queue'
      sim.links.patience = true
      sim.queues.holds = true
      sim.cutFor([['a', 'b']], 5000)
      const before = state(sim, 'a')?.shards.s0.last.index ?? 0
      const late = after(sim, 900)
      yield () => (state(sim, 'a')?.shards.s0.last.index ?? 0) > before || late()
      // Who leaves does not go solo any more.
      sim.command('a', { kind: 'leave' })
      const stands = accepting(sim, 'b', 'solo')
      const never = after(sim, 8000)
      yield () => stands() || never()
      // In one run of a hundred it had left by agreement already.
      if (!stands()) return
      sim.cutFor([['w', 'b']], 3500)
      yield decided(sim, 'b')
      sim.queues.release()
      yield after(sim, 1000)
      sim.hosts.a.kill('killed')
      yield after(sim, 3000)
      sim.restart('a')
    },
  },
  {
    name: 'sleeps-before-the-row',
    says: 'a primary is stopped between its gate and the row that it reads, for longer than the grace',
    *script(sim) {
      for (let round = 0; round < 2; round++) {
        yield whole(sim)
        const life = sim.hosts.a.running?.life
        if (life !== undefined) life.rowPauseMs = 2500
        yield after(sim, 4000)
      }
    },
  },
  {
    name: 'everything-handed-over',
    says: 'who was primary of both shards is drained: it promised nobody anything, and must not take over at once',
    fair: true,
    *script(sim) {
      yield whole(sim)
      sim.command('a', { kind: 'handover', shard: 's0' })
      yield serves(sim, 'b', 's0')
      yield after(sim, 3000)
      sim.command('b', { kind: 'drain' })
      yield () => SHARDS.every(shard => serves(sim, 'a', shard)())
      yield after(sim, 3000)
    },
  },
  {
    name: 'handed-over-to-one-cut-off',
    says: 'a shard is handed over and the link is cut at that moment; who got it goes on alone, and finds the other in the same life',
    *script(sim) {
      yield whole(sim)
      sim.command('a', { kind: 'handover', shard: 's0' })
      const sent = accepting(sim, 'a', 'handover')
      const done = serves(sim, 'b', 's0')
      yield () => sent() || done()
      sim.cutFor(bothWays('a', 'b'), 4000)
      // decided with the witness, which a then loses as well
      yield after(sim, 20)
      sim.cutFor(bothWays('a', 'w'), 4000)
      yield after(sim, 5000)
    },
  },
]
