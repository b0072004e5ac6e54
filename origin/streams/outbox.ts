// Frames on their way out: written side by side into one buffer, handed to the socket once a turn of the event loop. Half
// of the cost of a forwarded request would be its socket writes.
import type { Duplex } from 'node:stream'
import {
  ANSWER,
  ANSWER_BYTES,
  CANCEL,
  CREDIT,
  DATA,
  PREFIX_BYTES,
  REQUEST,
  REQUEST_BYTES,
  writePrefix,
} from './frame.ts'

/** Some hundred small requests. */
const SLAB_BYTES = 64 * 1024
/** Longer bodies are passed on as they are, uncopied. */
const COPY_BYTES_MAX = 4 * 1024
/** No character is longer in Latin-1. */
const sizeOf = (head: string): number => head.length

export class Outbox {
  readonly #socket: Duplex
  readonly #filling: () => void
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  /** of the slab, what is a part already, and what is written */
  #cut = 0
  #used = 0
  #parts: Uint8Array[] = []
  #due = false

  /** @param filling called at the end of the turn, before the flush: what waits is written now */
  constructor(socket: Duplex, filling: () => void) {
    this.#socket = socket
    this.#filling = filling
  }

  /** Bytes that the kernel has not taken. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  /** There will be something to write at the end of this turn. */
  wake(): void {
    if (this.#due) return
    this.#due = true
    setImmediate(this.#flush)
  }

  request(stream: number, end: boolean, head: string, body: Uint8Array | null): void {
    const length = sizeOf(head)
    let at = this.#begin(REQUEST, stream, REQUEST_BYTES + length, body)
    const slab = this.#slab
    slab[at] = end ? 1 : 0
    slab.writeUInt32BE(length, at + 1)
    at += REQUEST_BYTES
    at += slab.write(head, at, 'latin1')
    this.#finish(at, body)
  }

  answer(stream: number, end: boolean, status: number, head: string, body: Uint8Array | null): void {
    const length = sizeOf(head)
    let at = this.#begin(ANSWER, stream, ANSWER_BYTES + length, body)
    const slab = this.#slab
    slab[at] = end ? 1 : 0
    slab.writeUInt16BE(status, at + 1)
    slab.writeUInt32BE(length, at + 3)
    at += ANSWER_BYTES
    at += slab.write(head, at, 'latin1')
    this.#finish(at, body)
  }

  data(stream: number, end: boolean, bytes: Uint8Array): void {
    const at = this.#begin(DATA, stream, 1, bytes)
    this.#slab[at] = end ? 1 : 0
    this.#finish(at + 1, bytes)
  }

  credit(stream: number, bytes: number): void {
    const at = this.#begin(CREDIT, stream, 4, null)
    this.#slab.writeUInt32BE(bytes, at)
    this.#finish(at + 4, null)
  }

  cancel(stream: number): void {
    this.#finish(this.#begin(CANCEL, stream, 0, null), null)
  }

  /** Writes the prefix of a frame whose payload is `own` bytes here and then the body; returns where it begins. */
  #begin(kind: number, stream: number, own: number, body: Uint8Array | null): number {
    const size = body?.length ?? 0
    const room = PREFIX_BYTES + own + (size > COPY_BYTES_MAX ? 0 : size)
    if (this.#used + room > this.#slab.length) {
      this.#cutOff()
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, room))
      this.#cut = 0
      this.#used = 0
    }
    return writePrefix(this.#slab, this.#used, kind, stream, own + size)
  }

  #finish(at: number, body: Uint8Array | null): void {
    this.#used = at
    if (body !== null && body.length > COPY_BYTES_MAX) {
      this.#cutOff()
      this.#parts.push(body)
    } else if (body !== null) {
      this.#slab.set(body, at)
      this.#used += body.length
    }
    this.wake()
  }

  #cutOff(): void {
    if (this.#used > this.#cut) this.#parts.push(this.#slab.subarray(this.#cut, this.#used))
    this.#cut = this.#used
  }

  readonly #flush = (): void => {
    this.#filling()
    this.#due = false
    this.#cutOff()
    const parts = this.#parts
    if (parts.length === 0) return
    this.#parts = []
    if (parts.length === 1) this.#socket.write(parts[0])
    else {
      this.#socket.cork()
      for (const part of parts) this.#socket.write(part)
      this.#socket.uncork()
    }
  }
}
