// The live stream (server-sent events): one drawing a second for all who watch, to each what changed since its last.
import { SAFE_HEADERS } from './layout.ts'

/** A page is open on a phone, a laptop and the wall. */
const WATCHERS_MAX = 32
const EVERY_MS = 1000
/** Then the stream ends, the browser asks again by itself, and its session is looked at and renewed. */
const STREAM_MS = 10 * 60_000
/** Chunks that a slow browser has not taken: it is skipped until it has. */
const UNREAD_MAX = 4

/** id and content of each section */
export type Drawing = ReadonlyMap<string, string>

type Watcher = {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  readonly sent: Map<string, string>
  readonly endsAt: number
}

export class LiveEvents {
  readonly #draw: () => Promise<Drawing>
  readonly #now: () => number
  readonly #onError: (error: unknown) => void
  readonly #watchers = new Set<Watcher>()
  readonly #encoder = new TextEncoder()
  #timer: NodeJS.Timeout | null = null
  #drawing = false
  #closed = false

  /** Nothing is drawn, and no peer is asked, while nobody watches. @param now monotonic milliseconds */
  constructor(draw: () => Promise<Drawing>, now: () => number, onError: (error: unknown) => void) {
    this.#draw = draw
    this.#now = now
    this.#onError = onError
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /** Null where too many watch already. @param sessionMs how long the session lasts at most */
  open(sessionMs: number, headers: Headers): Response | null {
    if (this.#closed || this.#watchers.size >= WATCHERS_MAX) return null
    let watcher: Watcher | null = null
    const body = new ReadableStream<Uint8Array>(
      {
        start: controller => {
          watcher = { controller, sent: new Map(), endsAt: this.#now() + Math.min(STREAM_MS, sessionMs) }
          this.#watchers.add(watcher)
          controller.enqueue(this.#encoder.encode('retry: 1000\n\n'))
          void this.#tick()
        },
        cancel: () => {
          if (watcher !== null) this.#watchers.delete(watcher)
        },
      },
      { highWaterMark: UNREAD_MAX },
    )
    this.#timer ??= setInterval(() => void this.#tick(), EVERY_MS)
    for (const [name, value] of Object.entries(SAFE_HEADERS)) headers.set(name, value)
    headers.set('Content-Type', 'text/event-stream')
    return new Response(body, { headers })
  }

  /** Ends every stream: a closing server waits for its connections. */
  close(): void {
    this.#closed = true
    for (const watcher of this.#watchers) this.#end(watcher)
    this.#rest()
  }

  async #tick(): Promise<void> {
    if (this.#drawing) return
    if (this.#watchers.size === 0) return this.#rest()
    this.#drawing = true
    try {
      const drawing = await this.#draw()
      for (const watcher of this.#watchers) this.#tell(watcher, drawing)
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#drawing = false
    }
  }

  #tell(watcher: Watcher, drawing: Drawing): void {
    if (this.#now() >= watcher.endsAt) return this.#end(watcher)
    if ((watcher.controller.desiredSize ?? 0) <= 0) return
    const changed = [...drawing].filter(([id, html]) => watcher.sent.get(id) !== html)
    for (const [id, html] of changed) watcher.sent.set(id, html)
    const data = JSON.stringify(changed.map(([id, html]) => ({ id, html })))
    watcher.controller.enqueue(this.#encoder.encode(`event: sections\ndata: ${data}\n\n`))
  }

  #end(watcher: Watcher): void {
    if (this.#watchers.delete(watcher)) watcher.controller.close()
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
