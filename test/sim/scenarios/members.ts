// Who is a member: adding, wiped and older stores, restarts, and changes by agreement.
import { accepting, after, bothWays, decided, type Scenario, serves, settled, soon, state, whole } from './script.ts'

export const MEMBERS: readonly Scenario[] = [
  {
    name: 'added-while-alone',
    says: 'the other store is being added, the decision does not come back, and the primary goes on',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      yield after(sim, 500)
      sim.restart('b')
      yield accepting(sim, 'a', 'add')
      sim.cutFor([...bothWays('a', 'b'), ['w', 'a']], 3000)
      yield after(sim, 2500)
      sim.hosts.a.kill('killed')
      yield after(sim, 4000)
      sim.restart('a')
    },
  },
  {
    name: 'restarts-within-grace',
    says: 'a primary is back before anybody misses it, with a tentative entry that its standby never had',
    *script(sim) {
      yield whole(sim)
      sim.queues.mode = 'silent'
      sim.cutFor([['a', 'b']], 900)
      yield after(sim, 300)
      sim.hosts.a.kill('killed')
      sim.restart('a')
      yield after(sim, 300)
      sim.queues.mode = 'up'
      yield after(sim, 3000)
    },
  },
  {
    name: 'standby-has-more',
    says: 'both restart; what was committed on both is longer on one of them by entries that the other never had',
    *script(sim) {
      yield whole(sim)
      sim.queues.mode = 'silent'
      sim.cutFor([['a', 'b']], 700)
      yield after(sim, 400)
      sim.hosts.a.kill('killed')
      sim.hosts.b.kill('killed')
      sim.queues.mode = 'up'
      sim.restart('b')
      yield after(sim, 400)
      sim.restart('a')
      yield after(sim, 3000)
    },
  },
  {
    name: 'wiped-under-its-name',
    says: 'the disk of a member is lost; it comes back empty at once under the same name',
    *script(sim) {
      yield whole(sim)
      sim.replaceDisk('b', null, 10)
      yield after(sim, 5000)
    },
  },
  {
    name: 'wiped-and-primary-dies',
    says: 'a wiped store comes back under the name of a member, and the primary dies',
    *script(sim) {
      yield whole(sim)
      sim.replaceDisk('b', null, 10)
      yield () => state(sim, 'b')?.synced === true
      yield after(sim, 300)
      sim.hosts.a.kill('killed')
      yield after(sim, 4000)
      sim.restart('a')
    },
  },
  {
    name: 'older-copy-restored',
    says: 'a member comes back with an older copy of its directory, and its peer dies',
    *script(sim) {
      yield whole(sim)
      const copy = sim.hosts.b.disk.copy()
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      sim.restart('b')
      yield whole(sim)
      yield after(sim, 1000)
      sim.replaceDisk('b', copy, 10)
      yield () => state(sim, 'b')?.synced === true
      yield after(sim, 100)
      sim.hosts.a.kill('killed')
      yield after(sim, 4000)
      sim.restart('a')
    },
  },
  {
    name: 'volume-not-mounted',
    says: 'a member starts on an empty directory, goes on as another store, then gets its own back, and the primary dies',
    *script(sim) {
      yield whole(sim)
      const { disk } = sim.hosts.b
      sim.replaceDisk('b', null, 10)
      yield () => state(sim, 'a')?.peer?.hello?.synced === true && state(sim, 'b')?.synced === true
      yield after(sim, 150)
      sim.hosts.a.kill('killed')
      sim.hosts.b.kill('killed')
      sim.hosts.b.disk = disk
      sim.restart('b')
      yield after(sim, 4000)
      sim.restart('a')
    },
  },
  {
    name: 'sleeps-while-adding',
    says: 'the only member asks to add the other, and is stopped before it hears that this was decided',
    *script(sim) {
      yield whole(sim)
      sim.hosts.b.kill('killed')
      yield decided(sim, 'a')
      sim.restart('b')
      yield accepting(sim, 'a', 'add')
      sim.hosts.a.running?.life.pause(2700)
      yield after(sim, 4000)
    },
  },
  {
    name: 'leaves-beside-one-that-returns',
    says: 'one is asked to stop when the other has just died, and its last requests wait for the shard of that one, which is back at once',
    *script(sim) {
      yield whole(sim)
      sim.hosts.a.kill('killed')
      yield () => state(sim, 'b')?.peer === null
      sim.leave('b', 100, 8000)
      yield after(sim, 200)
      sim.restart('a')
      yield* soon(sim, serves(sim, 'a', 's0'), 3000, 'a serves its half beside b, which stops')
      yield after(sim, 13_000)
    },
  },
  {
    name: 'handover-under-load',
    says: 'shards change hands again and again while clients write, and no request fails',
    fair: true,
    *script(sim) {
      for (let round = 0; round < 6; round++) {
        yield* settled(sim)
        sim.network.slowness = 0.4
        sim.network.lateMs = 50
        sim.command('a', { kind: 'handover', shard: 's0' })
        yield after(sim, 700)
      }
    },
  },
  {
    name: 'handover-answer-lost',
    says: 'a handover is decided, and the one that hands over never hears of it',
    *script(sim) {
      yield whole(sim)
      sim.command('a', { kind: 'handover', shard: 's0' })
      yield accepting(sim, 'a', 'handover')
      sim.cutFor([...bothWays('a', 'b'), ['w', 'a']], 3000)
      yield after(sim, 4000)
    },
  },
  {
    name: 'sent-away-by-hand',
    says: 'both shards are on one origin by hand: the other is a standby for a long time, and leaves it at that',
    fair: true,
    *script(sim) {
      yield whole(sim)
      yield after(sim, 3000)
      sim.command('a', { kind: 'handover', shard: 's0' })
      yield serves(sim, 'b', 's0')
      yield after(sim, 6000)
    },
  },
  {
    name: 'handover-during-a-write',
    says: 'a shard is handed over while its disk is busy with a write: that one gets its answer first',
    fair: true,
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield* settled(sim)
        sim.hosts.a.disk.slowness = 1
        sim.hosts.a.disk.slowMs = 300
        sim.hosts.a.disk.fastIdentity = true
        yield after(sim, 100)
        sim.command('a', { kind: 'handover', shard: 's0' })
        yield serves(sim, 'b', 's0')
        sim.hosts.a.disk.slowness = 0
      }
    },
  },
  {
    name: 'leaves-with-an-orphan',
    says: 'an origin that has just restarted is asked to stop before anybody reigns over its shard again',
    *script(sim) {
      for (let round = 0; round < 3; round++) {
        yield* settled(sim)
        sim.command('b', { kind: 'handover', shard: 's1' })
        yield serves(sim, 'a', 's1')
        sim.hosts.a.kill('killed')
        sim.restart('a')
        yield () => state(sim, 'a')?.synced === true
        sim.leave('a', 300, 300)
        yield after(sim, 6000)
      }
    },
  },
  {
    name: 'leaves-one-that-just-died',
    says: 'an origin dies and its disk is lost; the other one is told to stop before it noticed, and must not leave it the pair',
    *script(sim) {
      yield whole(sim)
      sim.replaceDisk('a', null, 1500)
      sim.leave('b', 300, 0)
      yield after(sim, 8000)
    },
  },
  {
    name: 'leaves-with-nothing',
    says: 'an origin that was drained is told to stop: nothing has to move, and nobody waits for what it would have acknowledged',
    *script(sim) {
      yield whole(sim)
      sim.command('b', { kind: 'drain' })
      yield serves(sim, 'a', 's1')
      yield after(sim, 3000)
      sim.leave('b', 300, 3000)
      yield* soon(sim, decided(sim, 'a'), 500, 'b has left the pair to a')
      yield after(sim, 10_000)
      sim.command('b', { kind: 'ready' })
    },
  },
  {
    name: 'told-to-stop-before-the-first-boot',
    says: 'b is told to stop before the pair began, and drains for a while',
    fair: true,
    *script(sim) {
      sim.registers.down.add('w')
      yield () => sim.hosts.b.running !== null
      yield after(sim, 1000)
      sim.leave('b', 300, 3000)
      yield after(sim, 500)
      sim.registers.down.delete('w')
      yield whole(sim)
      yield after(sim, 3000)
    },
  },
  {
    name: 'added-before-it-knows',
    says: 'the only member restarts and is slow to write down its record: until then it does not know what it committed before; the other one returns, far behind',
    *script(sim) {
      yield whole(sim)
      sim.hosts.a.kill('killed')
      yield decided(sim, 'b')
      yield after(sim, 1500)
      sim.hosts.b.kill('killed')
      sim.hosts.b.disk.identityMs = 1500
      sim.restart('b')
      const reigns = () => state(sim, 'b')?.record?.why === 'restart'
      const late = after(sim, 20_000)
      yield () => reigns() || late()
      sim.restart('a')
      const compared = () => state(sim, 'b')?.shards.s0.sender.live === true
      yield () => compared() || late()
      sim.hosts.a.disk.fastIdentity = true
      sim.hosts.a.disk.slowness = 1
      sim.hosts.a.disk.slowMs = 20_000
      yield after(sim, 6000)
      sim.hosts.b.disk.identityMs = 0
      sim.hosts.a.disk.slowness = 0
    },
  },
]
