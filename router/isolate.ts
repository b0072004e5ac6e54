// What the requests of one edge isolate share: plain data only. Views, health, the retry budget, room for waiting.
import type { Wire } from './app.ts'
import type { Known } from './asked.ts'
import { NO_BODY } from './body.ts'
import type { ForwardResult, Inbound } from './call.ts'
import { EdgeAim } from './edgeaim.ts'
import { EdgeViews } from './edgeviews.ts'
import { EdgeWhereabouts } from './edgewhereabouts.ts'
import { EdgeFollow, type FollowPorts } from './follow.edge.ts'
import { edgeForward } from './forward.edge.ts'
import type { GatherCall } from './gather.ts'
import { Health } from './health.ts'
import { forwardedRequestHeaders } from './hopbyhop.ts'
import { type Mac, webMac } from './mac.ts'
import type { Seal } from './minted.ts'
import { Parking } from './parking.ts'
import { passedOn } from './passedon.ts'
import { problem } from './problem.ts'
import { RetryBudget } from './retrybudget.ts'
import { Router } from './route.ts'
import { createSeal } from './seal.ts'
import { openView } from './signedview.ts'
import { beginTrace } from './trace.ts'
import { VIEW_HEADER } from './viewheader.ts'
import { ORIGINS, type OriginName, peerOf } from './words.ts'

/** An isolate has 128 MB for everything, and at most some thousand requests at a time. */
const PARKED_REQUESTS_MAX = 2_000
const PARKED_BYTES_MAX = 32 * 1024 * 1024
/**
 * While something waits, the origins are asked for their view so often, by one request of the isolate at a time. A takeover
 * from a host that is silent is learnt so: its bound of 1.6 s has 0.3 s left for that.
 */
const PROBE_EVERY_MS = 100
const PROBE_ANSWER_MS = 1_000
const PROBE_TARGET = '/livez'

/** What makes a write one that has no second try. */
const SENT_ONCE = { minted: null, once: false } as const

export type EdgeSettings = {
  readonly origins: Readonly<Record<OriginName, string>>
  readonly secret: string
  readonly parkMs: number
}

/** Work that may outlive its answer. */
export type KeepAlive = (work: Promise<unknown>) => void

export class Isolate {
  readonly #settings: EdgeSettings
  readonly #mac: Mac
  readonly #views = new EdgeViews()
  readonly #health = new Health(Math.random)
  readonly #budget = new RetryBudget()
  #parking: Parking
  #parkingUntil = 0
  #probedAt = 0

  readonly seal: Seal

