// One of the two hosts: a disk, a clock, and the production replicator and gate over simulated parts, one life after another.
import { GuardedDocuments, type ReadRow } from '../../origin/documents.ts'
import { Expiry } from '../../origin/expiry.ts'
import { StandbyReads } from '../../origin/standbyreads.ts'
import { HostWhereabouts } from '../../origin/whereabouts.ts'
import type { Timing } from '../../replicator/core/limits.ts'
import type { Identity, IdentityFile } from '../../replicator/identity.ts'
import type { Log } from '../../replicator/log.ts'
import { Replicator } from '../../replicator/replicator.ts'
import type { LoggedEntry, SnapshotFile, WriteResult } from '../../replicator/store/shardstore.ts'
import { type OriginName, peerOf, type ShardName } from '../../router/words.ts'
import { Disk, type ShardDisk } from './disk.ts'
import { Life } from './life.ts'
import type { Links } from './link.ts'
import type { Network } from './network.ts'
import type { Queues } from './queue.ts'
import type { Random } from './random.ts'
import type { Registers } from './registers.ts'
import { ModelStore } from './store.ts'
import type { World } from './world.ts'

export type Running = {
  readonly life: Life
  readonly replicator: Replicator
  readonly documents: GuardedDocuments
  readonly standby: StandbyReads
  readonly whereabouts: HostWhereabouts
  readonly stores: Readonly<Record<ShardName, ModelStore>>
}

/** What all hosts share. */
export type Surroundings = {
  readonly world: World
  readonly network: Network
  readonly links: Links
  readonly queues: Queues
  readonly registers: Registers
  readonly files: Map<string, ShardDisk>
  readonly timing: Timing
  readonly logKept: number
  reads: 'lease' | 'confirm' | 'both'
  /** how long a snapshot takes from host to host, and how many were begun */
  readonly transfer: { ms: number; under: number }
  readonly onFatal: (host: Host, why: string, cause: unknown) => void
  readonly onMade: (host: Host, shard: ShardName, entry: LoggedEntry) => void
  readonly onDurable: (host: Host, shard: ShardName, what: 'write' | 'apply' | 'undo' | 'install') => void
  /** a standby gives entries to its disk */
  readonly onTaken: (host: Host, shard: ShardName, entries: readonly Uint8Array[]) => void
  /** an entry of this epoch is on a disk that was given it when a newer one was known */
  readonly onOutdated: (host: Host, shard: ShardName, epoch: number, known: number) => void
}

/** Incarnations of one data directory that are remembered: as origin/host/identity.ts has it. */
const INCARNATIONS_MAX = 1000

export class Host {
  readonly name: OriginName
  readonly #around: Surroundings
  readonly #random: Random
  readonly #clock: { readonly rate: number; readonly offset: number }
  #lives = 0
  disk = new Disk()
  running: Running | null = null
  #starting: Life | null = null

  constructor(name: OriginName, around: Surroundings) {
    this.name = name
    this.#around = around
    this.#random = around.world.random.fork()
    this.#clock = { rate: this.#random.between(0.97, 1.03), offset: this.#random.between(0, 1e6) }
  }

  get up(): boolean {
    return this.running?.life.alive === true || this.#starting?.alive === true
  }

  /** As origin/origin.ts does: the identity first, with this incarnation in it, then the databases, then the rest. */
  start(): void {
    if (this.up) return
    const { world } = this.#around
    const incarnation = `${this.name}${++this.#lives}`
    const life = new Life(this.name, incarnation, world, this.#clock, why => this.#ended(life, why))
    const { disk } = this
    const known = disk.identity
    const identity: Identity =
      known === null
        ? {
            format: 1,
            name: this.name,
            store: this.#newId('store'),
            lineage: null,
            incarnations: [incarnation],
            ballotCounter: 0,
            intent: null,
            epoch: 0,
            record: null,
            restored: null,
            drifted: [],
            drained: false,
          }
        : { ...known, incarnations: [...known.incarnations, incarnation].slice(-INCARNATIONS_MAX) }
    world.story.tell(this.name, () => `starts as ${incarnation}, store ${identity.store}`)
    this.#starting = life
    life.later(this.#random.between(1, 60), () => {
      disk.identity = identity
      this.#starting = null
      this.#run(life, identity, disk)
    })
  }

  kill(why: string): void {
    this.#starting?.end(why)
    this.running?.life.end(why)
  }

  #ended(life: Life, why: string): void {
    this.#around.world.story.tell(this.name, () => `${life.incarnation} is dead: ${why}`)
    this.#around.links.detach(life)
    if (this.#starting === life) this.#starting = null
    if (this.running?.life === life) this.running = null
  }

