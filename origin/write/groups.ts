// Group commit: the writes of a shard that wait together share one transaction, one fsync and one entry. A group forms
// while the one before it is on its way, see Pace; a lone write waits for nothing.
import { bodyBytesOf, type WriteCommand } from '../../replicator/store/command.ts'
import type { WriteOutcome } from '../../replicator/store/outcome.ts'
import type { LoggedEntry, ShardStore } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import { reach } from '../failpoint.ts'
import { TX_BYTES_MAX } from '../store/limits.ts'
import { Pace } from './pace.ts'

/** What a group needs of the shard's store. */
export type GroupStore = Pick<ShardStore, 'shard' | 'write'>

/** What a group needs of the replicator. */
export type GroupPort = {
  /** the epoch to write in, or null while this process may not serve the shard */
  serves(shard: ShardName): number | null
  /** on its way to this disk: the other one may begin */
  prepared(shard: ShardName, entry: LoggedEntry): void
  /** on this disk */
  appended(shard: ShardName, entry: LoggedEntry): void
  committed(shard: ShardName, index: number): boolean | Promise<boolean>
  diskTrouble(detail: string): void
  /** milliseconds of a clock that never goes back */
  now(): number
  /** runs it once, after so many milliseconds */
  later(ms: number, run: () => void): void
  /** for metrics: a group of so many writes is answered, after it waited so long for the other origin's disk */
  observed?(shard: ShardName, writes: number, waitedMs: number): void
}

export type Written =
  | { readonly kind: 'outcome'; readonly outcome: WriteOutcome }
  /** nothing took effect */
  | { readonly kind: 'closed' }
  | { readonly kind: 'disk'; readonly detail: string }
  | { readonly kind: 'full' }
  /** it may be on this disk, and may yet vanish */
  | { readonly kind: 'undecided' }

/** Writes that wait for the writer: beyond it clients are told to come back, memory stays bounded. */
export const WAITING_MAX = 8192
export const WAITING_BYTES_MAX = 64 * 1024 * 1024
/** One group: bounds how long a transaction holds the writer and how large an entry becomes. */
export const GROUP_WRITES_MAX = 512
export const GROUP_BYTES_MAX = 4 * 1024 * 1024
/** Operations of its entry; the writer adds some for what is due. */
export const GROUP_OPS_MAX = 2048
/** What its documents may become at most, patched ones too: an entry holds them all. */
export const GROUP_BECOMES_BYTES_MAX = 16 * 1024 * 1024
/** Groups on this disk that the other origin has not acknowledged: a second hides a slow network, many more hide nothing. */
export const GROUPS_UNCOMMITTED_MAX = 4

type Waiting = { readonly command: WriteCommand; readonly bytes: number; readonly tell: (written: Written) => void }

export class Groups {
  readonly #store: GroupStore
  readonly #port: GroupPort
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #writing = false
  #uncommitted = 0
  /** writes in the writer, or of groups that are not committed */
  #onTheirWay = 0
  readonly #pace = new Pace()
  /** the wait for more to come that is under way: a group that goes ends it */
  #gathering: object | null = null
  #onQuiet: (() => void) | null = null

  constructor(store: GroupStore, port: GroupPort) {
    this.#store = store
    this.#port = port
  }

  get waiting(): number {
    return this.#waiting.length
  }

