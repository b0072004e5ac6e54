// The decision loop of a router, apart from any runtime: here → dispatch in-process, there → forward, nowhere → park,
// refused → follow the view that came with the refusal. A request is sent again only where that can do no harm.
import type { Aim, Target } from './aim.ts'
import { type Aimed, ANY_REIGN, aimBy } from './aimed.ts'
import type { Asked } from './asked.ts'
import { type Attempt, attemptOf, headOfResponse, headOfResult } from './attempt.ts'
import type { Forward, ForwardCall, ForwardResult, Inbound, LocalCall } from './call.ts'
import { forwardedRequestHeaders } from './hopbyhop.ts'
import { Journey, type RouterName } from './journey.ts'
import { MINTED_KEY_HEADER, type Seal, sealed } from './minted.ts'
import type { Parking } from './parking.ts'
import { passedOn } from './passedon.ts'
import { type Committed, forWrite, isSafe, type ProblemName, problem } from './problem.ts'
import { isRepeatable, verdict } from './repeat.ts'
import { outerTarget } from './shardtarget.ts'
import type { View } from './view.ts'
import { VIEW_HEADER } from './viewheader.ts'
import { Watch } from './watch.ts'
import type { Where, Whereabouts } from './whereabouts.ts'
import type { OriginName, ShardName } from './words.ts'

export type RouterPorts = {
  readonly name: RouterName
  readonly whereabouts: Whereabouts
  /** Answers on this origin. 421 means: the gate refused, nothing took effect. */
  local(call: LocalCall): Promise<Response>
  /** A safe request whose primary is elsewhere, answered here and now all the same; null where the primary must be asked. */
  spare?(call: LocalCall): Promise<Response | null> | null
  forward(origin: OriginName, call: ForwardCall): Forward
  readonly aim: Aim
  /** The view that came with an answer; null where it is none that may be believed. */
  openView(text: string | null): Promise<View | null>
  readonly seal: Seal
  /** told of every answer once it is decided: for metrics, it changes nothing */
  observed?(method: string, status: number, journey: Journey): void
  /** monotonic milliseconds */
  now(): number
}

/** After a failed attempt: first wait, doubled with each further one. */
const RETRY_MS_MIN = 10
const RETRY_MS_MAX = 250
/** A primary that moved after a refusal is asked at once, but two origins that name each other are not asked in a loop. */
const MOVES_AT_ONCE_MAX = 4

/** `go`: try again now */
type Waited = 'go' | 'over' | 'full' | 'closed'

export class Router {
  readonly #ports: RouterPorts
  readonly #parking: Parking
  readonly #watch: Watch

  constructor(ports: RouterPorts, parking: Parking) {
    this.#ports = ports
    this.#parking = parking
    this.#watch = new Watch(ports.whereabouts, origin => ports.aim.isSilent(origin), ports.now)
  }

