// One line for each answer that is a failure of ours, with its trace id; at `debug` one for every answer. Nothing else is
// done for the others: this stands in the path of every request.
import type { Log } from '../../replicator/log.ts'
import type { Incoming } from './answerheads.ts'
import { traceparentOf } from './wire.ts'

/** An outage fails thousands of requests a second for one and the same reason: as many lines say no more than these. */
const FAILURES_A_SECOND = 20
const TARGET_CHARS_MAX = 200
/** Asked every second by whoever balances: that a host is not ready is an answer, no failure, and has lines of its own. */
const READY = '/readyz'
const PLAIN_ID = /^[\x21-\x7e]{1,128}$/

export type RequestLogOptions = {
  readonly log: Log
  /** true where every request has its line */
  readonly verbose: () => boolean
  /** monotonic milliseconds */
  readonly now: () => number
}

export type Answered = (listener: 'public' | 'private', incoming: Incoming, status: number, tookMs: number) => void

export function createRequestLog({ log, verbose, now }: RequestLogOptions): Answered {
  let second = 0
  let lines = 0
  let left = 0
  return (listener, incoming, status, tookMs) => {
    if (status < 500 || incoming.url === READY) {
      if (verbose()) log.debug(about(listener, incoming, status, tookMs), 'answered')
      return
    }
    const at = Math.floor(now() / 1000)
    if (at !== second) {
      if (left > 0) log.warn({ left }, 'more requests failed than have a line')
      second = at
      lines = 0
      left = 0
    }
    lines++
    if (lines <= FAILURES_A_SECOND) log.warn(about(listener, incoming, status, tookMs), 'a request failed')
    else left++
  }
}

function about(listener: string, incoming: Incoming, status: number, tookMs: number): Record<string, unknown> {
  const [, trace] = traceparentOf(incoming).split('-')
  const request = incoming.headers['x-request-id']
  return {
    listener,
    trace,
    ...(typeof request === 'string' && PLAIN_ID.test(request) ? { request } : {}),
    method: incoming.method,
    target: (incoming.url ?? '').slice(0, TARGET_CHARS_MAX),
    status,
    tookMs: Number(tookMs.toFixed(2)),
    client: incoming.socket.remoteAddress,
  }
}