  constructor(settings: EdgeSettings) {
    this.#settings = settings
    this.#mac = webMac(settings.secret)
    this.seal = createSeal(this.#mac)
    this.#parking = this.#newParking()
  }

  async route(arrived: Inbound, keepAlive: KeepAlive): Promise<Response> {
    const now = Date.now
    const inbound = arrived.minted === null || (await this.#isRecognised()) ? arrived : { ...arrived, ...SENT_ONCE }
    const forward = this.#forwarder()
    this.#probe(this.#health.due(now()), keepAlive)
    const router = new Router(
      {
        name: 'edge',
        whereabouts: new EdgeWhereabouts(this.#views, now, () => this.#lookAround(keepAlive)),
        local: () => Promise.reject(new Error('the edge serves nothing itself')),
        forward,
        aim: new EdgeAim(this.#health, this.#budget, now),
        openView: text => openView(text, this.#mac),
        seal: this.seal,
        now,
      },
      this.#room(now()),
    )
    return router.route(inbound)
  }

  /** What either origin answers alike: asks the one that is well, then the other. GET and HEAD only. */
  async passOn({ method }: Request, { target, rawHeaders, client, traceparent }: Wire): Promise<Response> {
    const headers = forwardedRequestHeaders(rawHeaders, client, traceparent)
    for (const origin of ORIGINS.toSorted((x, y) => this.#rank(x) - this.#rank(y))) {
      const { result } = this.#forwarder()(origin, {
        method,
        target,
        headers,
        body: NO_BODY,
        ask: { origin, relay: false, parkMs: 0 },
        knows: this.#views.knows,
        aimed: null,
        answerMs: PROBE_ANSWER_MS,
      })
      const answer = await result
      if (answer.kind === 'response') return passedOn(answer, method, `tandem-edge; next-hop=${origin}`)
    }
    const detail = 'No origin answers the edge.'
    return problem('no-primary', { detail, instance: target, headers: { 'Tandem-Origin': 'edge' } })
  }

  #rank(origin: OriginName): number {
    return this.#health.isEjected(origin) ? 1 : 0
  }

  /** The feed, live, from whichever origin has it. */
  follow(call: GatherCall, keepAlive: KeepAlive): Promise<Response> {
    this.#probe(this.#health.due(Date.now()), keepAlive)
    const ports: FollowPorts = {
      forward: this.#forwarder(),
      // either will do: half of the streams each, while both are there
      first: () => {
        const one = Math.random() < 0.5 ? 'a' : 'b'
        return this.#health.isEjected(one) ? peerOf(one) : one
      },
      knows: () => this.#views.knows,
      parkMs: this.#settings.parkMs,
      now: Date.now,
    }
    return new EdgeFollow(ports, call).answer()
  }

  /**
   * Origins teach their view to the routers that they recognise, and heed the keys of no others: with another secret, or a
   * clock that is minutes off, a second try could take effect a second time. A cold isolate finds out before its first write.
   */
  async #isRecognised(): Promise<boolean> {
    if (this.#views.knows !== null) return true
    const taught = ORIGINS.map(async origin => {
      await this.#ask(origin)
      if (this.#views.knows === null) throw new Error(`${origin} does not recognise this edge`)
    })
    return Promise.any(taught).then(
      () => true,
      () => {
        console.error('tandem edge: no origin recognises this edge: is TANDEM_SECRET the same, is its clock right?')
        return false
      },
    )
  }

  /** Some origin answers. */
  async reachable(): Promise<boolean> {
    const results = await Promise.all(ORIGINS.map(origin => this.#ask(origin)))
    return results.some(result => result.kind === 'response' && result.status === 200)
  }

  /**
   * A request that the runtime ends midway never leaves the parking it entered: after a while a new one is begun, and
   * what leaked goes with the old.
   */
  #room(now: number): Parking {
    if (now >= this.#parkingUntil) {
      this.#parking = this.#newParking()
      this.#parkingUntil = now + this.#settings.parkMs
    }
    return this.#parking
  }

  #newParking(): Parking {
    const { parkMs } = this.#settings
    return new Parking({ parkMs, requestsMax: PARKED_REQUESTS_MAX, bytesMax: PARKED_BYTES_MAX })
  }

  #forwarder(): ReturnType<typeof edgeForward> {
    const { origins, parkMs } = this.#settings
    return edgeForward({
      origins,
      mac: this.#mac,
      parkMs,
      now: Date.now,
      ended: (origin, result, knew) => this.#ended(origin, result, knew),
    })
  }

  #ended(origin: OriginName, result: ForwardResult, knew: Known | null): void {
    if (result.kind === 'unforwardable') return
    if (result.kind !== 'response')
      return this.#health.failed(origin, Date.now(), result.why === 'http_response_timeout')
    this.#health.succeeded(origin)
    if (knew !== null && knew === this.#views.knows && result.headers[VIEW_HEADER] === undefined) {
      this.#views.confirmed(Date.now())
    }
  }

  /** Something waits: a primary that answers nothing any more is found out through the other one's view. */
  #lookAround(keepAlive: KeepAlive): void {
    const now = Date.now()
    if (now - this.#probedAt < PROBE_EVERY_MS) return
    this.#probedAt = now
    this.#probe(ORIGINS, keepAlive)
  }

  #probe(origins: readonly OriginName[], keepAlive: KeepAlive): void {
    for (const origin of origins) keepAlive(this.#ask(origin))
  }

  /** A signed question that costs nothing, for the view that comes with its answer. */
  async #ask(origin: OriginName): Promise<ForwardResult> {
    const { result } = this.#forwarder()(origin, {
      method: 'GET',
      target: PROBE_TARGET,
      headers: ['traceparent', beginTrace()],
      body: { kind: 'none' },
      ask: { origin, relay: false, parkMs: 0 },
      knows: this.#views.knows,
      aimed: null,
      answerMs: PROBE_ANSWER_MS,
    })
    const answer = await result
    if (answer.kind !== 'response') return answer
    const sent = answer.headers[VIEW_HEADER]
    const view = await openView(typeof sent === 'string' ? sent : null, this.#mac)
    if (view !== null) this.#views.learn(view, Date.now())
    return answer
  }
}
