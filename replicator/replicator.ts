// Runs a Pair on real parts: acts on its effects in order and tells it what happened. No decision is made here.
import type { View } from '../router/view.ts'
import { SHARDS, type ShardName } from '../router/words.ts'
import type { Effect, Event, OperatorCommand } from './core/events.ts'
import { parseMessage } from './core/messages.ts'
import { Pair } from './core/pair.ts'
import { isServing, leaseHolds } from './core/reign.ts'
import { isSole, isStanding, type State } from './core/state.ts'
import { decodeEntryFrame, encodeEntryFrame } from './link/entryframe.ts'
import { FRAME_ENTRIES, FRAME_MESSAGE, type FrameKind, type LinkTransport } from './link/transport.ts'
import { Listeners } from './listeners.ts'
import type { Parts } from './parts.ts'
import { shownData } from './queue/jobs.ts'
import type { EntryJob, QueueLane } from './queue/lane.ts'
import type { LoggedEntry } from './store/shardstore.ts'
import { Waiters } from './waiters.ts'

/** The write side of this origin: takes no more writes of a shard, and calls back when none is queued or in the writer. */
export type GateCloser = (shard: ShardName, closed: () => void) => void

/** Fine enough for the 100 ms of the direct lane, and some fifty wake-ups a second. */
const TICK_MS = 20
/** A confirmation that takes longer than a lease will not come: the read is judged anew, by whoever is primary then. */
const CONFIRM_MS = 1000

export class Replicator {
  readonly #parts: Parts
  readonly #pair: Pair
  readonly #link: LinkTransport
  readonly #queue: QueueLane
  readonly #events: Event[] = []
  #running = false
  #closed = false
  readonly #ticker: NodeJS.Timeout
  readonly #committed: Readonly<Record<ShardName, Waiters>> = { s0: new Waiters(), s1: new Waiters() }
  readonly #granted = new Waiters()
  #beatAsked = false
  readonly #listeners = new Listeners()
  /** more of a shard's history may be known to stay: told often, so listeners must do next to nothing */
  readonly advanced = new Listeners()
  readonly #replies = new Map<number, (reply: { ok: boolean; detail: string }) => void>()
  #commandId = 0
  #closeGate: GateCloser = (_, closed) => closed()
  #servingBefore = ''