  /** Resolves with an answer of some kind within the parking time and one forward; rejects only where `local` or `spare` does. */
  async route(arrived: Inbound): Promise<Response> {
    const journey = new Journey(this.#ports.now())
    const response = await this.#answer(arrived, journey)
    this.#ports.observed?.(arrived.request.method, response.status, journey)
    return response
  }

  async #answer(arrived: Inbound, journey: Journey): Promise<Response> {
    let inbound = arrived
    let hadTurn = false
    const deadline = journey.startedMs + parkMsOf(inbound.asked, this.#parking.limits.parkMs)
    for (;;) {
      const where = this.#where(inbound.shard)
      if (where.kind === 'there' && inbound.asked.kind === 'router' && !inbound.asked.relay) {
        return this.#elsewhere(inbound, journey)
      }
      if (where.kind === 'there' && isSafe(inbound.request.method)) {
        const response = await this.#spared(inbound, journey)
        if (response !== null) return response
      }
      // nobody overtakes those who waited before
      if (where.kind === 'wait' || (!hadTurn && this.#parking.isReleasing(inbound.shard, this.#ports.now()))) {
        const waited = await this.#wait(inbound, journey, deadline, now => now.kind !== 'wait')
        if (waited !== 'go') return this.#waitedInVain(waited, inbound, journey)
        hadTurn = true
        continue
      }
      journey.attempts += 1
      const attempt =
        where.kind === 'here' ? await this.#here(inbound, journey) : await this.#there(where, inbound, journey)
      if (attempt.kind === 'answer') return attempt.response
      if (attempt.kind === 'closed') return this.#waitedInVain('closed', inbound, journey)
      if (attempt.kind === 'undecided') return this.#undecided(inbound, journey)
      if (attempt.kind === 'unsure') journey.lost(attempt.upTo)
      if (attempt.kind === 'outdated') {
        if (journey.lostUpTo !== null) return this.#undecided(inbound, journey)
        inbound = { ...inbound, minted: null, once: false }
        continue
      }
      if (inbound.body.kind === 'stream' && inbound.body.touched) return this.#notReplayable(inbound, journey)
      if (!attempt.failed && this.#isOutaimed(inbound)) return this.#elsewhere(inbound, journey)
      // what goes to another primary from now on doubles nobody's load
      const same = placeOf(this.#where(inbound.shard), inbound.shard) === placeOf(where, inbound.shard)
      if (attempt.failed && same && !this.#ports.aim.mayRetry()) return this.#waitedInVain('full', inbound, journey)
      const waited = await this.#pause(where, inbound, journey, deadline)
      if (waited !== 'go') return this.#waitedInVain(waited, inbound, journey)
    }
  }

  /** A router before us aimed by an older view than ours: the primary refuses what that router must aim anew. */
  #isOutaimed({ aimed, shard }: Inbound): boolean {
    if (aimed === undefined || aimed === null) return false
    const where = this.#where(shard)
    return where.kind === 'there' && where.view.epoch > aimed
  }

  /** A view that sends us to ourselves while we do not serve is a view of the past: wait for the next. */
  #where(shard: ShardName): Where {
    const where = this.#ports.whereabouts.where(shard)
    if (where.kind === 'there' && where.view.primaries[shard] === this.#ports.name) {
      return { kind: 'wait', view: where.view, why: 'The primary is about to begin.' }
    }
    return where
  }

  async #here(inbound: Inbound, journey: Journey): Promise<Attempt> {
    journey.nextHop = null
    const { body } = inbound
    // the store may hand the bytes over to another thread: keep ours for another try
    const call: LocalCall =
      body.kind === 'bytes' ? { ...inbound, body: { kind: 'bytes', bytes: body.bytes.slice() } } : inbound
    const response = await this.#ports.local(call)
    if (response.status === 421) {
      journey.error = 'destination_unavailable'
      return { kind: 'again', failed: false }
    }
    const head = headOfResponse(response)
    const kind = verdict(head, inbound, journey)
    if (kind !== 'answer') return attemptOf(kind, head, inbound.aimed ?? null)
    return { kind: 'answer', response: this.#fromHere(response, journey) }
  }

  /** No attempt where it comes to nothing: the primary is asked instead. */
  async #spared(inbound: Inbound, journey: Journey): Promise<Response | null> {
    const response = (await this.#ports.spare?.(inbound)) ?? null
    if (response === null) return null
    journey.attempts += 1
    journey.nextHop = null
    return this.#fromHere(response, journey)
  }

  #fromHere(response: Response, journey: Journey): Response {
    const status = journey.proxyStatus(this.#ports.name, false)
    if (status !== null) response.headers.set('Proxy-Status', status)
    return response
  }

  async #there(where: Where & { kind: 'there' }, inbound: Inbound, journey: Journey): Promise<Attempt> {
    const { shard, body } = inbound
    const ask = this.#ports.aim.choose(shard, where.view, journey.tried, body.kind !== 'stream')
    const { origin } = ask
    const { signal } = inbound.request
    if (signal.aborted) return { kind: 'closed' }
    journey.nextHop = origin
    journey.tried = origin
    const { view } = where
    const aimed = aimBy(inbound.request.method, view, inbound.aimed)
    const headers = forwardedRequestHeaders(inbound.rawHeaders, inbound.client, inbound.traceparent)
    if (inbound.minted !== null) headers.push(MINTED_KEY_HEADER, await sealed(inbound.minted, this.#ports.seal))
    const forward = this.#ports.forward(origin, {
      method: inbound.request.method,
      target: inbound.target,
      headers,
      body,
      ask,
      knows: view.epoch === 0 ? null : view,
      aimed,
      answerMs: this.#parking.limits.parkMs,
    })
    signal.addEventListener('abort', forward.abandon, { once: true })
    const primary = where.view.primaries[shard]
    const unwatch = this.#watch.over(shard, primary, origin, isRepeatable(inbound), forward.abandon)
    const result = await forward.result
    unwatch()
    signal.removeEventListener('abort', forward.abandon)
    if (result.kind === 'response') return this.#received(result, inbound, journey, aimed)
    if (signal.aborted) return { kind: 'closed' }
    if (result.kind === 'unforwardable') {
      return { kind: 'answer', response: this.#refuse('bad-request', inbound, journey, 'no', false) }
    }
    journey.error = result.why
    if (result.kind === 'notSent' || isVoid(ask, primary, aimed)) return { kind: 'again', failed: true }
    return isRepeatable(inbound) ? { kind: 'unsure', failed: true, upTo: aimed ?? ANY_REIGN } : { kind: 'undecided' }
  }

  async #received(
    result: ForwardResult & { kind: 'response' },
    inbound: Inbound,
    journey: Journey,
    aimed: Aimed,
  ): Promise<Attempt> {
    const view = result.headers[VIEW_HEADER]
    if (typeof view === 'string') await this.#learn(view)
    if (result.status === 421) {
      if (result.body instanceof ReadableStream) void result.body.cancel()
      journey.error = 'destination_unavailable'
      return { kind: 'again', failed: false }
    }
    const { method } = inbound.request
    const head = headOfResult(result)
    const kind = verdict(head, inbound, journey)
    if (kind !== 'answer') {
      if (result.body instanceof ReadableStream) void result.body.cancel()
      return attemptOf(kind, head, aimed)
    }
    return { kind: 'answer', response: passedOn(result, method, journey.proxyStatus(this.#ports.name, false)) }
  }

  async #learn(text: string): Promise<void> {
    const view = await this.#ports.openView(text)
    if (view !== null) this.#ports.whereabouts.learn(view)
  }

  /** After a failed attempt at `tried`: at once where the primary is elsewhere now, else a little later. */
  #pause(tried: Where, inbound: Inbound, journey: Journey, deadline: number): Promise<Waited> | Waited {
    const elsewhere = (now: Where): boolean =>
      journey.moves < MOVES_AT_ONCE_MAX &&
      (placeOf(now, inbound.shard) !== placeOf(tried, inbound.shard) || this.#otherIsNext(now, inbound, journey))
    if (this.#ports.now() >= deadline) return 'over'
    if (elsewhere(this.#where(inbound.shard))) {
      journey.moves += 1
      return 'go'
    }
    return this.#backOff(inbound, journey, deadline, elsewhere)
  }

  /** The one that was tried has failed or knows no better: the other is asked before it is asked again. */
  #otherIsNext(now: Where, { shard, body }: Inbound, { tried }: Journey): boolean {
    if (now.kind !== 'there' || tried === null) return false
    return this.#ports.aim.choose(shard, now.view, tried, body.kind !== 'stream').origin !== tried
  }

  async #backOff(
    inbound: Inbound,
    journey: Journey,
    deadline: number,
    until: (now: Where) => boolean,
  ): Promise<Waited> {
    const retryMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(journey.attempts - 1, 8))
    const retryAt = this.#ports.now() + retryMs
    if (retryAt >= deadline) return 'over'
    const waited = await this.#wait(inbound, journey, retryAt, until)
    if (waited === 'go') journey.moves += 1
    return waited === 'over' ? 'go' : waited
  }

  async #wait(inbound: Inbound, journey: Journey, untilMs: number, enough: (now: Where) => boolean): Promise<Waited> {
    const bytes = inbound.body.kind === 'bytes' ? inbound.body.bytes.length : 0
    if (!this.#parking.enter(bytes)) return 'full'
    const { whereabouts, now } = this.#ports
    const { signal } = inbound.request
    const from = now()
    let turnAt: number | null = null
    try {
      while (!signal.aborted) {
        const at = now()
        if (!enough(this.#where(inbound.shard))) turnAt = null
        else turnAt ??= this.#parking.turn(inbound.shard, at)
        if (turnAt !== null && at >= turnAt) return 'go'
        if (at >= untilMs) return 'over'
        await whereabouts.changed(Math.min(turnAt ?? untilMs, untilMs) - at, signal)
      }
      return 'closed'
    } finally {
      this.#parking.leave(bytes)
      journey.parkedMs += now() - from
    }
  }

  #waitedInVain(waited: 'over' | 'full' | 'closed', inbound: Inbound, journey: Journey): Response {
    if (journey.lostUpTo !== null && !isSafe(inbound.request.method)) return this.#undecided(inbound, journey)
    if (waited === 'closed') return this.#refuse('client-closed', inbound, journey, 'no', true)
    if (inbound.asked.kind === 'router') return this.#elsewhere(inbound, journey)
    if (waited === 'full') return this.#refuse('overloaded', inbound, journey, 'no', true)
    if (journey.error === 'http_response_timeout') return this.#refuse('gateway-timeout', inbound, journey, 'no', true)
    const where = this.#where(inbound.shard)
    const detail = where.kind === 'wait' ? where.why : 'The primary could not be reached in time.'
    journey.error ??= 'destination_unavailable'
    return this.#refuse('no-primary', inbound, journey, 'no', true, detail)
  }

  /** A router asked, nothing took effect, and there may be a better place; the view goes with it. */
  #elsewhere(inbound: Inbound, journey: Journey): Response {
    return this.#refuse('misdirected', inbound, journey, 'no', true)
  }

  #undecided(inbound: Inbound, journey: Journey): Response {
    const detail =
      'The primary was lost after the write was sent, and nobody could say in time what became of it. Read the document, or ask again with the same Idempotency-Key.'
    // our own key dies with this answer: only the client's makes another request of it the same write
    const retryable = inbound.once && inbound.minted === null
    return this.#refuse('outcome-unknown', inbound, journey, 'unknown', retryable, detail)
  }

  #notReplayable(inbound: Inbound, journey: Journey): Response {
    const detail = 'The primary moved while the body was on its way. Nothing took effect: send the request again.'
    return this.#refuse('not-replayable', inbound, journey, 'no', true, detail)
  }

  #refuse(
    name: ProblemName,
    inbound: Inbound,
    journey: Journey,
    committed: Committed,
    retryable: boolean,
    detail?: string,
  ): Response {
    const status = journey.proxyStatus(this.#ports.name, true)
    return problem(name, {
      ...(detail === undefined ? {} : { detail }),
      instance: outerTarget(inbound.target),
      ...forWrite(inbound.request.method, committed, retryable),
      headers: {
        'Tandem-Origin': this.#ports.name,
        'Tandem-Shard': inbound.shard,
        ...(status === null ? {} : { 'Proxy-Status': status }),
      },
    })
  }
}

/** A router that asked waits here for a moment only: it may know, or learn, of a better place. */
const parkMsOf = (asked: Asked, parkMs: number): number =>
  asked.kind === 'client' ? parkMs : Math.min(asked.parkMs, parkMs)

/**
 * A write that reached one that is no primary by the view that it was aimed by, and that was not asked to relay: that one takes
 * it in a later reign alone, and such a reign refuses what was aimed before it.
 */
const isVoid = ({ origin, relay }: Target, primary: OriginName, aimed: Aimed): boolean =>
  origin !== primary && !relay && aimed !== null

/** Two places are the same where a second attempt would meet the same process in the same reign. */
function placeOf(where: Where, shard: ShardName): string {
  if (where.kind === 'there') return where.view.primaries[shard]
  return where.kind
}
