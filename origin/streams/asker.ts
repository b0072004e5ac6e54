// The end that asks: its exchanges on one connection.
import type { Proven } from '../../replicator/link/handshake.ts'
import type { Forward, ForwardCall } from '../../router/call.ts'
import { Connection } from './connection.ts'
import { type Asking, Exchange } from './exchange.ts'
import type { Frame } from './frame.ts'
import { STREAMS_MAX } from './limits.ts'

/** Stream numbers are 32 bits; a connection that has used them up is replaced. */
const STREAM_MAX = 2 ** 32 - 1

export class Asker {
  readonly #connection: Connection
  readonly #asking: Asking
  readonly #exchanges = new Map<number, Exchange>()
  #waiting: Exchange[] = []
  #next = 1
  #over = false

  /** @param onOver once, after every exchange has been told */
  constructor(proven: Proven, onOver: (why: string) => void) {
    this.#connection = new Connection(proven, {
      onFrame: frame => this.#take(frame),
      onFill: () => this.#fill(),
      onOver: why => {
        this.#over = true
        for (const exchange of [...this.#exchanges.values()]) exchange.lost()
        onOver(why)
      },
    })
    this.#asking = {
      outbox: this.#connection.outbox,
      received: () => this.#connection.received,
      silent: () => this.end('it did not answer in time'),
      ended: exchange => this.#exchanges.delete(exchange.stream),
    }
  }

  get peerIncarnation(): string {
    return this.#connection.peerIncarnation
  }

  /** Whether another request may go this way. */
  get hasRoom(): boolean {
    return !this.#over && this.#exchanges.size < STREAMS_MAX && !this.#connection.isFull
  }

  forward(call: ForwardCall): Forward {
    const exchange = Exchange.of(call, this.#next, this.#asking)
    if (exchange === null) return UNFORWARDABLE
    this.#exchanges.set(this.#next, exchange)
    this.#waiting.push(exchange)
    this.#connection.outbox.wake()
    this.#next += 1
    if (this.#next > STREAM_MAX) this.end('its stream numbers are used up')
    return exchange
  }

  end(why: string): void {
    this.#connection.end(why)
  }

  #fill(): void {
    if (this.#over) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const exchange of waiting) exchange.begin()
  }

  #take(frame: Frame): string | null {
    const exchange = this.#exchanges.get(frame.stream)
    if (exchange !== undefined) return exchange.take(frame)
    // given up here while it was on its way; but what was never asked is nonsense
    return frame.stream < this.#next && frame.kind !== 'request' ? null : `an answer to stream ${frame.stream}`
  }
}

const UNFORWARDABLE: Forward = { result: Promise.resolve({ kind: 'unforwardable' }), abandon: () => undefined }
