import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pathIn } from './keys.ts'
import { type Origin, type Rows, startOrigin } from './pair.ts'
import { until } from './rawclient.ts'

const PORT = 19140
const rows: Rows = new Map()
let origin: Origin
beforeAll(async () => {
  const ports = { publicPort: PORT, privatePort: PORT + 1, peerPrivatePort: PORT + 2 }
  const limits = { parkMs: 2_000, requestsMax: 3, bytesMax: 1_000 }
  origin = await startOrigin({ name: 'a', rows, ...ports, limits })
})
beforeEach(() => {
  rows.clear()
  origin.documents.writes.length = 0
  origin.whereabouts.set(null, [])
})
afterAll(() => origin.stop())

const ask = (method: string, body?: string, signal?: AbortSignal): Promise<Response> =>
  fetch(origin.url + pathIn('s0'), {
    method,
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  })

describe('requests that nobody serves', () => {
  it('wait, and go on when somebody does', async () => {
    const put = ask('PUT', 'waited')
    await until('it waits', () => origin.parking.requests === 1)
    expect(origin.parking.bytes).toBe(6)
    origin.whereabouts.set(null, ['s0'])
    const answer = await put
    expect(answer.status).toBe(201)
    expect(answer.headers.get('proxy-status')).toMatch(/^tandem-a; details="attempts=1, parked-ms=\d+"$/)
    expect(origin.parking.requests).toBe(0)
    expect(origin.parking.bytes).toBe(0)
    expect(await (await ask('GET')).text()).toBe('waited')
  })

  it('are turned away beyond a number, and beyond a weight', async () => {
    const light = [ask('GET'), ask('GET')]
    await until('two wait', () => origin.parking.requests === 2)
    const heavy = await ask('PUT', 'x'.repeat(1_001))
    expect(heavy.status).toBe(503)
    expect(heavy.headers.get('retry-after')).toBe('1')
    expect(await heavy.json()).toMatchObject({
      type: 'https://tandem.dev/problems/overloaded',
      committed: 'no',
      retryable: true,
    })
    const third = ask('PUT', 'x'.repeat(1_000))
    await until('three wait', () => origin.parking.requests === 3)
    expect((await ask('GET')).status).toBe(503)
    origin.whereabouts.set(null, ['s0'])
    expect((await third).status).toBe(201)
    for (const one of light) expect([200, 404]).toContain((await one).status)
  })

  it('are told so in the end', async () => {
    const from = performance.now()
    const answer = await ask('DELETE')
    const tookMs = performance.now() - from
    expect(tookMs).toBeGreaterThan(1_900)
    expect(tookMs).toBeLessThan(3_000)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await answer.json()).toMatchObject({
      type: 'https://tandem.dev/problems/no-primary',
      detail: 'A takeover is under way.',
      committed: 'no',
      retryable: true,
    })
  })

  it('free their place when their client leaves', async () => {
    const leave = new AbortController()
    const gone = ask('PUT', 'x', leave.signal).catch(() => 'left')
    await until('it waits', () => origin.parking.requests === 1)
    leave.abort()
    expect(await gone).toBe('left')
    await until('its place is free', () => origin.parking.requests === 0)
    expect(origin.parking.bytes).toBe(0)
    expect(origin.documents.writes).toEqual([])
  })

  it('keep a long body in the socket meanwhile', async () => {
    const put = ask('PUT', 'y'.repeat(500_000))
    await until('it waits', () => origin.parking.requests === 1)
    expect(origin.parking.bytes).toBe(0)
    origin.whereabouts.set(null, ['s0'])
    expect((await put).status).toBe(201)
    expect((await (await ask('GET')).text()).length).toBe(500_000)
  })
})
