// Our end of the peer's queue: adds in order, pipelined, bounded. What fails here goes by the direct lane.
import type { OriginName } from '../../router/words.ts'
import { MasterClients, type SentinelSettings, within } from '../redis.ts'
import { fleetingOptions, jobOptions, mirrorQueueName, openQueue, type Queue } from './bullmq.ts'
import { beatForm, entryForm, entryId, probeForm } from './jobs.ts'
import type { EntryJob } from './lane.ts'
import { type Failures, NO_FAILURES, oneMore } from './watchdog.ts'

/** Adds without an answer of Redis: some 60 ms of what BullMQ takes in a second. */
const IN_FLIGHT_MAX = 256
const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024
/** Above the client's own command timeout (1000 ms), which it backs up. */
const ADD_MS = 1200
/** Jobs that wait in the peer's queue: a peer that takes none must not fill the memory of Redis. */
const WAITING_MAX = 4096
/** Ids that are remembered as sent: more than can be unacknowledged. */
const SENT_MAX = 8192

export type OutboundSettings = {
  readonly self: OriginName
  readonly peer: OriginName
  readonly incarnation: string
  readonly sentinels: SentinelSettings
}

/** One life of the connection and its queues; a rebuild makes a new one. */
type Life = { readonly clients: MasterClients; readonly peer: End; readonly own: End }
type End = { readonly queue: Queue; failures: Failures }

export class Outbound {
  readonly #settings: OutboundSettings
  readonly #onTrouble: (why: string) => void
  readonly #onError: (error: Error) => void
  readonly #sent = new Set<string>()
  #life: Life
  #inFlight = 0
  #inFlightBytes = 0
  #waiting = 0
  #closing = false

  constructor(settings: OutboundSettings, onTrouble: (why: string) => void, onError: (error: Error) => void) {
    this.#settings = settings
    // Never from within `entry` or `probe`: the caller is in the middle of a decision.
    this.#onTrouble = why => queueMicrotask(() => onTrouble(why))
    this.#onError = onError
    this.#life = this.#open()
  }

  get failures(): readonly Failures[] {
    return [this.#life.peer.failures, this.#life.own.failures]
  }
  get clients(): MasterClients {
    return this.#life.clients
  }

  entry(job: EntryJob): void {
    const bytes = job.bytes.length
    if (this.#refuses(bytes)) return
    const id = entryId(job)
    const form = entryForm(job)
    const { peer } = this.#life
    const again = this.#remember(id)
    // A job of that id that is done, or failed, is in the history still and would swallow the new one.
    const add = () => peer.queue.add(form.name, form.data, jobOptions(form.id, bytes))
    this.#track(peer, again ? peer.queue.remove(id).then(add) : add(), bytes)
  }

  probe(nonce: string): void {
    if (this.#refuses(0)) return
    const form = probeForm(nonce)
    const { peer } = this.#life
    this.#track(peer, peer.queue.add(form.name, form.data, fleetingOptions(form.id)), 0)
  }

  /** True where Redis has it. */
  async beat(beat: number): Promise<boolean> {
    const form = beatForm(this.#settings.incarnation, beat)
    const { own } = this.#life
    try {
      await within(own.queue.add(form.name, form.data, fleetingOptions(form.id)), ADD_MS, 'beat')
      own.failures = NO_FAILURES
      return true
    } catch (error) {
      blame(own, error)
      return false
    }
  }

  /** Looks how full the peer's queue is. Rejects where Redis does not answer in time. */
  async measure(): Promise<void> {
    this.#waiting = await within(this.#life.peer.queue.getWaitingCount(), ADD_MS, 'count')
  }

  rebuild(): void {
    const old = this.#life
    this.#life = this.#open()
    old.clients.close()
  }

  close(): void {
    this.#closing = true
    this.#life.clients.close()
  }

  #open(): Life {
    const { self, peer, sentinels } = this.#settings
    const clients = new MasterClients(sentinels, 'queue', this.#onError)
    return {
      clients,
      peer: { queue: openQueue(mirrorQueueName(peer), clients.client, this.#onError), failures: NO_FAILURES },
      own: { queue: openQueue(mirrorQueueName(self), clients.client, this.#onError), failures: NO_FAILURES },
    }
  }

  #refuses(bytes: number): boolean {
    if (this.#closing) return true
    const full = this.#inFlight >= IN_FLIGHT_MAX || this.#inFlightBytes + bytes > IN_FLIGHT_BYTES_MAX
    if (full && this.#inFlight > 0) this.#onTrouble(`${this.#inFlight} jobs have no answer of Redis yet`)
    else if (this.#waiting >= WAITING_MAX) this.#onTrouble(`${this.#waiting} jobs wait in the peer's queue`)
    else return false
    return true
  }

  #remember(id: string): boolean {
    const again = this.#sent.delete(id)
    this.#sent.add(id)
    if (this.#sent.size > SENT_MAX) for (const oldest of this.#sent) if (this.#sent.delete(oldest)) break
    return again
  }

  #track(end: End, added: Promise<unknown>, bytes: number): void {
    this.#inFlight++
    this.#inFlightBytes += bytes
    this.#waiting++
    within(added, ADD_MS, 'add')
      .then(
        () => {
          end.failures = NO_FAILURES
        },
        (error: unknown) => {
          blame(end, error)
          if (!this.#closing) this.#onTrouble(error instanceof Error ? error.message : String(error))
        },
      )
      .finally(() => {
        this.#inFlight--
        this.#inFlightBytes -= bytes
      })
  }
}

/** An error that Redis itself sent (no replicas, out of memory) is an answer: the connection is not to blame. */
function blame(end: End, error: unknown): void {
  const answered = error instanceof Error && error.name === 'ReplyError'
  end.failures = answered ? NO_FAILURES : oneMore(end.failures, performance.now())
}
