// A body in pieces, with back-pressure: the sender spends credit, the reader gives it back as it takes the bytes.
import { DATA_BYTES_MAX, WINDOW_BYTES } from './limits.ts'

/** Where the pieces of one body go. */
export type Pieces = { data(end: boolean, bytes: Uint8Array): void }

const NOTHING = new Uint8Array(0)

/** Sends a body as far as there is credit. */
export class Sending {
  readonly #to: Pieces
  #credit: number
  #wanted: (() => void) | null = null
  #stopped = false

  constructor(to: Pieces, credit: number) {
    this.#to = to
    this.#credit = credit
  }

  add(bytes: number): void {
    this.#credit += bytes
    this.#wanted?.()
  }

  /** Nothing is sent from now on; `send` resolves soon. */
  stop(): void {
    this.#stopped = true
    this.#wanted?.()
  }

  /** Resolves when all was handed over, or it was stopped; rejects where the source does. */
  async send(source: AsyncIterable<Uint8Array>): Promise<void> {
    // nothing is pulled before the reader wants it
    if (!(await this.#someCredit())) return
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) {
        if (!(await this.#someCredit())) return
        const piece = chunk.subarray(at, at + Math.min(DATA_BYTES_MAX, this.#credit))
        this.#credit -= piece.length
        at += piece.length
        this.#to.data(false, piece)
      }
      if (this.#stopped) return
    }
    if (!this.#stopped) this.#to.data(true, NOTHING)
  }

  async #someCredit(): Promise<boolean> {
    while (this.#credit <= 0 && !this.#stopped) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wanted = resolve
      await promise
    }
    this.#wanted = null
    return !this.#stopped
  }
}

/** The reader's side, as a stream. */
export class Receiving {
  readonly stream: ReadableStream<Uint8Array>
  readonly #grant: (bytes: number) => void
  #out: ReadableStreamDefaultController<Uint8Array> | null = null
  #owed: number
  #window: number
  #wanted = false
  #over = false

  /**
   * @param window bytes that the sender may send already
   * @param cancelled the one who reads wants no more
   */
  constructor(window: number, grant: (bytes: number) => void, cancelled: () => void) {
    this.#window = window
    this.#owed = WINDOW_BYTES - window
    this.#grant = grant
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: out => {
          this.#out = out
        },
        pull: () => {
          this.#wanted = true
          this.#give()
        },
        cancel: () => {
          this.#over = true
          cancelled()
        },
      },
      // without a mark of its own nothing is pulled before somebody reads: what waits is bounded by the window
      { highWaterMark: 0 },
    )
  }

  /** Whether somebody waits for bytes right now. */
  get isWanted(): boolean {
    return this.#wanted && !this.#over
  }

  /** False where the sender had no credit for it. */
  take(bytes: Uint8Array): boolean {
    this.#window -= bytes.length
    if (this.#window < 0) return false
    if (bytes.length > 0 && !this.#over) {
      this.#owed += bytes.length
      this.#wanted = false
      // a view of the connection's chunk, which would keep all of it
      this.#out?.enqueue(new Uint8Array(bytes))
    }
    return true
  }

  close(): void {
    if (this.#over) return
    this.#over = true
    this.#out?.close()
  }

  fail(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#out?.error(error)
  }

  #give(): void {
    const owed = this.#owed
    if (owed === 0) return
    this.#owed = 0
    this.#window += owed
    this.#grant(owed)
  }
}
