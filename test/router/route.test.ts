// The decision loop alone, on a clock of its own: waiting takes no time here, and every wait is seen.
import { describe, expect, it } from 'vitest'
import { STRAIGHT } from '../../router/aim.ts'
import { CLIENT } from '../../router/asked.ts'
import { type Body, NO_BODY, StreamBody } from '../../router/body.ts'
import type { ForwardCall, ForwardResult, Inbound, LocalCall } from '../../router/call.ts'
import { parseTarget } from '../../router/key.ts'
import { PARKING_LIMITS, Parking, type ParkingLimits } from '../../router/parking.ts'
import { Router } from '../../router/route.ts'
import type { View } from '../../router/view.ts'
import { encodeView, parseView, VIEW_HEADER } from '../../router/viewheader.ts'
import type { Where } from '../../router/whereabouts.ts'
import type { OriginName } from '../../router/words.ts'

const viewOf = (epoch: number, s0: OriginName): View => ({ lineage: 'l', epoch, primaries: { s0, s1: 'b' } })
const HERE: Where = { kind: 'here' }
const THERE: Where = { kind: 'there', view: viewOf(1, 'b') }
const NOWHERE: Where = { kind: 'wait', view: null, why: 'A takeover is under way.' }
const OK: ForwardResult = { kind: 'response', status: 200, headers: { 'x-from': 'b' }, body: null }
const REFUSED: ForwardResult = { kind: 'notSent', why: 'connection_refused' }
const BROKEN: ForwardResult = { kind: 'broken', why: 'connection_terminated' }

class World {
  clock = 0
  where: Where = THERE
  /** what happens at which time, soonest first */
  readonly plan: { readonly at: number; readonly act: () => void }[] = []
  readonly attempts: number[] = []
  readonly calls: ForwardCall[] = []
  readonly learned: View[] = []
  forward: (call: ForwardCall) => ForwardResult = () => OK
  local: () => Response = () => new Response('local')
  spare: (call: LocalCall) => Response | null = () => null
  readonly spared: LocalCall[] = []
  /** method, status, who is taken to have answered, after how many attempts */
  readonly observed: [string, number, OriginName | null, number][] = []
  abandoned = 0
  readonly parking: Parking
  readonly router: Router
  readonly #waits: { readonly end: number; readonly signal: AbortSignal; readonly resolve: () => void }[] = []

  constructor(limits: Partial<ParkingLimits> = {}) {
    this.parking = new Parking({ ...PARKING_LIMITS, ...limits })
    this.router = new Router(
      {
        name: 'a',
        seal: { seal: () => 'seal', holds: (_, proof) => proof === 'seal' },
        now: () => this.clock,
        whereabouts: {
          where: () => this.where,
          changed: (timeoutMs, signal) => this.#pass(timeoutMs, signal),
          learn: view => void this.learned.push(view),
        },
        aim: STRAIGHT,
        openView: async text => parseView(text),
        local: async () => {
          this.attempts.push(this.clock)
          return this.local()
        },
        spare: async call => {
          this.spared.push(call)
          return this.spare(call)
        },
        observed: (method, status, { nextHop, attempts }) =>
          void this.observed.push([method, status, nextHop, attempts]),
        forward: (_origin, call) => {
          this.attempts.push(this.clock)
          this.calls.push(call)
          return { result: Promise.resolve(this.forward(call)), abandon: () => void this.abandoned++ }
        },
      },
      this.parking,
    )
  }

