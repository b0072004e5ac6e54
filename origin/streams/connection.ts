// One proven connection of streams: frames in, an outbox out, and one end.
import { Socket } from 'node:net'
import type { Proven } from '../../replicator/link/handshake.ts'
import { type Frame, FrameDecoder } from './frame.ts'
import { WAITING_BYTES_MAX } from './limits.ts'
import { Outbox } from './outbox.ts'

export type ConnectionHandlers = {
  /** a sentence where the peer must not say that: the connection ends */
  readonly onFrame: (frame: Frame) => string | null
  /** the last moment of a turn to write what waits */
  readonly onFill: () => void
  /** once */
  readonly onOver: (why: string) => void
}

export class Connection {
  readonly outbox: Outbox
  readonly peerIncarnation: string
  readonly #socket: Proven['socket']
  readonly #handlers: ConnectionHandlers
  readonly #decoder = new FrameDecoder()
  #over = false
  /** bytes that came so far: whoever waits can tell silence from work */
  received = 0

  constructor({ socket, reader, peerIncarnation }: Proven, handlers: ConnectionHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    this.peerIncarnation = peerIncarnation
    this.outbox = new Outbox(socket, handlers.onFill)
    if (socket instanceof Socket) {
      socket.setNoDelay(true)
      // the listener's time for silent connections is not this one's: both ends may have nothing to ask
      socket.setTimeout(0)
    }
    socket.on('error', () => undefined)
    socket.on('close', () => this.end(socket.errored?.message ?? 'the connection was closed'))
    socket.on('end', () => this.end('the peer closed the connection'))
    if (socket.destroyed) process.nextTick(() => this.end('the connection was closed'))
    socket.on('data', this.#take)
    const early = reader.rest()
    if (early.length > 0) process.nextTick(() => this.#take(Buffer.from(early)))
    socket.resume()
  }

  get isFull(): boolean {
    return this.outbox.waitingBytes > WAITING_BYTES_MAX
  }

  end(why: string): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#handlers.onOver(why)
  }

  readonly #take = (chunk: Buffer): void => {
    if (this.#over) return
    this.received += chunk.length
    const broken = this.#decoder.push(chunk, frame => {
      const why = this.#handlers.onFrame(frame)
      if (why !== null) this.end(why)
      return !this.#over
    })
    if (broken !== null) this.end(broken)
  }
}