  write(command: WriteCommand): Promise<Written> {
    const bytes = bodyBytesOf(command)
    if (this.#waiting.length >= WAITING_MAX || this.#waitingBytes + bytes > WAITING_BYTES_MAX)
      return Promise.resolve({ kind: 'full' })
    const { promise, resolve } = Promise.withResolvers<Written>()
    this.#waiting.push({ command, bytes, tell: resolve })
    this.#waitingBytes += bytes
    this.#next()
    return promise
  }

  /** Gives back everything that waits, and calls when nothing is in the writer. The caller has closed the gate. */
  close(closed: () => void): void {
    this.#turnAway()
    if (this.#writing) this.#onQuiet = closed
    else closed()
  }

  /** The replicator's view of the gate changed: what waits goes on, or is given back. */
  wake(): void {
    this.#next()
  }

  /** @param gathered what waits has waited for more long enough */
  #next(gathered = false): void {
    if (this.#writing || this.#waiting.length === 0) return
    const epoch = this.#port.serves(this.#store.shard)
    if (epoch === null) return this.#turnAway()
    if (this.#uncommitted >= GROUPS_UNCOMMITTED_MAX) return
    // one that cannot become larger has nothing to wait for
    const isFull = this.#waiting.length >= GROUP_WRITES_MAX || this.#waitingBytes >= GROUP_BYTES_MAX
    if (!gathered && !isFull) {
      const waitMs = this.#pace.waitMs(this.#waiting.length, this.#onTheirWay)
      if (waitMs === null) return
      if (waitMs > 0) return this.#gather(waitMs)
    }
    this.#pace.goes(this.#waiting.length + this.#onTheirWay)
    this.#gathering = null
    this.#writing = true
    const group = this.#take()
    this.#onTheirWay += group.length
    void this.#writeGroup(epoch, group)
  }

  /** Once between two groups: what comes meanwhile makes the wait no longer. */
  #gather(ms: number): void {
    if (this.#gathering !== null) return
    const wait = {}
    this.#gathering = wait
    this.#port.later(ms, () => {
      if (this.#gathering !== wait) return
      this.#gathering = null
      this.#next(true)
    })
  }

  #take(): Waiting[] {
    let count = 0
    let bytes = 0
    let ops = 0
    let becomes = 0
    for (const { command, bytes: brings } of this.#waiting) {
      if (count === GROUP_WRITES_MAX) break
      ops += opsOf(command)
      becomes += becomesBytes(command, brings)
      const full = bytes + brings > GROUP_BYTES_MAX || ops > GROUP_OPS_MAX || becomes > GROUP_BECOMES_BYTES_MAX
      if (count > 0 && full) break
      bytes += brings
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #turnAway(): void {
    const turnedAway = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const { tell } of turnedAway) tell({ kind: 'closed' })
  }

  async #writeGroup(epoch: number, group: readonly Waiting[]): Promise<void> {
    const { shard } = this.#store
    const began = this.#port.now()
    const commands = group.map(({ command }) => command)
    const result = await this.#store.write(epoch, commands, entry => {
      reach('group.before-ship')
      this.#port.prepared(shard, entry)
      reach('group.after-ship')
    })
    this.#writing = false
    if (result.kind === 'refused') {
      this.#onTheirWay -= group.length
      const written: Written = result.reason === 'disk' ? { kind: 'disk', detail: result.detail } : { kind: 'closed' }
      for (const { tell } of group) tell(written)
      if (result.reason === 'disk') this.#port.diskTrouble(result.detail)
    } else {
      reach('group.on-disk')
      if (result.entry !== null) this.#port.appended(shard, result.entry)
      void this.#answer(group, result.outcomes, result.seen, began)
    }
    this.#onQuiet?.()
    this.#onQuiet = null
    this.#next()
  }

  /** Also a refusal waits: it may have seen a write that is not committed yet, and nobody may see what can vanish. */
  async #answer(
    group: readonly Waiting[],
    outcomes: readonly WriteOutcome[],
    seen: number,
    began: number,
  ): Promise<void> {
    this.#uncommitted++
    const from = this.#port.now()
    const committed = await this.#port.committed(this.#store.shard, seen)
    const now = this.#port.now()
    this.#uncommitted--
    this.#onTheirWay -= group.length
    this.#pace.took(now - began)
    this.#port.observed?.(this.#store.shard, group.length, now - from)
    if (committed) reach('group.committed')
    for (const [at, { tell }] of group.entries()) {
      const outcome = outcomes[at]
      tell(committed && outcome !== undefined ? { kind: 'outcome', outcome } : { kind: 'undecided' })
    }
    this.#next()
  }
}

/** With its record. */
function opsOf(command: WriteCommand): number {
  if (command.op === 'tx') return command.ops.length + 1
  return command.op === 'expire' ? command.keys.length : 2
}

function becomesBytes(command: WriteCommand, brings: number): number {
  if (command.op === 'patch') return command.bytesMax
  if (command.op !== 'tx') return brings
  let sum = brings
  for (const op of command.ops) if (op.op === 'patch') sum += op.bytesMax
  return Math.min(sum, TX_BYTES_MAX)
}
