// The live feed through an edge router, whatever runs it: one stream for the client, whichever origin it comes from.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ROUTER_HEADER } from '../../router/asked.ts'
import { encodeCursor } from '../../router/changes.ts'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import { SECRET } from '../origin/http/pair.ts'
import { until } from '../origin/http/rawclient.ts'
import type { EdgeStart } from './edgesuite.ts'

const HOST = '127.0.0.1'
const PARK_MS = 2_000
const FEED = '/v1/_changes'
const id = (n: number): string => {
  const place = { kind: 'log', index: n, hash: '0'.repeat(16), op: null } as const
  return encodeCursor({ lineage: 'lineage', at: { s0: place, s1: place } })
}
const event = (n: number): string => `id: ${id(n)}\ndata: {"n":${n}}\n\n`

const BEAT = ': still here\n\n'

type Behaviour = (outgoing: ServerResponse, incoming: IncomingMessage) => void

/** Ports from `base` on are the suite's. */
export function edgeFeedSuite(
  base: number,
  startEdge: (options: EdgeStart) => Promise<{ readonly port: number; stop(): Promise<void> }>,
): void {
  describe('the feed through the edge', () => {
    const ports = { a: base, b: base + 1 }
    const url = `http://${HOST}:${base + 2}${FEED}`
    const servers: Server[] = []
    const asked: { origin: OriginName; lastId: string | null; url: string }[] = []
    const gone = new Set<OriginName>()
    let behave: Record<OriginName, Behaviour>
    let edge: Awaited<ReturnType<typeof startEdge>>

    beforeAll(async () => {
      for (const origin of ORIGINS) {
        const server = createServer((incoming, outgoing) => {
          if (incoming.url === '/livez') return void outgoing.writeHead(200, { 'Tandem-Origin': origin }).end()
          expect(incoming.headers[ROUTER_HEADER]).toMatch(/^1;answer;0;/)
          const lastId = incoming.headers['last-event-id']
          asked.push({ origin, lastId: typeof lastId === 'string' ? lastId : null, url: incoming.url ?? '' })
          outgoing.on('close', () => gone.add(origin))
          behave[origin](outgoing, incoming)
        })
        servers.push(server)
        await new Promise<void>(resolve => server.listen(ports[origin], HOST, resolve))
      }
      const origins = { a: `http://${HOST}:${ports.a}`, b: `http://${HOST}:${ports.b}` }
      edge = await startEdge({ port: base + 2, origins, secret: SECRET, parkMs: PARK_MS })
    }, 60_000)
    afterAll(async () => {
      await edge?.stop()
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    })
    beforeEach(() => {
      asked.length = 0
      gone.clear()
    })

    const begins = (outgoing: ServerResponse): void => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream', 'Tandem-Origin': 'x' })
      outgoing.flushHeaders()
    }
    const streams = (outgoing: ServerResponse): void => {
      begins(outgoing)
      // as an origin does: some runtimes see only then that their client has left
      const beats = setInterval(() => outgoing.write(BEAT), 100)
      outgoing.on('close', () => clearInterval(beats))
    }
    const refuses =
      (status: number): Behaviour =>
      outgoing =>
        outgoing.writeHead(status, { 'Tandem-Origin': 'x', 'Content-Type': 'application/problem+json' }).end('{}')
    /** Whichever is asked first does the one, the other one the other. */
    const first = (one: Behaviour, then: Behaviour): void => {
      const act: Behaviour = (outgoing, incoming) => (asked.length === 1 ? one : then)(outgoing, incoming)
      behave = { a: act, b: act }
    }

    async function opened(headers: Record<string, string> = {}, query = ''): Promise<Response> {
      return fetch(url + query, { headers: { Accept: 'text/event-stream', ...headers } })
    }

    /** Reads on until the text holds this. */
    async function reads(
      reader: ReadableStreamDefaultReader<Uint8Array>,
      before: string,
      wanted: string,
    ): Promise<string> {
      let text = before
      while (!text.includes(wanted)) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`ended before ${wanted}: ${text}`)
        text += new TextDecoder().decode(value)
      }
      return text
    }

    it('goes on with the other origin when one breaks off in the middle of an event', async () => {
      first(
        outgoing => {
          begins(outgoing)
          outgoing.write(`retry: 1000\n\n${event(1)}${event(2)}id: ${id(3)}\ndata: {"n"`, () =>
            setTimeout(() => outgoing.destroy(), 20),
          )
        },
        outgoing => {
          streams(outgoing)
          outgoing.write(event(3))
        },
      )
      const response = await opened()
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      const reader = response.body?.getReader()
      if (reader === undefined) throw new Error('no body')
      const text = (await reads(reader, '', event(3))).replaceAll(BEAT, '')
      expect(text).toBe(`retry: 1000\n\n${event(1)}${event(2)}${event(3)}`)
      expect(asked.map(({ lastId }) => lastId)).toEqual([null, id(2)])
      expect(asked[1]?.origin).toBe(peerOf(asked[0]?.origin ?? 'a'))
      await reader.cancel()
      await until('the origin is told that the client left', () => gone.size === 2)
    })

    it('goes on when one leaves, from where the client said that it is', async () => {
      first(
        outgoing => {
          streams(outgoing)
          outgoing.end()
        },
        outgoing => {
          streams(outgoing)
          outgoing.write(event(8))
        },
      )
      const response = await opened({ 'Last-Event-ID': id(7) }, '?since=now&collection=notes')
      const reader = response.body?.getReader()
      if (reader === undefined) throw new Error('no body')
      await reads(reader, '', event(8))
      expect(asked.map(({ lastId }) => lastId)).toEqual([id(7), id(7)])
      expect(asked[0]?.url).toBe(`${FEED}?since=now&collection=notes`)
      await reader.cancel()
    })

    it('asks the other where the first cannot serve it', async () => {
      first(refuses(503), streams)
      const response = await opened()
      expect([response.status, asked.length]).toEqual([200, 2])
      await response.body?.cancel()
    })

    it('passes a refusal on', async () => {
      first(refuses(410), refuses(410))
      const response = await opened({ 'Last-Event-ID': id(1) })
      expect([response.status, asked.length]).toEqual([410, 1])
    })

    it('ends where nobody goes on in time, and where the place is gone meanwhile', async () => {
      for (const [status, tries] of [
        [503, 3],
        [410, 2],
      ] as const) {
        asked.length = 0
        first(outgoing => {
          streams(outgoing)
          outgoing.end(event(1))
        }, refuses(status))
        const text = await (await opened()).text()
        expect(text).toBe(event(1))
        expect(asked.length).toBeGreaterThanOrEqual(tries)
        if (status === 410) expect(asked.length).toBe(tries)
      }
    })

    it('is a problem where no origin can serve it', async () => {
      first(refuses(503), refuses(503))
      const response = await opened()
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ type: 'https://tandem.dev/problems/no-primary', instance: FEED })
    })
  })
}
