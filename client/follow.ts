// Following changes over server-sent events: an endless loop that goes on from the last event it has seen, on whichever
// origin answers, until its signal ends it.
import type { Change } from '../origin/api/bodies.ts'
import { type Caller, pause } from './caller.ts'
import { failureOf, TandemError } from './failure.ts'
import { isChange, parsedJson } from './shapes.ts'

export type FollowOptions = {
  /** a cursor, or `now`; without it from the oldest change that is kept */
  readonly since?: string
  readonly collection?: string
  readonly signal?: AbortSignal
}

/** `cursor` is where to go on after it. */
export type Followed = Change & { readonly cursor: string }

const WAIT_MS_MIN = 100
const WAIT_MS_MAX = 3_000
/** Heartbeats come far more often: a stream that is silent for so long is dead. */
const SILENCE_MS = 45_000
/** Statuses after which the same question may be answered a moment later. */
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

export async function* follow(caller: Caller, options: FollowOptions): AsyncGenerator<Followed> {
  const { collection, signal = new AbortController().signal } = options
  let cursor = options.since ?? null
  let waitMs = WAIT_MS_MIN
  while (!signal.aborted) {
    for await (const event of stream(caller, collection, cursor, signal)) {
      waitMs = WAIT_MS_MIN
      if (event.id !== '') cursor = event.id
      const change = parsedJson(event.data)?.value
      if (isChange(change)) yield { ...change, cursor: event.id }
    }
    if (signal.aborted) return
    await pause(waitMs * (0.5 + Math.random() / 2), signal).catch(() => undefined)
    waitMs = Math.min(WAIT_MS_MAX, waitMs * 2)
  }
}

type Event = { readonly id: string; readonly data: string }

/** The events of one connection; ends when it does, throws where another one would be refused as well. */
async function* stream(
  caller: Caller,
  collection: string | undefined,
  since: string | null,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const query = new URLSearchParams()
  if (collection !== undefined) query.set('collection', collection)
  if (since !== null) query.set('since', since)
  const connection = new AbortController()
  const end = (): void => connection.abort()
  signal.addEventListener('abort', end, { once: true })
  let silence = setTimeout(end, SILENCE_MS)
  try {
    const response = await caller.open(`/v1/_changes?${query}`, { Accept: 'text/event-stream' }, connection.signal)
    if (!response.ok) {
      const failure = await failureOf(response)
      if (failure.name === 'unreachable' || PASSING.has(failure.status)) return
      throw new TandemError(failure)
    }
    if (response.body === null) return
    const lines = new Lines()
    for await (const bytes of response.body) {
      clearTimeout(silence)
      silence = setTimeout(end, SILENCE_MS)
      yield* lines.events(bytes)
    }
  } catch (error) {
    if (error instanceof TandemError) throw error
    // a connection that broke: its successor goes on from the cursor
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', end)
    connection.abort()
  }
}

/** WHATWG HTML 9.2.6, as far as this service uses it: fields `id` and `data`, comments, lines that end with LF. */
class Lines {
  readonly #decoder = new TextDecoder()
  #rest = ''
  #id = ''
  #data: string[] = []

  /** Those that are whole now. */
  events(bytes: Uint8Array): readonly Event[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap(line => this.#take(line))
  }

  #take(line: string): readonly Event[] {
    if (line === '') {
      const event = { id: this.#id, data: this.#data.join('\n') }
      this.#data = []
      return [event]
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') this.#id = value
    if (field === 'data') this.#data.push(value)
    return []
  }
}