  #newId(what: string): string {
    return `${what}-${this.name}-${Math.floor(this.#random.unit() * 1e9).toString(36)}`
  }

  #run(life: Life, identity: Identity, disk: Disk): void {
    const { world, links, queues, registers, timing, files, logKept } = this.#around
    const store = (shard: ShardName): WatchedStore =>
      new WatchedStore(
        {
          epoch: () => this.running?.replicator.state.record?.epoch ?? 0,
          onTaken: entries => this.#around.onTaken(this, shard, entries),
          onOutdated: (epoch, known) => this.#around.onOutdated(this, shard, epoch, known),
        },
        {
          shard,
          disk,
          life,
          random: this.#random,
          logKept,
          onMade: entry => this.#around.onMade(this, shard, entry),
          onDurable: what => this.#around.onDurable(this, shard, what),
        },
        files,
      )
    const stores = { s0: store('s0'), s1: store('s1') }
    const replicator = new Replicator({
      settings: {
        name: this.name,
        timing,
        failback: 'auto',
        readsAsStandby: this.#around.reads === 'both',
        incarnation: life.incarnation,
        random: () => this.#random.unit(),
        newId: () => this.#newId('id'),
      },
      identity,
      identityFile: this.#identityFile(life, disk),
      stores,
      acceptors: registers.port(life),
      link: handlers => links.attach(life, handlers),
      queue: handlers => queues.attach(life, handlers),
      keepSnapshot: () => {},
      fetchSnapshot: (_, offer) => this.#fetch(life, offer),
      now: () => life.now(),
      log: this.#log(),
      reach: () => life.touch(),
      fatal: (why, cause) => {
        this.#around.onFatal(this, why, cause)
        life.end(why)
      },
    })
    // Between the gate and the row is a place like any other to be stopped at.
    const get = (shard: ShardName, key: string): ReadRow => {
      life.beforeRow()
      return stores[shard].get(key)
    }
    const documents = new GuardedDocuments({
      replicator,
      stores,
      get,
      record: (shard, scope) => {
        life.touch()
        return stores[shard].record(scope)
      },
      solo: 'allow',
      reads: this.#around.reads,
      now: () => life.now(),
      later: (ms, run) => life.timer(ms, run),
    })
    const standby = new StandbyReads({ replicator, get, now: () => life.now() })
    const whereabouts = new HostWhereabouts(this.name, replicator, () => life.now())
    if (!life.alive) return
    new Expiry({
      documents,
      serves: shard => replicator.serves(shard) !== null,
      due: (shard, at, limit) => stores[shard].due(at, limit),
      now: () => Math.floor(world.now),
      onError: cause => this.#around.onFatal(this, 'the sweep of what expires failed', cause),
    })
    this.running = { life, replicator, documents, standby, whereabouts, stores }
    world.story.tell(this.name, () => `${life.incarnation} runs`)
  }

  /** Saves are durable in order, each at its end. */
  #identityFile(life: Life, disk: Disk): IdentityFile {
    let freeAt = 0
    return {
      save: identity => {
        const { promise, resolve } = Promise.withResolvers<void>()
        if (!life.touch()) return promise
        const slows = disk.slowness > 0 && !disk.fastIdentity && this.#random.chance(disk.slowness)
        const slow = slows ? this.#random.between(20, disk.slowMs) : 0
        freeAt = Math.max(freeAt, life.time) + this.#random.between(0.2, 3) + slow + disk.identityMs
        life.world.at(freeAt, null, () => {
          if (life.alive) disk.identity = identity
        })
        life.world.at(freeAt + 0.05, life, resolve)
        return promise
      },
    }
  }

  async #fetch(life: Life, offer: { position: SnapshotFile['position']; bytes: number; sha256: string }) {
    const { network, files } = this.#around
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#around.transfer.under++
    life.later(this.#random.between(0.5, 1) * this.#around.transfer.ms, resolve)
    await promise
    if (!network.both(this.name, peerOf(this.name))) throw new Error('the transfer of the snapshot stalled')
    const path = [...files.keys()].find(each => each.padEnd(64, '0').slice(0, 64) === offer.sha256)
    if (path === undefined) throw new Error('the peer answered 404')
    return { path, position: offer.position, bytes: offer.bytes, sha256: offer.sha256 }
  }

  #log(): Log {
    const { story } = this.#around.world
    const line = (fields: Record<string, unknown>, message: string): void =>
      story.tell(this.name, () => {
        const { record, ...rest } = fields
        const shown = record === undefined ? rest : { ...rest, ...describeRecord(record) }
        const text = JSON.stringify(shown)
        return text === '{}' ? message : `${message} ${text}`
      })
    return { debug: () => {}, info: line, warn: line, error: line }
  }
}

type Watching = {
  /** the newest that is known now */
  readonly epoch: () => number
  readonly onTaken: (entries: readonly Uint8Array[]) => void
  readonly onOutdated: (epoch: number, known: number) => void
}

/** A store with somebody who looks at what it is given. */
class WatchedStore extends ModelStore {
  readonly #watching: Watching

  constructor(watching: Watching, ...of: ConstructorParameters<typeof ModelStore>) {
    super(...of)
    this.#watching = watching
  }

  override apply(entries: readonly Uint8Array[]): ReturnType<ModelStore['apply']> {
    this.#watching.onTaken(entries)
    return super.apply(entries)
  }

  override async write(...given: Parameters<ModelStore['write']>): Promise<WriteResult> {
    const known = this.#watching.epoch()
    const result = await super.write(...given)
    if (result.kind === 'done' && result.entry !== null && result.entry.position.epoch < known)
      this.#watching.onOutdated(result.entry.position.epoch, known)
    return result
  }
}

function describeRecord(record: unknown): Record<string, unknown> {
  if (typeof record !== 'object' || record === null || !('members' in record) || !('primaries' in record)) return {}
  const members = JSON.stringify(record.members)
  const primaries = JSON.stringify(record.primaries)
  return { members: members.replaceAll(/[{}"]|name:|store:/g, ''), primaries: primaries.replaceAll(/[{}"]/g, '') }
}
