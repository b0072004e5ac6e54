// Server-sent events (WHATWG HTML 9.2): how a change is written, and where one event ends in a stream that passes by.
import type { BareRequest } from './call.ts'
import type { Cursor } from './changes.ts'
import { encodeCursor } from './changes.ts'

export const EVENTS_TYPE = 'text/event-stream'
/** How soon a browser comes back after a stream has ended. */
const RETRY_MS = 1_000
/** A stream on which nothing happens says so this often: proxies and clients give up a silent connection. */
export const HEARTBEAT_MS = 5_000
/** A stream that has been silent for so long is dead, whatever the connection says. */
export const SILENCE_MS = 3 * HEARTBEAT_MS

/** Whether the client would take a stream of events, whatever else it takes. */
export function wantsEvents(request: Pick<BareRequest, 'headers'>): boolean {
  const accepted = request.headers.get('accept')?.toLowerCase() ?? ''
  return accepted.split(',').some(range => range.split(';')[0]?.trim() === EVENTS_TYPE)
}

export const OPENING = `retry: ${RETRY_MS}\n\n`

export const changeEvent = (item: string, cursor: Cursor): string => `id: ${encodeCursor(cursor)}\ndata: ${item}\n\n`

/** Moves the reader's place on, past changes of no interest to it; without data it is no event for the application. */
export const heartbeat = (cursor: Cursor): string => `: still here\nid: ${encodeCursor(cursor)}\n\n`

export const EVENTS_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': EVENTS_TYPE,
  'Cache-Control': 'no-store',
  // nginx and its like would collect it otherwise
  'X-Accel-Buffering': 'no',
}

const END = '\n\n'
const ID = /^id: (.*)$/m

/** Cuts a stream of ours into whole events, and knows the id of the last one. */
export class EventCutter {
  readonly #decoder = new TextDecoder()
  #rest = ''
  lastId: string | null = null

  /** The whole events that this chunk completes. Throws beyond `charsMax` without an end: that is no stream of ours. */
  push(chunk: Uint8Array, charsMax: number): string {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf(END)
    const cut = end === -1 ? 0 : end + END.length
    this.#rest = text.slice(cut)
    if (this.#rest.length > charsMax) throw new RangeError('an event without an end')
    const whole = text.slice(0, cut)
    const id = ID.exec(whole.slice(whole.lastIndexOf('\nid: ') + 1))
    if (id?.[1] !== undefined) this.lastId = id[1]
    return whole
  }
}
