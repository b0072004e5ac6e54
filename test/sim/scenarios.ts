// Schedules that are known to be dangerous, each written down: what must happen, and when. A script yields what it waits for.

import { NEWS_MS, REFUSALS_MAX } from '../../replicator/core/limits.ts'
import type { State } from '../../replicator/core/state.ts'
import { ACCEPTORS } from '../../replicator/register/acceptor.ts'
import { ORIGINS, type OriginName, SHARDS, type ShardName } from '../../router/words.ts'
import { Broken } from './checker.ts'
import { Disk } from './disk.ts'
import type { Sim } from './sim.ts'

/** What is waited for; looked at after every step. */
export type Until = () => boolean

export type Scenario = {
  readonly name: string
  readonly says: string
  /** ends in a state that a person must look at: it is not awaited that the pair becomes whole */
  readonly needsAPerson?: true
  /** nothing fails in it: once whole, nobody takes over and nobody goes solo */
  readonly fair?: true
  readonly script: (sim: Sim) => Generator<Until, void>
}

const state = (sim: Sim, name: OriginName): Readonly<State> | null => sim.hosts[name].running?.replicator.state ?? null
const whole =
  (sim: Sim): Until =>
  () =>
    sim.checker.whyNotWhole() === null
const after = (sim: Sim, ms: number): Until => {
  const at = sim.world.now + ms
  return () => sim.world.now >= at
}
const decided =
  (sim: Sim, members: string): Until =>
  () =>
    [...(sim.checker.newest?.record.members ?? [])]
      .map(member => member.name)
      .sort()
      .join('') === members
const alone =
  (sim: Sim): Until =>
  () =>
    sim.checker.newest?.record.members.length === 1
const serves =
  (sim: Sim, name: OriginName, shard: ShardName): Until =>
  () =>
    sim.checker.isServed(name, shard)
/** That origin has sent its accepts for such a record, and does not know what became of them. */
const accepting =
  (sim: Sim, name: OriginName, why: string): Until =>
  () => {
    const known = state(sim, name)
    return known?.proposal?.why === why && known.proposer.committedTo
  }
const bothWays = (x: 'a' | 'b' | 'w', y: 'a' | 'b' | 'w'): ['a' | 'b' | 'w', 'a' | 'b' | 'w'][] => [
  [x, y],
  [y, x],
]

/** I10 in small: it comes true in time. */
function* soon(sim: Sim, condition: Until, ms: number, what: string): Generator<Until, void> {
  const late = after(sim, ms)
  yield () => condition() || late()
  if (!condition()) throw new Broken('I10', `not within ${ms} ms: ${what}`)
}

/** Back home, whatever was sent away by hand. */
function* settled(sim: Sim): Generator<Until, void> {
  while (!whole(sim)()) {
    sim.sendHome()
    yield after(sim, 300)
  }
}

/** The primary of s0 has entries that nobody else saw but the queue, which keeps them until it reigns again. */
function* lateJobs(sim: Sim, dies: boolean): Generator<Until, void> {
  yield whole(sim)
  // The queue lane is in use only after a probe came through.
  yield () => state(sim, 'a')?.shards.s0.sender.lane === 'queue'
  sim.queues.holds = true
  sim.cutFor(bothWays('a', 'b'), 2500)
  sim.cutFor(bothWays('a', 'w'), 2500)
  const before = state(sim, 'a')?.shards.s0.last.index ?? 0
  const late = after(sim, 900)
  yield () => (state(sim, 'a')?.shards.s0.last.index ?? 0) > before || late()
  sim.clients.quiet = true
  if (dies) sim.hosts.a.kill('killed')
  yield decided(sim, 'b')
  if (dies) sim.restart('a')
  yield whole(sim)
  sim.queues.release()
  yield after(sim, 50)
  sim.clients.quiet = false
  yield after(sim, 1000)
}

/** The next entry but one of s0 is one that b never takes; ends when b has given up on it. */
function* poisoned(sim: Sim): Generator<Until, void> {
  const index = (state(sim, 'a')?.shards.s0.last.index ?? 0) + 2
  const poison = { shard: 's0', index, refused: 0 } as const satisfies Disk['poison']
  sim.hosts.b.disk.poison = poison
  yield () => (state(sim, 'b')?.identity.drifted.length ?? 0) > 0
  if (poison.refused > REFUSALS_MAX) throw new Broken('I10', `an entry was tried ${poison.refused} times`)
  yield* soon(sim, serves(sim, 'a', 's0'), 3000, 'a goes on alone')
}

/** Everybody has an answer, or has given up, and asks nothing more until `quiet` ends. */
function* nobodyAsks(sim: Sim): Generator<Until, void> {
  sim.clients.quiet = true
  yield () => sim.clients.pending === 0
  // What was late has arrived.
  yield after(sim, 3000)
}

/** The documents of a backup, as text. */
function valuesIn({ shards }: Disk): ReadonlyMap<string, string> {
  const rows = SHARDS.flatMap(shard => [...shards[shard].rows.values()]).filter(row => row.key.includes('/'))
  return new Map(rows.map(row => [row.key, new TextDecoder().decode(row.body)]))
}

export const SCENARIOS: readonly Scenario[] = [
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
    name: 'stands-and-goes-on',
    says: 'a standby stands, hears nothing of it, and the link comes back',
    *script(sim) {
      yield whole(sim)
      sim.cutFor(
        [
          ['a', 'b'],
          ['b', 'a'],
          ['a', 'w'],
          ['w', 'b'],
        ],
        2200,
      )
      yield after(sim, 5000)
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
    name: 'two-registers-wiped',
    says: 'two of three registers come back empty: what is served goes on, nothing new is decided, a person must look',
    needsAPerson: true,
    *script(sim) {
      yield whole(sim)
      sim.registers.wipe('a')
      sim.registers.wipe('w')
      yield after(sim, 3000)
      const epoch = sim.checker.newest?.record.epoch
      if (!serves(sim, 'a', 's0')() || !serves(sim, 'b', 's1')()) throw new Error('the pair must go on serving')
      sim.hosts.a.kill('killed')
      sim.restart('a')
      yield after(sim, 5000)
      if (sim.checker.newest?.record.epoch !== epoch) throw new Error('an empty majority must decide nothing')
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
      if (serves(sim, 'a', 's0')()) throw new Error('nothing may be served')
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
    name: 'drift',
    says: 'the rows of a standby rot; it finds out, cannot say so to the registers, and its primary dies',
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
    script: sim => lateJobs(sim, true),
  },
  {
    name: 'late-job-of-an-earlier-reign',
    says: 'the same, and it is the same process that reigns again',
    script: sim => lateJobs(sim, false),
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
    name: 'wakes-to-old-grants',
    says: 'a primary is stopped just after its beat, and finds the answers when it wakes, long after they were given',
    *script(sim) {
      for (let round = 0; round < 8; round++) {
        yield* settled(sim)
        yield after(sim, sim.world.random.between(0, 300))
        sim.links.patience = true
        sim.hosts.a.running?.life.pause(2600)
        yield after(sim, 3500)
      }
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
      if (serves(sim, 'b', 's0')()) throw new Error('what lived a moment ago may live still')
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
      sim.links.refused = true
      for (const name of ACCEPTORS) sim.registers.wipe(name)
      sim.restore('a', backup, sim.checker.newest?.record.epoch ?? 0)
      yield after(sim, 3000)
      sim.restart('a')
      yield after(sim, 4000)
      if (!serves(sim, 'b', 's0')()) throw new Broken('I10', 'a restore put an end to what was served')
    },
  },
]
