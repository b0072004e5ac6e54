// The invariants of the protocol, by number, looked at after every step by someone who sees everything at once.
import { readsHold } from '../../replicator/core/copy.ts'
import { leaseHolds } from '../../replicator/core/reign.ts'
import { decodeEntry } from '../../replicator/entry/codec.ts'
import { etagOf } from '../../replicator/entry/row.ts'
import { type Ballot, compareBallots } from '../../replicator/register/acceptor.ts'
import type { PairRecord, RegisterValue } from '../../replicator/register/record.ts'
import type { LoggedEntry } from '../../replicator/store/shardstore.ts'
import { homeOf, ORIGINS, type OriginName, SHARDS, type ShardName } from '../../router/words.ts'
import { Broken } from './broken.ts'
import type { Answer, Clients } from './clients.ts'
import { Entries } from './entries.ts'
import { type Call, linearizable } from './history.ts'
import type { Host, Running } from './host.ts'
import type { World } from './world.ts'

type Chosen = {
  readonly ballot: Ballot
  readonly record: PairRecord
  readonly at: number
  boots: RegisterValue['boots']
}
type Seen = { running: Running; epoch: number; readonly committed: Record<ShardName, number> }

export class Checker {
  readonly #world: World
  readonly #hosts: Readonly<Record<OriginName, Host>>
  readonly #clients: Clients
  /** by lineage and epoch */
  readonly #records = new Map<string, string>()
  readonly #committed: Readonly<Record<ShardName, Map<number, string>>> = { s0: new Map(), s1: new Map() }
  readonly #committedMax: Record<ShardName, number> = { s0: 0, s1: 0 }
  readonly #committedHashes = new Set<string>()
  readonly #seen: Record<OriginName, Seen | null> = { a: null, b: null }
  /** entries that whoever reigned before may still commit: those that the new primary had when its epoch was decided */
  readonly #cut: Record<ShardName, number> = { s0: 0, s1: 0 }
  readonly entries: Entries
  newest: Chosen | null = null
  gaveUp = 0
  /** what was seen in the middle of production code */
  failed: Broken | null = null
  /** nothing fails any more: an origin that takes over or goes solo is restless */
  fair = false

  constructor(world: World, hosts: Readonly<Record<OriginName, Host>>, clients: Clients) {
    this.#world = world
    this.#hosts = hosts
    this.#clients = clients
    this.entries = new Entries(() => hosts)
    clients.onConflict = what => {
      this.failed ??= new Broken('I6', `an ETag stands for two values: ${what}`)
    }
  }

