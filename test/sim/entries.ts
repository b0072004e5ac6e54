// What becomes of each entry, looked at by someone who sees both disks: whose a standby takes (I4), what a write's entry holds
// and how often it takes effect (I7), and where those go that leave a log (I9).
import {
  decodeEntry,
  type Op,
  peekEntry,
  positionAfter,
  TABLE_DOCUMENTS,
  TABLE_RECORDS,
} from '../../replicator/entry/codec.ts'
import type { LoggedEntry } from '../../replicator/store/shardstore.ts'
import { ORIGINS, type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'
import { Broken } from './broken.ts'
import type { Disk, ShardDisk } from './disk.ts'
import { lastOf } from './history.ts'
import type { Host } from './host.ts'

/** What an entry does for clients: the values that its writes put, and the router's keys whose records it holds. */
type Effects = { readonly values: readonly string[]; readonly keys: readonly string[] }
type Log = { readonly of: Disk; readonly disk: ShardDisk; readonly hashes: Map<number, string>; last: number }

const both = <T>(make: () => T): Record<OriginName, Record<ShardName, T>> => ({
  a: { s0: make(), s1: make() },
  b: { s0: make(), s1: make() },
})

export class Entries {
  readonly #hosts: () => Readonly<Record<OriginName, Host>>
  /** the incarnation that wrote an entry, by its hash */
  readonly #authors = new Map<string, string>()
  readonly #effects = new Map<string, Effects>()
  /** the entry in which a value, or a router's key, took effect */
  readonly #happened = new Map<string, string>()
  readonly #logs = both<Log | null>(() => null)

  constructor(hosts: () => Readonly<Record<OriginName, Host>>) {
    this.#hosts = hosts
  }

  /** Another world: what the old one did after the backup was lost with it. */
  beginAgain(): void {
    this.#happened.clear()
    for (const name of ORIGINS) for (const shard of SHARDS) this.#logs[name][shard] = null
  }

  /** This host made an entry of its own. I7: a write's record is in the very entry of its effect, or in none. */
  made(host: Host, shard: ShardName, entry: LoggedEntry): void {
    const decoded = decodeEntry(entry.bytes)
    if (decoded.kind !== 'ok') throw new Broken('I6', `an entry that cannot be read: ${decoded.detail}`)
    const values: string[] = []
    const keys: string[] = []
    let before: string | null = null
    for (const op of decoded.entry.ops) {
      const value = putBy(op)
      if (value !== null) values.push(value)
      if (op.table === TABLE_RECORDS && op.newRow !== null) {
        keys.push(op.key)
        if (before !== null && keyOf(before) !== op.key)
          throw new Broken('I7', `the record ${op.key} is in ${shard} ${decoded.entry.index} without its effect`)
      }
      before = op.table === TABLE_DOCUMENTS ? value : 'a record'
    }
    for (const value of values) {
      const key = keyOf(value)
      if (key !== null && !keys.includes(key))
        throw new Broken('I7', `${value} took effect in ${shard} ${decoded.entry.index} without its record`)
    }
    this.#effects.set(entry.position.hash, { values, keys })
    const author = host.running?.life.incarnation
    if (author !== undefined) this.#authors.set(entry.position.hash, author)
  }

  /** I7: once it is committed it happened, and it happens once. */
  committed(shard: ShardName, index: number, hash: string): void {
    const effects = this.#effects.get(hash)
    if (effects === undefined) return
    for (const what of [...effects.values, ...effects.keys]) {
      const before = this.#happened.get(what)
      if (before !== undefined && before !== hash)
        throw new Broken('I7', `${what} took effect a second time, in ${shard} ${index}`)
      this.#happened.set(what, hash)
    }
  }

  /** I4: this host's disk is given these entries: of the primary of the newest record that it knows, and in sequence. */
  taken(host: Host, shard: ShardName, entries: readonly Uint8Array[]): void {
    const state = host.running?.replicator.state
    if (state === undefined) return
    const { record } = state
    const primary = record?.primaries[shard]
    const peer = peerOf(host.name)
    if (primary?.name !== peer || state.shards[shard].reign !== null)
      throw new Broken('I4', `${host.name} takes entries of ${shard}, and its newest record names ${primary?.name}`)
    let index = state.shards[shard].last.index
    for (const bytes of entries) {
      const peeked = peekEntry(bytes)
      if (peeked.kind !== 'ok') continue
      const { head } = peeked
      if (head.index !== ++index)
        throw new Broken('I4', `${host.name} takes ${shard} ${head.index}, and ${index} is next`)
      const { hash } = positionAfter(head.previousHash, bytes)
      if (this.#authors.get(hash) === primary.incarnation) continue
      const theirs = this.#hosts()[peer].disk.shards[shard]
      if (head.index > theirs.base.index && theirs.entry(head.index)?.position.hash !== hash)
        throw new Broken('I4', `${host.name} takes ${shard} ${head.index}, which ${primary.incarnation} never had`)
    }
  }

  /** I9: what left this host's log is kept for people. */
  discarded(host: Host, shard: ShardName): void {
    const log = this.#logs[host.name][shard]
    const disk = host.disk.shards[shard]
    for (const [index, hash] of log?.of === host.disk ? log.hashes : []) {
      if (disk.positionAt(index)?.hash === hash) continue
      if (host.disk.quarantined.has(hash) || host.disk.aside.has(hash)) continue
      throw new Broken('I9', `${host.name} threw ${shard} ${index} away`)
    }
    this.#logs[host.name][shard] = null
    this.grown(host, shard)
  }

  /** There is more on this host's disk. */
  grown(host: Host, shard: ShardName): void {
    const disk = host.disk.shards[shard]
    let log = this.#logs[host.name][shard]
    if (log?.disk !== disk) {
      log = { of: host.disk, disk, hashes: new Map(), last: disk.base.index }
      this.#logs[host.name][shard] = log
    }
    for (; log.last < disk.last.index; log.last++) {
      const hash = disk.entry(log.last + 1)?.position.hash
      if (hash !== undefined) log.hashes.set(log.last + 1, hash)
    }
    // What the log no longer keeps is on both disks, in their rows.
    for (const index of log.hashes.keys()) {
      if (index > disk.base.index) break
      log.hashes.delete(index)
    }
  }
}

const text = new TextDecoder()

/** What this operation wrote, of all that its document holds; null where it wrote none. */
const putBy = ({ table, newRow }: Op): string | null =>
  table === TABLE_DOCUMENTS && newRow !== null ? lastOf(text.decode(newRow.body)) : null

/** The router's key of the write that puts this value: half of them have one, see clients.ts. */
function keyOf(value: string): string | null {
  const id = Number(value.slice(1))
  return id % 2 === 1 ? `m${id}` : null
}
