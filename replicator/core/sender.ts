// One shard's primary towards the other origin: compares histories, brings it level, then ships entry by entry.
// The queue lane carries entries while it answers; the direct lane carries what is late, and everything at the start.
import type { ShardName } from '../../router/words.ts'
import { GENESIS, type Position } from '../entry/position.ts'
import type { LoggedEntry } from '../store/shardstore.ts'
import type { Effect, Lane, SnapshotOffer } from './events.ts'
import { type Lag, LagMeter } from './lag.ts'
import {
  DIRECT_AFTER_MS,
  DIRECT_RESEND_MS,
  PROBE_EVERY_MS,
  READ_BYTES,
  REFUSALS_MAX,
  RETRY_MS,
  WINDOW_BYTES,
  WINDOW_ENTRIES,
} from './limits.ts'
import type { LinkMessage } from './messages.ts'

type Phase =
  | { readonly kind: 'off' }
  /** asked for the peer's tail, then looking for it in our log */
  | { readonly kind: 'comparing'; readonly query: number }
  /** the peer undoes what it has beyond our common history */
  | { readonly kind: 'truncating'; readonly query: number }
  /** a copy is made here, then fetched and installed there */
  | { readonly kind: 'snapshotting'; readonly query: number }
  /** something did not work: compared again at `until` */
  | { readonly kind: 'pausing'; readonly until: number }
  /** shipping, from `cursor` on */
  | { readonly kind: 'live' }

type Sent = { readonly index: number; readonly hash: string; readonly at: number; readonly bytes: number }

export class Sender {
  readonly #shard: ShardName
  readonly #emit: (effect: Effect) => void
  #phase: Phase = { kind: 'off' }
  #session = ''
  #query = 0
  #read = 0
  #reading = false
  #lane: Lane = 'direct'
  #probeAt = 0
  #probe = 0
  #probed: string | null = null
  /** next index that has not been sent in this session */
  #cursor = 1
  #acked = 0
  #ackedPosition: Position = GENESIS
  #last = 0
  #sent: Sent[] = []
  #sentBytes = 0
  #refusals = new Map<number, number>()
  #reseed = false
  /** a gap that is being closed, shown as a job with progress: rejoin, or what the standby missed */
  #gap: { readonly from: number; readonly to: number; readonly since: number | null; shown: number } | null = null
  readonly #meter = new LagMeter()
  /** the newest entry that the peer's disk is known to have had in this reign; null before any word of it */
  #standbyAt: number | null = null

  constructor(shard: ShardName, emit: (effect: Effect) => void) {
    this.#shard = shard
    this.#emit = emit
  }

  get on(): boolean {
    return this.#phase.kind !== 'off'
  }
  get lane(): Lane {
    return this.#lane
  }
  /** Durable index of the peer in this session, -1 until both histories have been compared in it. */
  get acked(): number {
    return this.live ? this.#acked : -1
  }
  get ackedPosition(): Position {
    return this.#ackedPosition
  }
  get live(): boolean {
    return this.#phase.kind === 'live'
  }
  get phase(): Phase['kind'] {
    return this.#phase.kind
  }
  /** Percent of the gap that is being closed, or null where none is. */
  get progress(): number | null {
    return this.#gap === null ? null : Math.max(0, this.#gap.shown)
  }
  /** Until the gap is closed if it goes on as it went, in milliseconds; null where nobody can tell. */
  leftMs(now: number): number | null {
    const gap = this.#gap
    if (gap === null || gap.since === null || this.acked <= gap.from) return null
    return Math.max(0, ((now - gap.since) * (gap.to - this.acked)) / (this.acked - gap.from))
  }
  /** What the other disk lacks, also while its origin is away. @param start our newest entry when the reign began */
  lag(start: number, now: number): Lag {
    return this.#meter.behind(this.#standbyAt ?? start, this.#last, now)
  }
  /** A reign begins: what the peer's disk had in an earlier one says nothing now. */
  renew(last: number): void {
    this.#last = last
    this.#standbyAt = null
  }
  /** Everything on our disk has been sent and only the newest entries may be unacknowledged. */
  get level(): boolean {
    return this.live && this.#cursor > this.#last && this.#last - this.#acked <= WINDOW_ENTRIES
  }

  /** @param last our newest index; @param reseed the peer's copy is known to be wrong */
  start(session: string, last: number, reseed: boolean): void {
    this.#begin(session, last, reseed)
    this.#compare()
  }

