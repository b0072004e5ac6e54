// Copies that were made for the other origin: kept until it has fetched them, and how much of each has been sent.
import { createReadStream } from 'node:fs'
import type { SnapshotFile } from '../replicator/store/shardstore.ts'
import type { ShardName } from '../router/words.ts'
import { discard } from './store/snapshot.ts'

/** percent, and milliseconds that are left; null before anybody can tell */
export type Sent = { readonly progress: number; readonly leftMs: number | null }
export type Sending = (shard: ShardName, now: number) => Sent | null

type Kept = { readonly file: SnapshotFile; since: number | null; sent: number }

/** Bytes that were handed over are not yet on the other disk, nor checked there. */
const PERCENT_MAX = 99

export class Sendings {
  readonly #now: () => number
  readonly #kept = new Map<ShardName, Kept>()

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** An earlier copy of the shard that was never fetched takes room for nothing. */
  keep(shard: ShardName, file: SnapshotFile): void {
    this.#forget(shard)
    this.#kept.set(shard, { file, since: null, sent: 0 })
  }

  /** The bytes of that very copy, or null where it is not there; it is deleted once all of them were taken. */
  send(
    shard: ShardName,
    sha256: string,
  ): { readonly bytes: number; readonly chunks: AsyncIterable<Uint8Array> } | null {
    const kept = this.#kept.get(shard)
    if (kept === undefined || kept.file.sha256 !== sha256) return null
    kept.since = this.#now()
    kept.sent = 0
    return { bytes: kept.file.bytes, chunks: this.#chunks(shard, kept) }
  }

  readonly of: Sending = (shard, now) => {
    const kept = this.#kept.get(shard)
    if (kept === undefined || kept.since === null) return null
    const { since, sent, file } = kept
    const progress = Math.min(PERCENT_MAX, Math.floor((100 * sent) / Math.max(1, file.bytes)))
    return { progress, leftMs: sent === 0 ? null : Math.round(((now - since) * (file.bytes - sent)) / sent) }
  }

  async *#chunks(shard: ShardName, kept: Kept): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(kept.file.path)) {
      yield chunk
      kept.sent += chunk.length
    }
    if (this.#kept.get(shard) === kept) this.#forget(shard)
  }

  #forget(shard: ShardName): void {
    const kept = this.#kept.get(shard)
    this.#kept.delete(shard)
    if (kept !== undefined) discard(kept.file)
  }
}
