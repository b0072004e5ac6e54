// The feed, live, through the edge: an origin's stream is passed on event by event, and when it breaks or ends the other
// one goes on from the last id that was passed. What the client reads is one stream.

import type { Known } from './asked.ts'
import type { Forward, ForwardCall, ForwardResult } from './call.ts'
import { EventCutter, SILENCE_MS } from './events.ts'
import type { GatherCall } from './gather.ts'
import { forwardedRequestHeaders } from './hopbyhop.ts'
import { passedOn } from './passedon.ts'
import { problem } from './problem.ts'
import { type OriginName, peerOf } from './words.ts'

/** Between two attempts that brought nothing: doubled with each. */
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 1_000
/** Until an origin has said whether it streams. It may wait a moment itself, to know where a cursor is. */
const OPEN_MS = 5_000
/** An event is an id and a line about a change: with the longest key some 16 KiB. */
const EVENT_CHARS_MAX = 64 * 1024

export type FollowPorts = {
  forward(origin: OriginName, call: ForwardCall): Forward
  /** which origin is asked first */
  first(): OriginName
  knows(): Known | null
  /** how long a stream may be without an origin before it ends */
  readonly parkMs: number
  readonly now: () => number
}

type Opened = { readonly forward: Forward; readonly result: ForwardResult & { readonly kind: 'response' } }

export class EdgeFollow {
  readonly #ports: FollowPorts
  readonly #call: GatherCall
  #origin: OriginName
  #forward: Forward | null = null
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null
  #cutter = new EventCutter()
  /** where the client is: at first where it said that it is */
  #lastId: string | null
  #movedAt: number
  #over = false

  constructor(ports: FollowPorts, call: GatherCall) {
    this.#ports = ports
    this.#call = call
    this.#origin = ports.first()
    this.#lastId = call.request.headers.get('last-event-id')
    this.#movedAt = ports.now()
  }

  async answer(): Promise<Response> {
    const opened = await this.#open()
    if (opened === null) {
      const about = { instance: this.#call.target, headers: { 'Tandem-Origin': 'edge' } }
      return problem('no-primary', { ...about, detail: 'No origin can serve the feed now.' })
    }
    const status = `tandem-edge; next-hop=${this.#origin}`
    if (!this.#take(opened)) return passedOn(opened.result, 'GET', status)
    const body = new ReadableStream<Uint8Array>({
      pull: out => this.#pull(out),
      cancel: () => this.#end(),
    })
    return passedOn({ ...opened.result, body }, 'GET', status)
  }

  async #pull(out: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (!this.#over) {
      const events = await this.#read()
      if (events !== null && events !== '') return out.enqueue(new TextEncoder().encode(events))
      if (events !== null) continue
      this.#forward?.abandon()
      this.#origin = peerOf(this.#origin)
      const opened = this.#over ? null : await this.#open()
      if (opened === null || !this.#take(opened)) {
        this.#end()
        return out.close()
      }
    }
  }

  /** Whole events; null where the stream broke, ended, or fell silent. */
  async #read(): Promise<string | null> {
    const reader = this.#reader
    if (reader === null) return null
    const late = Promise.withResolvers<null>()
    const timer = setTimeout(() => late.resolve(null), SILENCE_MS)
    try {
      const part = await Promise.race([reader.read(), late.promise])
      if (part?.value === undefined) return null
      const events = this.#cutter.push(part.value, EVENT_CHARS_MAX)
      if (this.#cutter.lastId !== null) {
        this.#lastId = this.#cutter.lastId
        this.#movedAt = this.#ports.now()
      }
      return events
    } catch {
      // an origin that died: the other one goes on
      return null
    } finally {
      clearTimeout(timer)
    }
  }

  /** An answer that is worth passing on; null where none came in time, counted from the last event. */
  async #open(): Promise<Opened | null> {
    const { now, parkMs } = this.#ports
    for (let tries = 0; ; tries++) {
      const forward = this.#ports.forward(this.#origin, this.#request())
      this.#forward = forward
      const result = await forward.result
      if (this.#over) forward.abandon()
      else if (result.kind === 'response' && result.status < 500 && result.status !== 421) return { forward, result }
      else if (result.kind === 'response' && result.body instanceof ReadableStream) void result.body.cancel()
      if (this.#over || now() - this.#movedAt > parkMs) return null
      this.#origin = peerOf(this.#origin)
      await new Promise(resolve => setTimeout(resolve, Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(tries, 8))))
    }
  }

  /** True where it is a stream. */
  #take({ forward, result }: Opened): boolean {
    if (result.status !== 200 || !(result.body instanceof ReadableStream)) return false
    this.#forward = forward
    this.#reader = result.body.getReader()
    this.#cutter = new EventCutter()
    return true
  }

  #request(): ForwardCall {
    const { rawHeaders, client, traceparent, target } = this.#call
    const headers = without(forwardedRequestHeaders(rawHeaders, client, traceparent), 'last-event-id')
    if (this.#lastId !== null) headers.push('Last-Event-ID', this.#lastId)
    const ask = { origin: this.#origin, relay: false, parkMs: 0 }
    const method = 'GET'
    return {
      method,
      target,
      headers,
      body: { kind: 'none' },
      ask,
      knows: this.#ports.knows(),
      aimed: null,
      answerMs: OPEN_MS,
    }
  }

  #end(): void {
    this.#over = true
    this.#forward?.abandon()
  }
}

function without(flat: readonly string[], name: string): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < flat.length; at += 2)
    if (flat[at]?.toLowerCase() !== name) kept.push(flat[at] ?? '', flat[at + 1] ?? '')
  return kept
}