  /** Time jumps to whatever comes first once everybody waits: an end of a wait, or the next of the plan. */
  #pass(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      this.#waits.push({ end: this.clock + timeoutMs, signal, resolve })
      setImmediate(() => this.#jump())
    })
  }

  #jump(): void {
    if (this.#waits.length === 0) return
    const next = this.plan[0]
    const end = Math.min(...this.#waits.map(wait => wait.end))
    if (next !== undefined && next.at <= end) {
      this.plan.shift()
      this.clock = Math.max(this.clock, next.at)
      next.act()
      for (const wait of this.#waits.splice(0)) wait.resolve()
      return
    }
    this.clock = end
    for (const wait of this.#waits.splice(0)) {
      if (wait.end <= this.clock || wait.signal.aborted) wait.resolve()
      else this.#waits.push(wait)
    }
  }

  move(where: Where): void {
    this.where = where
  }

  route(method: string, body: Body = NO_BODY, over: Partial<Inbound> = {}): Promise<Response> {
    const resource = parseTarget('/v1/c/x')
    if (resource.kind !== 'document') throw new Error('no document')
    const request = new Request('http://h/v1/c/x', { method })
    const client = { address: null, proto: 'http', proxy: null } as const
    return this.router.route({
      request,
      target: '/v1/c/x',
      resource,
      shard: 's0',
      body,
      once: false,
      minted: null,
      rawHeaders: [],
      client,
      aimed: undefined,
      traceparent: '',
      asked: CLIENT,
      ...over,
    })
  }
}

const json = async (response: Response): Promise<unknown> => response.json()
const bytes = (text: string): Body => ({ kind: 'bytes', bytes: new TextEncoder().encode(text) })

describe('a read whose primary is elsewhere', () => {
  const spared = (): Response => new Response('spared')

  it('is answered here where that can be, and counted as one that was', async () => {
    const world = new World()
    world.spare = spared
    for (const method of ['GET', 'HEAD']) {
      const response = await world.route(method)
      expect([response.status, response.headers.get('proxy-status')]).toEqual([200, null])
    }
    expect(world.calls).toEqual([])
    expect(world.observed).toEqual([
      ['GET', 200, null, 1],
      ['HEAD', 200, null, 1],
    ])
  })

  it('is forwarded where it cannot, which is no attempt', async () => {
    const world = new World()
    const response = await world.route('GET')
    expect(response.headers.get('proxy-status')).toBe('tandem-a; next-hop=b')
    expect([world.spared.length, world.calls.length]).toEqual([1, 1])
    expect(world.observed).toEqual([['GET', 200, 'b', 1]])
  })

  it('is answered here after its primary could not be reached, and says what it went through', async () => {
    const world = new World()
    world.forward = () => REFUSED
    world.spare = () => (world.calls.length === 0 ? null : spared())
    const response = await world.route('GET')
    expect(await response.text()).toBe('spared')
    expect(response.headers.get('proxy-status')).toMatch(/^tandem-a; details="attempts=2, /)
    expect(world.observed).toEqual([['GET', 200, null, 2]])
  })

  it('is left to this host alone: a write is not, nor a read for which another router chose it, nor one without a primary', async () => {
    const world = new World()
    world.spare = spared
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) await world.route(method, bytes('x'))
    const elsewhere = await world.route('GET', NO_BODY, { asked: { kind: 'router', relay: false, parkMs: 100 } })
    expect(elsewhere.status).toBe(421)
    world.move(HERE)
    expect(await (await world.route('GET')).text()).toBe('local')
    world.move(NOWHERE)
    expect((await world.route('GET')).status).toBe(503)
    expect(world.spared).toEqual([])

    world.move(THERE)
    const relayed = await world.route('GET', NO_BODY, { asked: { kind: 'router', relay: true, parkMs: 100 } })
    expect(await relayed.text()).toBe('spared')
  })
})

describe('the decision loop', () => {
  it('answers here, at once, without a word about it', async () => {
    const world = new World()
    world.where = HERE
    const response = await world.route('GET')
    expect(await response.text()).toBe('local')
    expect(response.headers.get('proxy-status')).toBeNull()
    expect(world.clock).toBe(0)
  })

  it('forwards there, and says so', async () => {
    const world = new World()
    const response = await world.route('GET')
    expect(response.headers.get('x-from')).toBe('b')
    expect(response.headers.get('proxy-status')).toBe('tandem-a; next-hop=b')
  })

  it('waits for a primary', async () => {
    const world = new World()
    world.where = NOWHERE
    world.plan.push({ at: 1_300, act: () => world.move(HERE) })
    const response = await world.route('PUT', bytes('x'))
    expect(await response.text()).toBe('local')
    expect(response.headers.get('proxy-status')).toBe('tandem-a; details="attempts=1, parked-ms=1300"')
    expect(world.parking.requests).toBe(0)
    expect(world.parking.bytes).toBe(0)
  })

  it('does not wait for ever', async () => {
    const world = new World()
    world.where = NOWHERE
    const response = await world.route('PUT', bytes('x'))
    expect(world.clock).toBe(10_000)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('proxy-status')).toContain('error=destination_unavailable')
    expect(await json(response)).toMatchObject({
      type: 'https://tandem.dev/problems/no-primary',
      detail: 'A takeover is under way.',
      committed: 'no',
      retryable: true,
    })
  })

  it('never forwards to itself', async () => {
    const world = new World()
    world.where = { kind: 'there', view: viewOf(2, 'a') }
    expect((await world.route('GET')).status).toBe(503)
    expect(world.attempts).toEqual([])
  })

  it('asks an origin that refuses connections again, but not in a tight loop', async () => {
    const world = new World()
    world.forward = () => REFUSED
    const response = await world.route('PUT', bytes('x'))
    expect(response.status).toBe(503)
    expect(await json(response)).toMatchObject({ committed: 'no', retryable: true })
    expect(world.clock).toBeLessThanOrEqual(10_000)
    expect(world.attempts.length).toBeGreaterThan(10)
    expect(world.attempts.length).toBeLessThan(60)
    const gaps = world.attempts.slice(1).map((at, i) => at - (world.attempts[i] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(250)
  })

  it('follows the view of a refusal, with the same body', async () => {
    const world = new World()
    const view = viewOf(2, 'a')
    world.forward = () => ({ kind: 'response', status: 421, headers: { [VIEW_HEADER]: encodeView(view) }, body: null })
    world.plan.push({ at: 0, act: () => world.move(HERE) })
    const response = await world.route('PUT', bytes('x'))
    expect(await response.text()).toBe('local')
    expect(world.learned).toEqual([view])
    expect(response.headers.get('proxy-status')).toContain('attempts=2')
  })

  it('moves at once when the primary did', async () => {
    const world = new World()
    world.where = HERE
    world.local = () => {
      world.where = THERE
      return new Response(null, { status: 421 })
    }
    const response = await world.route('PUT', bytes('x'))
    expect(response.status).toBe(200)
    expect(world.clock).toBe(0)
    const body = world.calls[0]?.body
    expect(body?.kind === 'bytes' && new TextDecoder().decode(body.bytes)).toBe('x')
  })

  it('is not driven round by two origins that name each other', async () => {
    const world = new World()
    world.where = HERE
    world.local = () => {
      world.where = THERE
      return new Response(null, { status: 421 })
    }
    world.forward = () => {
      world.where = HERE
      return { kind: 'response', status: 421, headers: {}, body: null }
    }
    expect((await world.route('GET')).status).toBe(503)
    expect(world.attempts.length).toBeLessThan(60)
  })

  it('asks again for a read that broke, never for a write', async () => {
    const world = new World()
    world.forward = () => (world.calls.length === 1 ? BROKEN : OK)
    expect((await world.route('GET')).status).toBe(200)
    expect(world.calls).toHaveLength(2)

    const writes = new World()
    writes.forward = () => BROKEN
    for (const method of ['PUT', 'DELETE']) {
      const response = await writes.route(method)
      expect(response.status).toBe(503)
      expect(await json(response)).toMatchObject({
        type: 'https://tandem.dev/problems/outcome-unknown',
        committed: 'unknown',
        retryable: false,
      })
    }
    expect(writes.calls).toHaveLength(2)
  })

  it('repeats a write that takes effect once', async () => {
    const world = new World()
    world.forward = () => (world.calls.length === 1 ? BROKEN : OK)
    expect((await world.route('PUT', bytes('x'), { once: true })).status).toBe(200)
  })

  it('goes on asking where an answer does not say what became of the write, and never denies it later', async () => {
    const world = new World()
    const unsaid: ForwardResult = {
      kind: 'response',
      status: 503,
      headers: { 'tandem-committed': 'unknown' },
      body: null,
    }
    world.forward = () => (world.calls.length === 1 ? unsaid : OK)
    expect((await world.route('PUT', bytes('x'), { once: true })).status).toBe(200)

    const plain = new World()
    plain.forward = () => unsaid
    expect((await plain.route('PUT', bytes('x'))).status).toBe(503)
    expect(plain.calls).toHaveLength(1)

    for (const later of [REFUSED, { ...unsaid, headers: {} }, { ...unsaid, status: 421 }]) {
      const lost = new World()
      lost.forward = () => (lost.calls.length === 1 ? BROKEN : later)
      const response = await lost.route('PUT', bytes('x'), { once: true })
      expect(await json(response)).toMatchObject({ committed: 'unknown' })
      expect(lost.calls.length).toBeGreaterThan(5)
    }
  })

  it('takes a refusal for good where the reign that refused began after the lost attempt was aimed', async () => {
    const refusal = (reign: string | null): ForwardResult => ({
      kind: 'response',
      status: 412,
      headers: reign === null ? {} : { 'tandem-reign': reign },
      body: null,
    })
    // aimed at epoch 1, see THERE
    for (const [reign, status] of [
      ['2', 412],
      ['1', 503],
      [null, 503],
      ['x', 503],
    ] as const) {
      const world = new World()
      world.forward = () => (world.calls.length === 1 ? BROKEN : refusal(reign))
      expect([reign, (await world.route('PUT', bytes('x'), { once: true })).status]).toEqual([reign, status])
      expect(world.calls.map(call => call.aimed)).toEqual([1, 1])
    }
    // an attempt that no view aimed may still be taken by any reign
    const blind = new World()
    blind.where = { kind: 'there', view: viewOf(0, 'b') }
    blind.forward = () => (blind.calls.length === 1 ? BROKEN : refusal('9'))
    expect((await blind.route('PUT', bytes('x'), { once: true })).status).toBe(503)
    expect(blind.calls.map(call => [call.aimed, call.knows])).toEqual(Array(2).fill([null, null]))
    // what answered without knowing says which reign it was
    const unsaid: ForwardResult = {
      kind: 'response',
      status: 503,
      headers: { 'tandem-committed': 'unknown', 'tandem-reign': '4' },
      body: null,
    }
    for (const [reign, status] of [
      ['5', 412],
      ['4', 503],
    ] as const) {
      const world = new World()
      world.forward = () => (world.calls.length === 1 ? unsaid : refusal(reign))
      expect((await world.route('PUT', bytes('x'), { once: true })).status).toBe(status)
    }
  })

  it('aims no later than the router before it, which must aim anew where that is too old', async () => {
    const router = { kind: 'router', relay: true, parkMs: 100 } as const
    const world = new World()
    world.where = { kind: 'there', view: viewOf(7, 'b') }
    await world.route('PUT', bytes('x'), { asked: router, aimed: 5 })
    await world.route('PUT', bytes('x'), { asked: router, aimed: null })
    await world.route('GET', NO_BODY, { asked: router, aimed: 5 })
    expect(world.calls.map(call => call.aimed)).toEqual([5, null, null])
    world.forward = () => ({ kind: 'response', status: 421, headers: {}, body: null })
    const response = await world.route('PUT', bytes('x'), { asked: router, aimed: 5 })
    expect([response.status, world.calls.length, world.clock]).toEqual([421, 4, 0])
  })

  it('sends the same key with each attempt, and none where the primary takes none', async () => {
    const minted = { scope: 'm018bcfe56800-router-a-0', mintedAt: 1_700_000_000_000 }
    const keyOf = (call: ForwardCall): string | null => {
      const at = call.headers.indexOf('tandem-minted-key')
      return at === -1 ? null : (call.headers[at + 1] ?? null)
    }
    const world = new World()
    world.forward = () => (world.calls.length < 3 ? BROKEN : OK)
    await world.route('PUT', bytes('x'), { once: true, minted })
    expect(world.calls.map(keyOf)).toEqual(Array.from({ length: 3 }, () => `${minted.scope}.seal`))

    const outdated: ForwardResult = { kind: 'response', status: 410, headers: {}, body: null }
    const other = new World()
    other.forward = () => (other.calls.length === 1 ? outdated : OK)
    expect((await other.route('PUT', bytes('x'), { once: true, minted })).status).toBe(200)
    expect(other.calls.map(keyOf)).toEqual([`${minted.scope}.seal`, null])

    const late = new World()
    late.forward = () => (late.calls.length === 1 ? BROKEN : outdated)
    expect(await json(await late.route('PUT', bytes('x'), { once: true, minted }))).toMatchObject({
      committed: 'unknown',
      retryable: false,
    })
    expect(late.calls).toHaveLength(2)
  })

  it('tells a read that nobody answered in time', async () => {
    const world = new World()
    world.forward = () => {
      world.clock += 4_000
      return { kind: 'broken', why: 'http_response_timeout' }
    }
    const response = await world.route('GET')
    expect(response.status).toBe(504)
    expect(await json(response)).not.toHaveProperty('committed')
  })

  it('does not send half a stream', async () => {
    const world = new World()
    const request = new Request('http://h/v1/c/x', { method: 'PUT', body: 'streamed' })
    const body = new StreamBody(request, null)
    world.forward = () => {
      void body.chunks().next()
      return { kind: 'response', status: 421, headers: {}, body: null }
    }
    const response = await world.route('PUT', body)
    expect(response.status).toBe(503)
    expect(await json(response)).toMatchObject({
      type: 'https://tandem.dev/problems/not-replayable',
      committed: 'no',
      retryable: true,
    })
    expect(world.calls).toHaveLength(1)
  })

  it('sends a stream again that nobody touched', async () => {
    const world = new World()
    const body = new StreamBody(new Request('http://h/v1/c/x', { method: 'PUT', body: 'streamed' }), null)
    world.forward = () => (world.calls.length === 1 ? REFUSED : OK)
    expect((await world.route('PUT', body)).status).toBe(200)
  })

  it('lets those who waited go in order and not all at once, and nobody overtakes them', async () => {
    const world = new World()
    world.where = NOWHERE
    const order: number[] = []
    const times: number[] = []
    const ask = (n: number): Promise<void> =>
      world.route('GET').then(() => {
        order.push(n)
        times.push(world.clock)
      })
    const waited = Array.from({ length: 1000 }, (_, n) => ask(n))
    world.plan.push({ at: 1000, act: () => world.move(HERE) })
    await Promise.race(waited)
    expect(world.clock).toBe(1000)
    const late = ask(1000)
    await Promise.all([...waited, late])
    expect(order).toEqual(Array.from({ length: 1001 }, (_, n) => n))
    expect(times.filter(at => at === 1000)).toHaveLength(512)
    expect(times.at(-1)).toBeGreaterThan(1060)
    expect(world.clock).toBeLessThan(1100)
    expect(world.parking.requests).toBe(0)
  })

  it('lets only so many wait', async () => {
    const world = new World({ requestsMax: 1 })
    world.where = NOWHERE
    const first = world.route('GET')
    const second = await world.route('PUT', bytes('x'))
    expect(second.status).toBe(503)
    expect(await json(second)).toMatchObject({
      type: 'https://tandem.dev/problems/overloaded',
      committed: 'no',
      retryable: true,
    })
    await first

    const heavy = new World({ bytesMax: 3 })
    heavy.where = NOWHERE
    expect(await json(await heavy.route('PUT', bytes('four')))).toMatchObject({
      type: 'https://tandem.dev/problems/overloaded',
    })
  })

  it('stops when the client leaves', async () => {
    const world = new World()
    world.where = NOWHERE
    const leave = new AbortController()
    world.plan.push({ at: 100, act: () => leave.abort() })
    const request = new Request('http://h/v1/c/x', { signal: leave.signal })
    const response = await world.route('GET', NO_BODY, { request })
    expect(response.status).toBe(499)
    expect(world.clock).toBe(100)
    expect(world.parking.requests).toBe(0)
  })
})