  constructor(parts: Parts) {
    this.#parts = parts
    const lasts = { s0: parts.stores.s0.last(), s1: parts.stores.s1.last() }
    this.#pair = new Pair(parts.settings, parts.identity, lasts, parts.now())
    this.#link = parts.link({
      onUp: session => this.dispatch({ type: 'linkUp', session }),
      onDown: (session, why) => this.dispatch({ type: 'linkDown', session, why }),
      onFrame: (session, kind, payload) => this.#onFrame(session, kind, payload),
    })
    this.#queue = parts.queue({
      onEntry: job => this.#onJob(job),
      onProbe: nonce => this.dispatch({ type: 'probe', nonce }),
      onTrouble: why => this.dispatch({ type: 'queueTrouble', why }),
    })
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
  }

  /** For status pages and the gate; nobody else changes it. */
  get state(): Readonly<State> {
    return this.#pair.state
  }
  get queue(): QueueLane {
    return this.#queue
  }

  set closeGate(close: GateCloser) {
    this.#closeGate = close
  }

  /** The epoch to write in, or null while this process may not serve the shard. */
  serves(shard: ShardName): number | null {
    const { state } = this.#pair
    return isServing(state, shard, this.#parts.now()) ? (state.record?.epoch ?? null) : null
  }

  /** Within the lease, or the only member: I5, whatever else is going on (a handover, say). */
  holdsLease(): boolean {
    const { state } = this.#pair
    return !isStanding(state) && leaseHolds(state, this.#parts.now())
  }

  view(): View | null {
    const { record } = this.#pair.state
    if (record === null) return null
    return {
      lineage: record.lineage,
      epoch: record.epoch,
      primaries: { s0: record.primaries.s0.name, s1: record.primaries.s1.name },
    }
  }

  /** The writer made an entry, and its COMMIT has begun: ships it. */
  prepared(shard: ShardName, entry: LoggedEntry): void {
    this.dispatch({ type: 'prepared', shard, entry })
  }

  /** It is on this disk now. */
  appended(shard: ShardName, entry: LoggedEntry): void {
    this.dispatch({ type: 'appended', shard, entry })
  }

  /** True once everything up to `index` is committed; false where that can no longer be decided in this reign. */
  committed(shard: ShardName, index: number): boolean | Promise<boolean> {
    const state = this.#pair.state.shards[shard]
    if (state.reign === null) return false
    return index <= state.committed ? true : this.#committed[shard].wait(index)
  }

  /**
   * True once the peer has granted a beat that left after this call: whatever was read before it was read from the
   * primary, by no clock at all. All calls of one turn share a round trip. At once true for the only member.
   */
  confirm(): Promise<boolean> {
    const { state } = this.#pair
    if (isSole(state)) return Promise.resolve(true)
    if (!this.#beatAsked) {
      this.#beatAsked = true
      setImmediate(() => {
        this.#beatAsked = false
        this.dispatch({ type: 'beatNow' })
      })
    }
    return this.#granted.within(state.lease.seq + 1, CONFIRM_MS)
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  command(command: OperatorCommand): Promise<{ ok: boolean; detail: string }> {
    const { promise, resolve } = Promise.withResolvers<{ ok: boolean; detail: string }>()
    const id = ++this.#commandId
    this.#replies.set(id, resolve)
    this.dispatch({ type: 'command', id, command })
    return promise
  }

  dispatch(event: Event): void {
    if (this.#closed) return
    this.#events.push(event)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#pair.step(this.#parts.now(), next)) this.#act(effect)
        if (next.type === 'applied') this.advanced.tell()
      }
    } catch (error) {
      this.#parts.fatal('the replicator met a state that must not be', error)
    } finally {
      this.#running = false
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#ticker)
    for (const waiters of [...SHARDS.map(shard => this.#committed[shard]), this.#granted]) waiters.settle(false)
    await Promise.all([this.#link.close(), this.#queue.close(), this.#parts.acceptors.close()])
  }

  #tick(): void {
    this.dispatch({ type: 'tick' })
    // Leases and promises run out by time alone: those who wait for a change are told all the same.
    const serving = [...SHARDS.map(shard => this.serves(shard) !== null), this.holdsLease()].join()
    if (serving !== this.#servingBefore) this.#listeners.tell()
    this.#servingBefore = serving
  }

  #onFrame(session: string, kind: FrameKind, payload: Uint8Array): void {
    if (kind === FRAME_MESSAGE) {
      const message = parseMessage(payload)
      if (message === null) return this.#link.drop(session, 'a message that this version does not know')
      this.#parts.reach(`link.received.${message.type}`)
      return this.dispatch({ type: 'message', session, message })
    }
    const frame = decodeEntryFrame(payload)
    if (frame === null) return this.#link.drop(session, 'a frame of entries that is malformed')
    const { shard, incarnation, epoch } = frame
    for (const { index, bytes } of frame.entries)
      this.dispatch({ type: 'entry', session, shard, incarnation, epoch, index, bytes })
  }

  #onJob(job: EntryJob): void {
    this.#parts.reach('queue.received')
    this.dispatch({ type: 'entry', session: null, ...job })
  }

  #act(effect: Effect): void {
    const { stores, reach, log } = this.#parts
    switch (effect.type) {
      case 'persist':
        return this.#persist(effect)
      case 'send':
        reach(`link.send.${effect.message.type}`)
        this.#link.send(effect.session, FRAME_MESSAGE, new TextEncoder().encode(JSON.stringify(effect.message)))
        reach(`link.sent.${effect.message.type}`)
        return
      case 'sendEntries':
        return this.#sendEntries(effect)
      case 'dropLink':
        return this.#link.drop(effect.session, effect.why)
      case 'addJob':
        reach('queue.add')
        this.#queue.add(this.#job(effect.shard, effect.entry))
        reach('queue.added')
        return
      case 'probeQueue':
        return this.#queue.probe(effect.nonce)
      case 'register':
        return this.#register(effect)
      case 'apply':
        return this.#apply(effect.shard, effect.entries)
      case 'fence':
        return stores[effect.shard].fence(effect.epoch)
      case 'settle':
        stores[effect.shard].settle(effect.index)
        return this.advanced.tell()
      case 'readTail': {
        const { shard, purpose, max } = effect
        return this.#after(stores[shard].tail(max), positions => ({ type: 'tail', shard, purpose, positions }))
      }
      case 'locate':
        return this.#locate(effect)
      case 'readLog': {
        const { shard, read, index, bytesMax } = effect
        return this.#after(stores[shard].read(index, bytesMax), entries => ({ type: 'logRead', shard, read, entries }))
      }
      case 'undo': {
        const { shard, query, index, why } = effect
        const undone = stores[shard].undo(index, why)
        return this.#work(shard, query, undone, result => ({ type: 'undone', shard, query, ...result }))
      }
      case 'makeSnapshot': {
        const { shard, query } = effect
        return this.#work(shard, query, stores[shard].snapshot(), file => {
          this.#parts.keepSnapshot(shard, file)
          return {
            type: 'snapshotMade',
            shard,
            query,
            offer: { position: file.position, bytes: file.bytes, sha256: file.sha256 },
          }
        })
      }
      case 'install': {
        const { shard, query, offer, why } = effect
        const installed = this.#parts.fetchSnapshot(shard, offer).then(file => stores[shard].install(file, why))
        return this.#work(shard, query, installed, ({ last }) => ({ type: 'installed', shard, query, last }))
      }
      case 'closeGate':
        return this.#closeGate(effect.shard, () => this.dispatch({ type: 'gateClosed', shard: effect.shard }))
      case 'committed':
        return this.#committed[effect.shard].reached(effect.index)
      case 'granted':
        return this.#granted.reached(effect.seq)
      case 'reignEnded':
        this.#committed[effect.shard].settle(false)
        return log.warn({ shard: effect.shard, why: effect.why }, 'a reign ended')
      case 'changed':
        return this.#listeners.tell()
      case 'show':
        return this.#queue.show(effect.what, effect.shard, this.#shown(effect), effect.progress, effect.done)
      case 'reply':
        this.#replies.get(effect.id)?.({ ok: effect.ok, detail: effect.detail })
        this.#replies.delete(effect.id)
        return
      case 'log':
        return log[effect.level]({ ...effect.fields }, effect.message)
    }
  }

  #shown = (gap: Extract<Effect, { type: 'show' }>) =>
    shownData(gap, this.#pair.state.record?.epoch ?? 0, this.#parts.settings.name)

  #persist({ token, identity }: Extract<Effect, { type: 'persist' }>): void {
    const saved = this.#parts.identityFile.save(identity)
    this.#after(saved, () => ({ type: 'persisted', token }))
  }

  #sendEntries({ session, shard, entries }: Extract<Effect, { type: 'sendEntries' }>): void {
    const { settings } = this.#parts
    const frame = encodeEntryFrame({
      shard,
      incarnation: settings.incarnation,
      epoch: this.#pair.state.record?.epoch ?? 0,
      entries: entries.map(({ position, bytes }) => ({ index: position.index, bytes })),
    })
    this.#parts.reach('link.send.entries')
    this.#link.send(session, FRAME_ENTRIES, frame)
    this.#parts.reach('link.sent.entries')
  }

  #job(shard: ShardName, { position, bytes }: LoggedEntry): EntryJob {
    return { shard, epoch: position.epoch, index: position.index, incarnation: this.#parts.settings.incarnation, bytes }
  }

  #register({ round, acceptor, lineage, request }: Extract<Effect, { type: 'register' }>): void {
    const point = `${request.op}.${this.#pair.state.proposal?.why ?? 'probe'}`
    this.#parts.reach(`register.send.${point}`)
    this.#after(this.#parts.acceptors.send(acceptor, lineage, request), reply => {
      this.#parts.reach(`register.replied.${point}`)
      return { type: 'register', round, acceptor, reply }
    })
  }

  #apply(shard: ShardName, entries: readonly Uint8Array[]): void {
    this.#after(this.#parts.stores[shard].apply(entries), outcome =>
      outcome.kind === 'applied'
        ? { type: 'applied', shard, last: outcome.last }
        : { ...outcome, type: 'applyRefused', shard },
    )
  }

  #locate({ shard, query, positions }: Extract<Effect, { type: 'locate' }>): void {
    const peerLast = positions[0]
    if (peerLast === undefined) return
    this.#after(this.#parts.stores[shard].locate(positions), common => ({
      type: 'located',
      shard,
      query,
      peerLast,
      common,
    }))
  }

  /** What can fail without anything being wrong with this process. */
  #work<T>(shard: ShardName, query: number, promise: Promise<T>, event: (value: T) => Event): void {
    promise.then(
      value => this.dispatch(event(value)),
      (error: unknown) => this.dispatch({ type: 'workFailed', shard, query, why: String(error) }),
    )
  }

  #after<T>(promise: Promise<T>, event: (value: T) => Event): void {
    promise.then(
      value => this.dispatch(event(value)),
      (error: unknown) => this.#parts.fatal('a part that must not fail has failed', error),
    )
  }
}
