// The whole simulated service: two hosts, network, link, queue, registers, clients and the checker, in one world.
import type { OperatorCommand } from '../../replicator/core/events.ts'
import type { Timing } from '../../replicator/core/limits.ts'
import { knowledgeOf } from '../../replicator/core/rebuild.ts'
import { restoredIdentity } from '../../replicator/identity.ts'
import { ACCEPTORS } from '../../replicator/register/acceptor.ts'
import { ORIGINS, type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'
import { Broken } from './broken.ts'
import { Checker } from './checker.ts'
import { Clients } from './clients.ts'
import { Disk } from './disk.ts'
import { Host, type Surroundings } from './host.ts'
import { Links } from './link.ts'
import { type Host as Machine, Network } from './network.ts'
import { Queues } from './queue.ts'
import { Registers } from './registers.ts'
import { snapshotFiles } from './store.ts'
import { World } from './world.ts'

/** Production's, but for the time that a peer must be stable: runs are short. */
const TIMING: Timing = { heartbeatMs: 200, leaseMs: 1000, graceMs: 1300, stableMs: 600 }

/** @param dice in [0, 1) */
const readsOf = (dice: number): Surroundings['reads'] => (dice < 0.25 ? 'confirm' : dice < 0.6 ? 'both' : 'lease')

export class Sim {
  readonly #around: Surroundings
  readonly world: World
  readonly network: Network
  readonly links: Links
  readonly queues: Queues
  readonly registers: Registers
  readonly hosts: Readonly<Record<OriginName, Host>>
  readonly clients: Clients
  readonly checker: Checker
  readonly transfer = { ms: 200, under: 0 }
  finished = false
  /** a script looks whether it may go on */
  onStep: () => void = () => {}
  /** it ends where a person must look: the copies need not be equal */
  mayDiffer = false
  /** from then on a restart is for good, and everything heals */
  calm = false

  constructor(seed: number) {
    this.world = new World(seed)
    this.network = new Network(this.world.random.fork())
    this.links = new Links(this.world, this.network)
    this.queues = new Queues(this.world, this.network)
    this.registers = new Registers(this.world, this.network)
    this.#around = {
      world: this.world,
      network: this.network,
      links: this.links,
      queues: this.queues,
      registers: this.registers,
      files: snapshotFiles(),
      timing: TIMING,
      logKept: this.world.random.pick([10, 60, 10_000]),
      reads: readsOf(this.world.random.unit()),
      transfer: this.transfer,
      onFatal: (host, why, cause) => {
        const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
        this.failed = cause instanceof Broken ? cause : new Broken('fatal', `${host.name}: ${why}: ${detail}`)
      },
      onMade: (host, shard, entry) => this.#look(() => this.checker.onMade(host, shard, entry)),
      onDurable: (host, shard, what) => this.#look(() => this.checker.onDurable(host, shard, what)),
      onTaken: (host, shard, entries) => this.#look(() => this.checker.entries.taken(host, shard, entries)),
      onOutdated: (host, shard, epoch, known) => {
        this.failed ??= new Broken('I1', `${host.name} begins to write ${shard} in epoch ${epoch}, and knows ${known}`)
      },
    }
    this.hosts = { a: new Host('a', this.#around), b: new Host('b', this.#around) }
    this.clients = new Clients(this.world, this.hosts, this.network)
    this.checker = new Checker(this.world, this.hosts, this.clients)
    this.clients.onSpared = (by, shard, answer) => this.checker.withinReadLease(by, shard, answer)
    this.clients.onAnswer = (by, answer) => {
      // A read that the standby confirmed needs no clock.
      if (this.#around.reads !== 'confirm') this.checker.withinLease(by, answer)
    }
    this.network.onChange = () => this.links.changed()
    this.registers.onChosen = (value, ballot) => this.checker.onChosen(value, ballot)
  }

  /** To be said before anybody starts. */
  set reads(reads: Surroundings['reads']) {
    this.#around.reads = reads
  }

  /** what production code swallowed on its way to us */
  failed: Broken | null = null

  /** In the middle of production code, which takes some errors for those of a disk. */
  #look(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      this.failed ??= error
    }
  }

  startAll(): void {
    for (const name of ORIGINS) this.world.after(this.world.random.between(0, 400), () => this.hosts[name].start())
  }

  /** A supervisor starts it again. */
  restart(name: OriginName): void {
    const { running } = this.hosts[name]
    // A kill that has not fallen yet: it will, at the latest now.
    if (running !== null && running.life.doom?.pauseMs === null) this.hosts[name].kill('killed at last')
    this.hosts[name].start()
  }

  /** Those ways are shut for a while. */
  cutFor(ways: readonly (readonly [Machine, Machine])[], ms: number): void {
    for (const [from, to] of ways) this.network.cut(from, to)
    this.world.story.tell('network', () => `cut: ${this.network.describe()}`)
    this.world.after(ms, () => {
      for (const [from, to] of ways) this.network.mend(from, to)
      this.world.story.tell('network', () => `cut: ${this.network.describe()}`)
    })
  }

  command(name: OriginName, command: OperatorCommand): void {
    const { running } = this.hosts[name]
    if (running === null) return
    this.world.at(this.world.now, running.life, () => {
      this.world.story.tell(name, () => `is told: ${JSON.stringify(command)}`)
      void running.replicator.command(command).then(reply => {
        this.world.story.tell(name, () => `answers: ${JSON.stringify(reply)}`)
      })
    })
  }

  /** SIGTERM: hands over, lets its last requests end for `drainMs`, then ends; a new life begins later. */
  leave(name: OriginName, awayMs: number, drainMs: number): void {
    const { running } = this.hosts[name]
    if (running === null) return
    this.world.at(this.world.now, running.life, () => {
      this.world.story.tell(name, () => 'is asked to leave')
      void running.replicator.command({ kind: 'leave' }).then(reply => {
        this.world.story.tell(name, () => `leaves: ${JSON.stringify(reply)}`)
        running.life.later(drainMs, () => running.life.end('left'))
      })
    })
    this.world.after(4000 + drainMs, () => {
      running.life.end('told to leave, and took too long')
    })
    this.world.after(4000 + drainMs + awayMs, () => this.restart(name))
  }

  /** The data directory is gone, or an older copy is in its place. */
  replaceDisk(name: OriginName, older: Disk | null, awayMs: number): void {
    const host = this.hosts[name]
    host.kill(older === null ? 'its disk is lost' : 'its disk is replaced by an older copy')
    host.disk = older ?? new Disk()
    host.disk.rolledBack = older !== null
    const { identity } = host.disk
    // A copy of the present life can be told only by its place (origin/host/place.ts): it starts as a new store. What puts back
    // the very file system of the present life is a limit that ARCHITECTURE.md states.
    const seen = this.checker.newest?.boots[name]
    if (identity !== null && seen !== undefined && identity.incarnations.includes(seen))
      host.disk.identity = { ...identity, store: `${identity.store}-copy` }
    this.world.after(awayMs, () => this.restart(name))
  }

  /** A person asks for the registers to be rebuilt; the two origins tell each other over the private network. */
  rebuild(name: OriginName, peerIsOff: boolean): void {
    const { running } = this.hosts[peerOf(name)]
    const peer = peerIsOff || running === null ? null : knowledgeOf(running.replicator.state)
    if (peer !== null || peerIsOff) this.command(name, { kind: 'rebuildRegisters', peer })
  }

  /** Another disk, with what this backup holds, as `tandem restore` makes it. */
  restore(name: OriginName, backup: Disk, epoch: number): void {
    const disk = backup.copy()
    const lasts = SHARDS.map(shard => disk.shards[shard].last.epoch)
    disk.identity = restoredIdentity(name, `restored-${name}`, backup.identity?.lineage ?? '', [epoch, ...lasts])
    for (const shard of SHARDS) disk.shards[shard].undo.clear()
    this.hosts[name].disk = disk
    this.world.story.tell(name, () => 'is restored from a backup')
  }

  /** All faults end now. */
  heal(): void {
    this.calm = true
    this.world.story.tell('faults', () => 'all end')
    this.network.slowness = 0
    this.transfer.ms = 200
    this.network.mendAll()
    this.queues.mode = 'up'
    this.queues.trouble = 0
    this.queues.sentinels.heal()
    this.registers.trouble = 0
    for (const name of ACCEPTORS) this.registers.down.delete(name)
    for (const name of ORIGINS) {
      const host = this.hosts[name]
      host.disk.full = false
      host.disk.slowness = 0
      host.disk.identityMs = 0
      if (host.running !== null) host.running.life.doom = null
      this.restart(name)
    }
  }

  /** Bits flip in rows that origin `name` holds: how many rows. */
  rot(name: OriginName, shard: ShardName): number {
    const { rows } = this.hosts[name].disk.shards[shard]
    if (rows.size < 2) return rows.size
    for (const [key, row] of rows) rows.set(key, { ...row, body: new TextEncoder().encode('rot') })
    this.world.story.tell(name, () => `${rows.size} rows of ${shard} rot`)
    return rows.size
  }

  /** What a person sent away from home, or drained, a person sends back. */
  sendHome(): void {
    for (const name of ORIGINS) {
      const state = this.hosts[name].running?.replicator.state
      if (state?.identity.drained) this.command(name, { kind: 'ready' })
      for (const shard of SHARDS) {
        const reign = state?.record?.primaries[shard]
        if (reign?.pinned && reign.name === name && state?.shards[shard].reign !== null)
          this.command(name, { kind: 'handover', shard })
      }
    }
  }
}