  #begin(session: string, last: number, reseed: boolean): void {
    this.#session = session
    this.#last = last
    this.#lane = 'direct'
    this.#probed = null
    this.#reseed = reseed
    this.#refusals.clear()
    this.#forgetSent()
  }

  #live(common: Position, now: number): void {
    this.#tell({ type: 'common', shard: this.#shard, position: common })
    this.#phase = { kind: 'live' }
    this.#acked = common.index
    this.#standbyAt = common.index
    this.#ackedPosition = common
    this.#cursor = common.index + 1
    this.#probeAt = now
  }

  /** The peer's copy is known to end where ours does: there is nothing to compare. */
  startLevel(session: string, last: Position, now: number): void {
    this.#begin(session, last.index, false)
    this.#live(last, now)
  }

  stop(): void {
    this.#phase = { kind: 'off' }
    this.#gap = null
    this.#forgetSent()
    this.#reading = false
  }

  onTail(query: number, positions: readonly Position[]): void {
    const phase = this.#phase
    if (!('query' in phase) || phase.query !== query) return
    if (phase.kind === 'snapshotting') this.#reseed = false
    this.#emit({ type: 'locate', shard: this.#shard, query, positions })
  }

  onLocated(query: number, peerLast: Position, common: Position | null, now: number): void {
    const phase = this.#phase
    if (!('query' in phase) || phase.query !== query) return
    if (this.#reseed || common === null) return this.#snapshot()
    if (common.index < peerLast.index) {
      this.#phase = { kind: 'truncating', query: ++this.#query }
      this.#tell({ type: 'truncate', shard: this.#shard, query: this.#query, index: common.index })
      return
    }
    this.#live(common, now)
    if (this.#gap === null && common.index < this.#last)
      this.#gap = { from: common.index, to: this.#last, since: now, shown: -1 }
    this.#showGap()
    this.#pump()
  }

  onSnapshotMade(query: number, offer: SnapshotOffer): void {
    if (this.#phase.kind !== 'snapshotting' || this.#phase.query !== query) return
    this.#tell({ type: 'snapshot', shard: this.#shard, query, ...offer })
  }

  /** Truncation or snapshot did not work, here or there. */
  onFailed(query: number, now: number): void {
    const phase = this.#phase
    if (!('query' in phase) || phase.query !== query) return
    // What could not be undone must be replaced.
    if (phase.kind === 'truncating') this.#reseed = true
    this.#phase = { kind: 'pausing', until: now + RETRY_MS }
  }

  /** Our disk is busy with the entry, and the peer's may be as well: it may even acknowledge it before ours has it. */
  onPrepared(entry: LoggedEntry, now: number): void {
    if (this.#phase.kind === 'live' && this.#cursor === entry.position.index && !this.#reading) this.#ship(entry, now)
  }

  onAppended(entry: LoggedEntry, now: number): void {
    const { index } = entry.position
    this.#last = index
    this.#meter.appended(index, entry.bytes.length, now)
    if (this.#phase.kind !== 'live' || this.#cursor > index) return
    if (this.#cursor !== index || this.#reading) return this.#pump()
    this.#ship(entry, now)
  }

  #ship(entry: LoggedEntry, now: number): void {
    if (this.#lane === 'queue') {
      this.#emit({ type: 'addJob', shard: this.#shard, entry })
      this.#note(entry, now)
    } else if (this.#windowOpen()) this.#sendDirect([entry], now)
  }

  onLogRead(read: number, entries: readonly LoggedEntry[] | null, now: number): void {
    if (!this.#reading || read !== this.#read || this.#phase.kind !== 'live') return
    this.#reading = false
    if (entries === null) return this.#snapshot()
    const fresh = entries.filter(entry => entry.position.index >= this.#cursor)
    if (fresh[0]?.position.index === this.#cursor) this.#sendDirect(fresh, now)
    if (entries.length > 0) this.#pump()
  }

  onAck(position: Position): void {
    if (this.#phase.kind !== 'live' || position.index <= this.#acked) return
    const sent = this.#sent.find(one => one.index === position.index)
    // An entry that is not ours, at an index that we have not come to.
    if (sent === undefined && position.index > this.#last) return
    // The index alone would count an entry that is not ours (I6).
    if (sent !== undefined && sent.hash !== position.hash) return this.#compare()
    this.#acked = position.index
    this.#standbyAt = position.index
    this.#ackedPosition = position
    if (this.#cursor <= position.index) this.#cursor = position.index + 1
    while (this.#sent[0] !== undefined && this.#sent[0].index <= position.index)
      this.#sentBytes -= this.#sent.shift()?.bytes ?? 0
    for (const index of this.#refusals.keys()) if (index <= position.index) this.#refusals.delete(index)
    this.#showGap()
    this.#pump()
  }

  /** Once may be a damaged message; after that the entry waits, and its primary goes solo when its bound is over. */
  onRefused(index: number, reason: string, now: number): void {
    if (this.#phase.kind !== 'live') return
    if (reason === 'sequence') return this.#compare()
    const times = (this.#refusals.get(index) ?? 0) + 1
    this.#refusals.set(index, times)
    if (times < REFUSALS_MAX) this.#rewind()
    else this.#phase = { kind: 'pausing', until: now + RETRY_MS }
  }

  onQueueSeen(nonce: string): void {
    if (this.#lane === 'direct' && nonce === this.#probed && this.level) this.#lane = 'queue'
  }

  onQueueTrouble(now: number): void {
    if (this.#lane === 'queue') this.#toDirect(now)
  }

  tick(now: number): void {
    const phase = this.#phase
    if (phase.kind === 'pausing' && now >= phase.until) return this.#compare()
    if (phase.kind !== 'live') return
    const oldest = this.#sent[0]
    if (this.#lane === 'queue') {
      if (oldest !== undefined && now - oldest.at > DIRECT_AFTER_MS) this.#toDirect(now)
      return
    }
    if (oldest !== undefined && now - oldest.at > DIRECT_RESEND_MS) this.#rewind()
    if (now >= this.#probeAt) {
      this.#probeAt = now + PROBE_EVERY_MS
      this.#probed = `${this.#shard}-${this.#session.slice(0, 12)}-${++this.#probe}`
      this.#emit({ type: 'probeQueue', nonce: this.#probed })
    }
    this.#pump()
  }

  #compare(): void {
    this.#phase = { kind: 'comparing', query: ++this.#query }
    this.#forgetSent()
    this.#reading = false
    this.#tell({ type: 'askTail', shard: this.#shard, query: this.#query })
  }

  #snapshot(): void {
    this.#phase = { kind: 'snapshotting', query: ++this.#query }
    this.#standbyAt = 0
    this.#gap = { from: 0, to: this.#last, since: null, shown: -1 }
    this.#showGap()
    this.#emit({ type: 'makeSnapshot', shard: this.#shard, query: this.#query })
  }

  #toDirect(now: number): void {
    this.#lane = 'direct'
    this.#probeAt = now + PROBE_EVERY_MS
    this.#probed = null
    this.#rewind()
  }

  /** Sends again all that is not acknowledged, from the log: a repeat costs the receiver nothing. */
  #rewind(): void {
    this.#cursor = this.#acked + 1
    this.#forgetSent()
    this.#reading = false
    this.#pump()
  }

  #pump(): void {
    if (this.#phase.kind !== 'live' || this.#reading || this.#cursor > this.#last || !this.#windowOpen()) return
    this.#reading = true
    this.#emit({ type: 'readLog', shard: this.#shard, read: ++this.#read, index: this.#cursor, bytesMax: READ_BYTES })
  }

  #windowOpen(): boolean {
    return this.#sent.length < WINDOW_ENTRIES && this.#sentBytes < WINDOW_BYTES
  }

  #tell(message: LinkMessage): void {
    this.#emit({ type: 'send', session: this.#session, message })
  }

  #sendDirect(entries: readonly LoggedEntry[], now: number): void {
    this.#emit({ type: 'sendEntries', session: this.#session, shard: this.#shard, entries })
    for (const entry of entries) this.#note(entry, now)
  }

  #note(entry: LoggedEntry, now: number): void {
    this.#sent.push({ index: entry.position.index, hash: entry.position.hash, at: now, bytes: entry.bytes.length })
    this.#sentBytes += entry.bytes.length
    this.#cursor = entry.position.index + 1
  }

  #showGap(): void {
    const gap = this.#gap
    if (gap === null) return
    const reached = Math.max(0, this.acked - gap.from)
    const percent = gap.to <= gap.from ? 100 : Math.min(100, Math.floor((100 * reached) / (gap.to - gap.from)))
    if (percent === gap.shown) return
    gap.shown = percent
    const done = percent === 100
    const { from, to } = gap
    this.#emit({ type: 'show', shard: this.#shard, what: 'rejoin', from, to, progress: percent, done })
    if (done) this.#gap = null
  }

  #forgetSent(): void {
    this.#sent = []
    this.#sentBytes = 0
  }
}
