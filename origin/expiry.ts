// What is due goes: the primary of a shard looks now and then, and deletes as any client would, mirrored and in the order of
// all writes. A clock says only when to look: whether a document is still due the writer judges, so a takeover or a write in
// between changes nothing.
import { SHARDS, type ShardName } from '../router/words.ts'
import type { Documents } from './http/ports.ts'

/** A document may outlive its time by so long while its shard is served. */
export const EXPIRY_LOOK_MS = 1000
/** Deleted with one command: it shares a group, which must not keep other writes waiting. */
export const EXPIRED_AT_ONCE = 256

export type ExpiryParts = {
  readonly documents: Pick<Documents, 'write'>
  readonly serves: (shard: ShardName) => boolean
  /** the keys of documents that are due by then, the longest due first */
  readonly due: (shard: ShardName, at: number, limit: number) => readonly string[]
  /** wall-clock milliseconds */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

export class Expiry {
  readonly #parts: ExpiryParts
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: ExpiryParts) {
    this.#parts = parts
    this.#lookLater()
  }

  /** Resolves when nothing of it is under way. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#round
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#look().then(() => {
        if (!this.#closed) this.#lookLater()
      })
    }, EXPIRY_LOOK_MS)
  }

  async #look(): Promise<void> {
    const swept = SHARDS.map(shard => this.#sweep(shard).catch((error: unknown) => this.#parts.onError(error)))
    await Promise.all(swept)
  }

  /** Until nothing is due any more; what is refused waits for the next look. */
  async #sweep(shard: ShardName): Promise<void> {
    const { documents, serves, due, now } = this.#parts
    while (!this.#closed && serves(shard)) {
      const at = now()
      const keys = due(shard, at, EXPIRED_AT_ONCE)
      if (keys.length === 0) return
      const answer = await documents.write(shard, { op: 'expire', keys, at }, null)
      const gone = answer.kind === 'outcome' && answer.outcome.kind === 'expired' ? answer.outcome.count : 0
      if (gone === 0 || keys.length < EXPIRED_AT_ONCE) return
    }
  }
}
