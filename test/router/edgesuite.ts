// What an edge router must do, whatever runs it: the same tests inside workerd (edge.workerd.test.ts) and on Node.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EPOCH_HEADER, ROUTER_HEADER } from '../../router/asked.ts'
import { MINTED_KEY_HEADER } from '../../router/minted.ts'
import { encodeView, VIEW_HEADER } from '../../router/viewheader.ts'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { pathIn } from '../origin/http/keys.ts'
import { type Pair, SECRET, sealView, startPair, viewOf } from '../origin/http/pair.ts'
import { exchange, until } from '../origin/http/rawclient.ts'

export type Edge = { readonly port: number; stop(): Promise<void> }

export type EdgeStart = {
  readonly port: number
  readonly origins: Readonly<Record<OriginName, string>>
  readonly secret: string
  readonly parkMs: number
}

const PARK_MS = 3_000
const HOST = '127.0.0.1'
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Ports from `base` on are the suite's. */
export function edgeSuite(base: number, startEdge: (options: EdgeStart) => Promise<Edge>): void {
  describe('before two origins', () => {
    let pair: Pair
    let edge: Edge
    const url = `http://${HOST}:${base + 4}`
    beforeAll(async () => {
      pair = await startPair(base)
      const origins = { a: pair.a.url, b: pair.b.url }
      edge = await startEdge({ port: base + 4, origins, secret: SECRET, parkMs: PARK_MS })
    }, 60_000)
    afterAll(async () => {
      await edge?.stop()
      await pair.stop()
    })

    const nextHop = (response: Response): string => response.headers.get('proxy-status') ?? ''

    it('starts cold in the middle of a takeover, with one hop more at worst, and then knows', async () => {
      for (const { whereabouts } of [pair.a, pair.b]) whereabouts.set(viewOf(4, 'a', 'b'), [])
      const waiting = fetch(url + pathIn('s0'), { method: 'PUT', body: 'cold' })
      await until('the request is parked', () => pair.a.parking.requests + pair.b.parking.requests > 0)
      // both shards move: not where it assumes them
      pair.a.whereabouts.set(viewOf(5, 'b', 'a'), ['s1'])
      pair.b.whereabouts.set(viewOf(5, 'b', 'a'), ['s0'])
      const first = await waiting
      expect([first.status, first.headers.get('tandem-origin')]).toEqual([201, 'b'])
      const again = await fetch(url + pathIn('s0'))
      expect(await again.text()).toBe('cold')
      expect(nextHop(again)).toBe('tandem-edge; next-hop=b')
      // the same view told it of the other shard
      expect(nextHop(await fetch(url + pathIn('s1')))).toBe('tandem-edge; next-hop=a')
    })

    it('follows a handover back, with the body', async () => {
      pair.a.whereabouts.set(viewOf(6, 'a', 'b'), ['s0'])
      pair.b.whereabouts.set(viewOf(6, 'a', 'b'), ['s1'])
      const put = await fetch(url + pathIn('s0', 1), { method: 'PUT', body: 'carried over' })
      expect([put.status, put.headers.get('tandem-origin')]).toEqual([201, 'a'])
      expect(nextHop(put)).toMatch(/^tandem-edge; next-hop=a; details="attempts=2, parked-ms=\d+"$/)
      expect(nextHop(await fetch(url + pathIn('s1', 1)))).toBe('tandem-edge; next-hop=b')
      expect(await (await fetch(url + pathIn('s0', 1))).text()).toBe('carried over')
    })

    it('waits while a takeover runs', async () => {
      pair.a.whereabouts.set(null, [])
      pair.b.whereabouts.set(null, [])
      const put = fetch(url + pathIn('s0', 2), { method: 'PUT', body: 'parked' })
      await until('the request is parked', () => pair.a.parking.requests + pair.b.parking.requests > 0)
      // a is gone for good, b takes its shard
      pair.b.whereabouts.set(viewOf(7, 'b', 'b'), ['s0', 's1'])
      const answer = await put
      expect([answer.status, answer.headers.get('tandem-origin')]).toEqual([201, 'b'])
      expect(pair.rows.has(pathIn('s0', 2).slice('/v1/'.length))).toBe(true)
    })

    it('gives up in time where nobody serves', async () => {
      pair.a.whereabouts.set(viewOf(8, 'a', 'b'), [])
      pair.b.whereabouts.set(viewOf(8, 'a', 'b'), ['s1'])
      pair.a.documents.refuse = () => ({ kind: 'misdirected', view: null, why: 'No lease.' })
      const began = performance.now()
      const answer = await fetch(url + pathIn('s0', 3), { method: 'PUT', body: 'x' })
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(await answer.json()).toMatchObject({ committed: 'no', retryable: true })
      expect(performance.now() - began).toBeLessThan(2 * PARK_MS)
      pair.a.documents.refuse = null
      pair.a.whereabouts.set(viewOf(9, 'a', 'b'), ['s0'])
      pair.b.whereabouts.set(viewOf(9, 'a', 'b'), ['s1'])
      expect((await fetch(url + pathIn('s0', 3))).status).toBe(404)
    })

    it('passes on what HTTP asks for: HEAD, conditions, no content', async () => {
      const path = url + pathIn('s1', 4)
      const put = await fetch(path, { method: 'PUT', body: 'four', headers: { 'Content-Type': 'text/x' } })
      expect(put.headers.get('location')).toBe(pathIn('s1', 4))
      const head = await fetch(path, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length'), head.headers.get('content-type')]).toEqual([
        200,
        '4',
        'text/x',
      ])
      const etag = head.headers.get('etag') ?? ''
      expect((await fetch(path, { headers: { 'If-None-Match': etag } })).status).toBe(304)
      expect((await fetch(path, { method: 'PUT', body: 'x', headers: { 'If-Match': '"0.0.0"' } })).status).toBe(412)
      expect((await fetch(path, { method: 'DELETE', headers: { 'If-Match': etag } })).status).toBe(204)
      const odd = await fetch(`${url}/v1/c/%7Bt%7D%2F%C3%BC%25?x=%2e`, { method: 'PUT', body: '' })
      expect([odd.status, pair.rows.has('c/{t}/ü%')]).toEqual([201, true])
    })

    it('streams large bodies in both directions, and refuses what is too large', async () => {
      const body = Uint8Array.from({ length: 900_000 }, (_, i) => (i * 7) % 251)
      for (const path of [pathIn('s0', 5), pathIn('s1', 5)]) {
        expect((await fetch(url + path, { method: 'PUT', body })).status).toBe(201)
        expect(new Uint8Array(await (await fetch(url + path)).arrayBuffer())).toEqual(body)
        const stream = new Blob([body]).stream()
        expect((await fetch(url + path, { method: 'PUT', body: stream, duplex: 'half' })).status).toBe(200)
      }
      const large = await fetch(url + pathIn('s0', 5), { method: 'PUT', body: new Uint8Array(1024 * 1024 + 1) })
      expect(large.status).toBe(413)
    })

    it('refuses WebSockets clearly', async () => {
      const upgrade =
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      const raw = (port: number): ReturnType<typeof exchange> =>
        exchange(port, `GET ${pathIn('s0', 1)} HTTP/1.1\r\nHost: h\r\n${upgrade}\r\n`, answer =>
          answer.text.endsWith('}'),
        )
      for (const port of [edge.port, pair.a.publicPort]) {
        const answer = await raw(port)
        expect(answer.statuses).toEqual([501])
        expect(answer.text).toContain('problems/upgrade-refused')
      }
    })

    it('keeps a trace or begins one, says how long it took, and is ready', async () => {
      const kept = await fetch(url + pathIn('s0', 1), { headers: { traceparent: TRACE } })
      expect(kept.headers.get('traceparent')).toBe(TRACE)
      expect(kept.headers.get('server-timing')).toMatch(/router;dur=[0-9.]+, edge;dur=[0-9.]+$/)
      const begun = await fetch(url + pathIn('s0', 1), { headers: { traceparent: '00-0-0-0' } })
      expect(begun.headers.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/)
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
      expect((await fetch(`${url}/livez`)).headers.get('tandem-origin')).toBe('edge')
    })

    it('does not let a client pass for a router', async () => {
      const forged = { [ROUTER_HEADER]: `1;answer;0;${Date.now()};${'A'.repeat(43)}`, [EPOCH_HEADER]: '1;test' }
      const answer = await fetch(pair.a.url + pathIn('s1', 1), { headers: forged })
      expect(answer.headers.get('tandem-view')).toBeNull()
      expect(nextHop(answer)).toBe('tandem-a; next-hop=b')
    })
  })

  describe('before origins with a will of their own', () => {
    type Behaviour = (incoming: IncomingMessage, outgoing: ServerResponse) => void
    const ports = { a: base + 5, b: base + 6 }
    const servers = new Map<OriginName, Server>()
    const seen: { origin: OriginName; method: string; headers: IncomingMessage['headers'] }[] = []
    const behave: Record<OriginName, Behaviour> = { a: () => {}, b: () => {} }
    let epoch = 10
    let silent: OriginName | null = null
    /** requests that the silent one got */
    let unheard = 0
    let edge: Edge
    let stranger: Edge | null = null
    const url = `http://${HOST}:${base + 7}`
    const path = pathIn('s0', 9)

    async function listen(origin: OriginName): Promise<void> {
      const server = createServer((incoming, outgoing) => {
        if (origin === silent) {
          if (incoming.url !== '/livez') unheard += 1
          return
        }
        if (incoming.url === '/livez') {
          outgoing.writeHead(200, { [VIEW_HEADER]: sealView(viewOf(epoch, 'a', 'b')), 'Tandem-Origin': origin }).end()
          return
        }
        seen.push({ origin, method: incoming.method ?? '', headers: incoming.headers })
        behave[origin](incoming, outgoing)
      })
      servers.set(origin, server)
      await new Promise<void>(resolve => server.listen(ports[origin], HOST, resolve))
    }
    async function unlisten(origin: OriginName): Promise<void> {
      const server = servers.get(origin)
      if (server === undefined) return
      servers.delete(origin)
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    }
    const says =
      (status: number, text: string, headers: Record<string, string> = {}): Behaviour =>
      (incoming, outgoing) => {
        incoming.resume()
        incoming.on('end', () => outgoing.writeHead(status, headers).end(text))
      }

    beforeAll(async () => {
      for (const origin of ORIGINS) await listen(origin)
      const origins = { a: `http://${HOST}:${ports.a}`, b: `http://${HOST}:${ports.b}` }
      edge = await startEdge({ port: base + 7, origins, secret: SECRET, parkMs: PARK_MS })
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
    }, 60_000)
    afterAll(async () => {
      await edge?.stop()
      await stranger?.stop()
      for (const origin of ORIGINS) await unlisten(origin)
    })
    beforeEach(() => {
      seen.length = 0
      silent = null
      behave.a = says(200, 'from a')
      behave.b = says(200, 'from b')
    })
    /** Whatever a test did to it, the edge finds a again. */
    afterEach(async () => {
      behave.a = says(200, 'from a')
      silent = null
      if (!servers.has('a')) await listen('a')
      epoch += 1
      behave.b = says(200, 'from b', { [VIEW_HEADER]: sealView(viewOf(epoch, 'a', 'b')) })
      let text = ''
      const end = performance.now() + 10_000
      while (text !== 'from a') {
        if (performance.now() > end) throw new Error(`the edge did not come back to a: ${text}`)
        text = await (await fetch(url + path)).text()
        if (text !== 'from a') await pause(50)
      }
    }, 15_000)

    it('introduces itself, and says for whom it asks', async () => {
      await fetch(url + path, {
        headers: { 'X-Forwarded-For': '10.0.0.1', Forwarded: 'for=10.0.0.1', 'Tandem-X': '1' },
      })
      const [asked] = seen
      expect(asked?.headers[ROUTER_HEADER]).toMatch(/^1;answer;250;\d+;[A-Za-z0-9_-]{43}$/)
      expect(asked?.headers['x-forwarded-for']).not.toContain('10.0.0.1')
      expect(asked?.headers['x-forwarded-host']).toBe(`${HOST}:${base + 7}`)
      expect(asked?.headers.forwarded).toBeUndefined()
      expect(asked?.headers['tandem-x']).toBeUndefined()
      expect(asked?.headers.traceparent).toMatch(/^00-/)
    })

    it('believes no view but a signed one', async () => {
      const forged = encodeView(viewOf(900, 'b', 'b'))
      for (const view of [
        forged,
        `${forged};${'A'.repeat(43)}`,
        sealView(viewOf(900, 'b', 'b')).replace('900', '901'),
      ]) {
        behave.a = says(200, 'from a', { [VIEW_HEADER]: view })
        expect(await (await fetch(url + path)).text()).toBe('from a')
      }
      expect(await (await fetch(url + path)).text()).toBe('from a')
      expect(seen.map(({ origin }) => origin)).toEqual(['a', 'a', 'a', 'a'])
    })

    it('never goes back to an older view', async () => {
      behave.a = says(200, 'from a', { [VIEW_HEADER]: sealView(viewOf(1, 'b', 'a')) })
      await fetch(url + path)
      expect(await (await fetch(url + path)).text()).toBe('from a')
    })

    it('asks the other at once when a read fails, then leaves the failed one alone until it is back', async () => {
      await unlisten('a')
      const began = performance.now()
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(url + path).then(one => one.text())))
      expect(new Set(answers)).toEqual(new Set(['from b']))
      expect(performance.now() - began).toBeLessThan(1_500)
      expect(seen.every(({ headers }) => String(headers[ROUTER_HEADER]).startsWith('1;relay;'))).toBe(true)
      // a write is not risked on it: the other one relays
      const put = await fetch(url + path, { method: 'PUT', body: 'x' })
      expect(await put.text()).toBe('from b')
    })

    it('sends a write whose connection broke again, under the same key of its own', async () => {
      behave.a = incoming => incoming.socket.destroy()
      const answer = await fetch(url + path, { method: 'PUT', body: 'x' })
      expect(await answer.text()).toBe('from b')
      const keys = seen.filter(({ method }) => method === 'PUT').map(({ headers }) => headers[MINTED_KEY_HEADER])
      expect(keys.length).toBeGreaterThan(1)
      expect(new Set(keys).size).toBe(1)
      expect(String(keys[0])).toMatch(/^m[0-9a-f]{12}-edge-.*\../)
    })

    it('tells a write that it cannot send again that its outcome is not known', async () => {
      behave.a = incoming => incoming.once('data', () => incoming.socket.destroy())
      const answer = await fetch(url + path, { method: 'PUT', body: 'x'.repeat(100_000) })
      expect(answer.status).toBe(503)
      expect(await answer.json()).toMatchObject({
        type: 'https://tandem.dev/problems/outcome-unknown',
        committed: 'unknown',
      })
      expect(seen.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    })

    it('does not ask the one that failed twice while the other may know', async () => {
      // Node's fetch repeats a request by itself after a 421 (Fetch 4.6): turns count, not requests
      const turns = (): OriginName[] => seen.map(one => one.origin).filter((origin, at, all) => origin !== all[at - 1])
      behave.a = says(421, '')
      behave.b = (incoming, outgoing) => {
        if (turns().length < 4) says(421, '')(incoming, outgoing)
        else says(200, 'from b')(incoming, outgoing)
      }
      expect(await (await fetch(url + path, { method: 'PUT', body: 'x' })).text()).toBe('from b')
      expect(turns()).toEqual(['a', 'b', 'a', 'b'])
    })

    it('gives up a primary that stays silent once another one is known', async () => {
      let asked: ServerResponse | null = null
      behave.a = (_incoming, outgoing) => {
        asked = outgoing
      }
      const read = fetch(url + path)
      await until('it was asked', () => asked !== null)
      const moved = sealView(viewOf(epoch + 1, 'b', 'b'))
      behave.b = says(200, 'from b', { [VIEW_HEADER]: moved })
      await fetch(url + pathIn('s1', 9))
      expect(await (await read).text()).toBe('from b')
      epoch += 1
    })

    it('with another secret, never sends a write twice: its keys are heeded by nobody', async () => {
      const origins = { a: `http://${HOST}:${ports.a}`, b: `http://${HOST}:${ports.b}` }
      stranger = await startEdge({
        port: base + 8,
        origins,
        secret: `not ${SECRET}`.replaceAll(' ', '-'),
        parkMs: PARK_MS,
      })
      const strange = `http://${HOST}:${base + 8}${path}`
      expect(await (await fetch(strange)).text()).toBe('from a')
      expect(await (await fetch(strange, { method: 'PUT', body: 'x' })).text()).toBe('from a')
      seen.length = 0
      behave.a = incoming => incoming.once('data', () => incoming.socket.destroy())
      const lost = await fetch(strange, { method: 'PUT', body: 'x' })
      expect([lost.status, await lost.json()]).toMatchObject([503, { committed: 'unknown', retryable: false }])
      expect(seen.filter(({ method }) => method === 'PUT')).toHaveLength(1)
      // a key of the client's own is heeded, whoever passes it on
      const again = await fetch(strange, { method: 'PUT', body: 'x', headers: { 'Idempotency-Key': 'k' } })
      expect(await again.text()).toBe('from b')
    })

    it('does not wait for one that might know better and has fallen silent; what it was asked is void', async () => {
      // a cannot serve just now, and b is a host that has lost its power
      silent = 'b'
      behave.a = (incoming, outgoing) => {
        if (unheard === 0) says(421, '')(incoming, outgoing)
        else says(412, 'from a')(incoming, outgoing)
      }
      // a refusal of the primary's: it is the last word, since b would not take what it was asked
      const put = await fetch(url + path, { method: 'PUT', body: 'x' })
      expect([put.status, await put.text()]).toEqual([412, 'from a'])
    })

    it('learns nothing of an origin from a client that leaves', async () => {
      let asked = false
      behave.a = () => {
        asked = true
      }
      const leaving = new AbortController()
      const left = fetch(url + path, { signal: leaving.signal }).catch(() => null)
      await until('it was asked', () => asked)
      leaving.abort()
      await left
      behave.a = says(200, 'from a')
      for (let n = 0; n < 5; n++) expect(await (await fetch(url + path)).text()).toBe('from a')
    })

    it('streams events as they come', async () => {
      let out: ServerResponse | null = null
      behave.a = (_incoming, outgoing) => {
        outgoing.writeHead(200, { 'Content-Type': 'text/event-stream', 'Tandem-Origin': 'a' })
        outgoing.write('data: 1\n\n')
        out = outgoing
      }
      const response = await fetch(url + path, { headers: { Accept: 'text/event-stream' } })
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      expect((await reader?.read())?.value).toBe('data: 1\n\n')
      const open = out as ServerResponse | null
      open?.write('data: 2\n\n')
      expect((await reader?.read())?.value).toBe('data: 2\n\n')
      let left = false
      open?.on('close', () => {
        left = true
      })
      await reader?.cancel()
      // workerd notices at the next byte: a heartbeat, as the service sends them
      await until('the origin learns that the client left', () => {
        open?.write(': beat\n\n')
        return left
      })
    })

    it('does not follow redirects, and does not unpack what is packed', async () => {
      behave.a = says(302, '', { Location: 'http://elsewhere.example/' })
      const moved = await fetch(url + path, { redirect: 'manual' })
      expect([moved.status, moved.headers.get('location')]).toEqual([302, 'http://elsewhere.example/'])
    })
  })
}