  /** Nothing may fail from now on: no request either. */
  beFair(): void {
    this.fair = true
    this.#clients.lossy = 0
    const fairSince = this.#world.now
    this.#clients.onFailed = (what, since) => {
      if (since < fairSince) return
      this.failed ??= new Broken('I10', `a request failed, and nothing else had: ${what}`)
    }
  }

  get committedEntries(): number {
    return this.#committedHashes.size
  }

  onChosen(value: RegisterValue, ballot: Ballot): void {
    const { record } = value
    const text = JSON.stringify(record)
    if (this.newest !== null && record.lineage !== this.newest.record.lineage) this.#beginsAgain(record)
    const place = `${record.lineage} ${record.epoch}`
    const known = this.#records.get(place)
    if (known !== undefined && known !== text)
      throw new Broken('I1', `two records were decided for epoch ${record.epoch}: ${known} and ${text}`)
    this.#records.set(place, text)
    const { newest } = this
    if (newest !== null) {
      const later = compareBallots(ballot, newest.ballot) > 0
      const goesBack = later ? record.epoch < newest.record.epoch : record.epoch > newest.record.epoch
      if (goesBack)
        throw new Broken('I8', `the register went back from epoch ${newest.record.epoch} to ${record.epoch}`)
      if (record.epoch <= newest.record.epoch) {
        if (later) this.newest = { ...newest, ballot, boots: value.boots }
        return
      }
    }
    for (const shard of SHARDS) {
      const { name, incarnation } = record.primaries[shard]
      if (newest?.record.primaries[shard].incarnation !== incarnation)
        this.#cut[shard] = this.#hosts[name].disk.shards[shard].last.index
    }
    this.newest = { ballot, record, at: this.#world.now, boots: value.boots }
    this.#world.story.tell('register', () => `epoch ${record.epoch} is decided: ${record.why} ${brief(record)}`)
    if (this.fair && (record.why === 'solo' || record.why === 'takeover'))
      throw new Broken('I10', `epoch ${record.epoch}: ${record.why}, and nothing had failed`)
    for (const shard of SHARDS) {
      const { name } = record.primaries[shard]
      if (!record.members.some(member => member.name === name))
        throw new Broken('I3', `epoch ${record.epoch}: ${name} is primary of ${shard} and no member`)
      this.#membersHold(shard, this.#committedMax[shard], `when epoch ${record.epoch} was decided`)
    }
  }

  /** Another lineage: what the old one committed after the backup is lost, and a person chose so. */
  #beginsAgain(record: PairRecord): void {
    const [member] = record.members
    if (record.why !== 'restored' || member === undefined)
      throw new Broken('I8', `lineage ${record.lineage} was decided as ${record.why}`)
    this.newest = null
    this.entries.beginAgain()
    for (const shard of SHARDS) {
      const { last } = this.#hosts[member.name].disk.shards[shard]
      this.#committed[shard].clear()
      this.#committed[shard].set(last.index, last.hash)
      this.#committedMax[shard] = last.index
    }
  }

  onDurable(host: Host, shard: ShardName, what: 'write' | 'apply' | 'undo' | 'install'): void {
    if (what === 'undo' || what === 'install') this.entries.discarded(host, shard)
    if (what === 'undo') {
      for (const hash of host.disk.quarantined)
        if (this.#committedHashes.has(hash)) throw new Broken('I9', `${host.name} undid a committed entry of ${shard}`)
    }
    if (what === 'apply') this.#applied(host, shard)
    if (what === 'write') this.entries.grown(host, shard)
  }

  onMade(host: Host, shard: ShardName, entry: LoggedEntry): void {
    this.entries.made(host, shard, entry)
    const decoded = decodeEntry(entry.bytes)
    if (decoded.kind !== 'ok') throw new Broken('I6', `an entry that cannot be read: ${decoded.detail}`)
    const { epoch, index, ops } = decoded.entry
    for (const [n, { key, newRow }] of ops.entries())
      if (newRow !== null) this.#clients.made(key, etagOf(epoch, index, n), new TextDecoder().decode(newRow.body))
  }

  #applied(host: Host, shard: ShardName): void {
    this.entries.grown(host, shard)
    const state = host.running?.replicator.state
    const { last } = host.disk.shards[shard]
    const hash = this.#committed[shard].get(last.index)
    if (hash !== undefined && hash !== last.hash && state !== undefined)
      throw new Broken('I6', `${host.name} applied another entry at ${shard} ${last.index} than the committed one`)
  }

  /** After a step of this process. */
  afterStep(host: Host): void {
    const { running } = host
    if (running === null) return
    const { state } = running.replicator
    let seen = this.#seen[host.name]
    if (seen?.running !== running) {
      seen = { running, epoch: 0, committed: { s0: 0, s1: 0 } }
      this.#seen[host.name] = seen
    }
    const { record } = state
    if (record !== null && record.epoch !== seen.epoch) {
      if (record.epoch < seen.epoch) throw new Broken('I8', `${host.name} went back to epoch ${record.epoch}`)
      seen.epoch = record.epoch
      if (record.lineage !== state.identity.lineage)
        throw new Broken('I8', `${host.name} believes in a record of lineage ${record.lineage}, and is not of it`)
      if (this.#records.get(`${record.lineage} ${record.epoch}`) !== JSON.stringify(record))
        throw new Broken('I8', `${host.name} believes in epoch ${record.epoch}, which was not decided so`)
    }
    if (state.synced) host.disk.rolledBack = false
    // Of a world that is over: what it still does is known to be lost.
    if (record?.lineage !== this.newest?.record.lineage) return
    for (const shard of SHARDS) {
      const { committed } = state.shards[shard]
      if (committed <= seen.committed[shard]) continue
      const from = Math.max(seen.committed[shard], this.#committedMax[shard] - 50)
      seen.committed[shard] = committed
      this.#commits(host, shard, from, committed)
    }
  }

  #commits(host: Host, shard: ShardName, from: number, to: number): void {
    const disk = host.disk.shards[shard]
    const known = this.#committed[shard]
    for (let index = from + 1; index <= to; index++) {
      const position = disk.positionAt(index)
      if (position === null) continue
      const before = known.get(index)
      if (before !== undefined && before !== position.hash)
        throw new Broken('I1', `two entries were committed at ${shard} ${index}; the later one by ${host.name}`)
      known.set(index, position.hash)
      this.entries.committed(shard, index, position.hash)
      this.#committedHashes.add(position.hash)
    }
    if (to <= this.#committedMax[shard]) return
    const reigns = this.newest?.record.primaries[shard].incarnation === host.running?.life.incarnation
    if (!reigns && to > this.#cut[shard])
      throw new Broken('I1', `${host.name} commits ${shard} ${to} when its reign is over, and its successor had less`)
    this.#committedMax[shard] = to
    this.#membersHold(shard, to, `when ${host.name} committed it`)
  }

  /** I2, for the newest decided record. */
  #membersHold(shard: ShardName, index: number, when: string): void {
    if (this.newest === null || index === 0) return
    const hash = this.#committed[shard].get(index)
    for (const { name, store } of this.newest.record.members) {
      const { disk } = this.#hosts[name]
      if (disk.identity?.store !== store || disk.rolledBack) continue
      const held = disk.shards[shard].positionAt(index)
      const lacks = held === null ? disk.shards[shard].last.index < index : held.hash !== hash
      if (lacks) throw new Broken('I2', `member ${name} does not hold ${shard} ${index}, which is committed, ${when}`)
    }
  }

  /**
   * I5 by the clock of the process: it may have been stopped since it began with this request. Where it was stopped in this
   * very step, but not by this request, nothing could have noticed: the answer leaves when it wakes.
   */
  withinLease({ life, replicator }: Running, answer: Answer): void {
    if (!life.alive || (life.busyUntil > this.#world.now && !life.sleepsAtRow)) return
    if (!['found', 'missing', 'outcome'].includes(answer.kind)) return
    if (!leaseHolds(replicator.state, life.clock))
      this.failed ??= new Broken('I5', `${life.name} gives an answer without a lease: ${answer.kind}`)
  }

  /** I5 of a standby: within its read lease by its own clock, and in truth its disk has all that anybody was told of. */
  withinReadLease({ life, replicator }: Running, shard: ShardName, answer: Answer): void {
    const { state } = replicator
    if (!life.alive || state.record?.lineage !== this.newest?.record.lineage) return
    const asleep = life.busyUntil > this.#world.now && !life.sleepsAtRow
    if (!asleep && !readsHold(state, shard, life.clock))
      this.failed ??= new Broken('I5', `${life.name} answers as a standby without a lease: ${answer.kind}`)
    const index = this.#committedMax[shard]
    const disk = this.#hosts[life.name].disk.shards[shard]
    const held = disk.positionAt(index)
    const lacks = held === null ? disk.last.index < index : held.hash !== this.#committed[shard].get(index)
    if (index > 0 && lacks)
      this.failed ??= new Broken(
        'I5',
        `${life.name} answers as a standby, and lacks ${shard} ${index}, which is committed`,
      )
  }

  /** I5 by true time: never two that would answer a strong read of one shard at one moment. */
  noTwoServe(): void {
    const a = this.#hosts.a.running
    const b = this.#hosts.b.running
    if (a === null || b === null) return
    // A person may begin another lineage beside an origin that nobody can reach: that one serves an old world until it is told.
    if (a.replicator.state.identity.lineage !== b.replicator.state.identity.lineage) return
    for (const shard of SHARDS)
      if (serves(a, shard) && serves(b, shard)) throw new Broken('I5', `both origins serve ${shard} at one moment`)
  }

  isServed(name: OriginName, shard: ShardName): boolean {
    const { running } = this.#hosts[name]
    return running !== null && serves(running, shard)
  }

  /** Both are members, each shard is served at home, both copies are equal. */
  whyNotWhole(): string | null {
    const { newest } = this
    if (newest === null) return 'nothing was ever decided'
    if (newest.record.members.length < 2) return `only ${newest.record.members[0]?.name} is a member`
    for (const name of ORIGINS) {
      const { running, disk } = this.#hosts[name]
      if (running === null) return `${name} does not run`
      if (!newest.record.members.some(member => member.name === name && member.store === disk.identity?.store))
        return `the store of ${name} is no member`
    }
    for (const shard of SHARDS) {
      const home = this.#hosts[homeOf(shard)].running
      if (home === null || !serves(home, shard)) return `${shard} is not served at home`
      const [x, y] = [this.#hosts.a.disk.shards[shard].last, this.#hosts.b.disk.shards[shard].last]
      if (x.index !== y.index) return `${shard} ends at ${x.index} on a and at ${y.index} on b`
    }
    return null
  }

  /** At the end, when all is whole and quiet. */
  equalCopies(): void {
    for (const shard of SHARDS) {
      const a = this.#hosts.a.disk.shards[shard]
      const b = this.#hosts.b.disk.shards[shard]
      if (a.last.hash !== b.last.hash) throw new Broken('I6', `the histories of ${shard} differ at ${a.last.index}`)
      const rows = (host: typeof a): string =>
        [...host.rows.values()]
          .map(row => `${row.key} ${row.epoch}.${row.index}.${row.n}`)
          .sort()
          .join()
      if (rows(a) !== rows(b)) throw new Broken('I6', `the copies of ${shard} differ`)
    }
  }

  clientsAgree(): void {
    for (const calls of this.#clients.worlds) this.#agree(calls)
  }

  #agree(all: readonly Call[]): void {
    const keys = new Map<string, Call[]>()
    for (const call of all) keys.set(call.key, [...(keys.get(call.key) ?? []), call])
    for (const [key, calls] of keys) {
      const verdict = linearizable(key, calls)
      if (verdict.kind === 'gaveUp') this.gaveUp++
      if (verdict.kind !== 'not') continue
      const lines = verdict.calls.map(
        call =>
          `  ${call.invoked.toFixed(1)}..${call.returned.toFixed(1)} #${call.id} ${JSON.stringify(call.ask)} → ${JSON.stringify(call.told)}`,
      )
      throw new Broken('I11', `no order of effects explains what clients saw of ${key}:\n${lines.join('\n')}`)
    }
  }
}

function serves(running: Running, shard: ShardName): boolean {
  running.life.watched = true
  const serving = running.replicator.serves(shard) !== null
  running.life.watched = false
  return serving
}

function brief(record: PairRecord): string {
  const primaries = SHARDS.map(shard => `${shard}=${record.primaries[shard].incarnation}`).join(' ')
  return `members ${record.members.map(member => `${member.name}:${member.store}`).join(' ')}, ${primaries}`
}
