import type { IncomingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { VIEW_HEADER } from '../../../router/viewheader.ts'
import { pathIn } from './keys.ts'
import {
  FAIR,
  LIMITS,
  type Origin,
  type Pair,
  type Rows,
  SECRET,
  sealView,
  startOrigin,
  startPair,
  viewOf,
} from './pair.ts'
import { endless, exchange, one, open, until } from './rawclient.ts'
import { type Behaviour, type WilfulPeer, wilfulPeer } from './wilfulpeer.ts'

/** One suite: a client cannot tell by which of them its request got to the other origin. */
const TRANSPORTS = [
  { transport: 'pooled', base: 19120 },
  { transport: 'frames', base: 19140 },
] as const

describe.each(TRANSPORTS)('two origins, one service, by $transport', ({ transport, base: BASE }) => {
  let pair: Pair
  beforeAll(async () => {
    pair = await startPair(BASE, LIMITS, transport)
    if (transport === 'frames') await Promise.all([pair.a, pair.b].map(untilFrames))
  })
  afterAll(() => pair.stop())

  it('answers for both shards through both doors', async () => {
    for (const origin of [pair.a, pair.b]) {
      for (const shard of ['s0', 's1'] as const) {
        const url = origin.url + pathIn(shard, 7)
        const home = shard === 's0' ? 'a' : 'b'
        const put = await fetch(url, {
          method: 'PUT',
          body: `${origin.name}${shard}`,
          headers: { 'Content-Type': 'text/x' },
        })
        expect([200, 201]).toContain(put.status)
        expect(put.headers.get('tandem-shard')).toBe(shard)
        expect(put.headers.get('tandem-origin')).toBe(home)
        expect(put.headers.get('tandem-durability')).toBe('mirrored')
        const get = await fetch(url)
        expect(get.headers.get('content-type')).toBe('text/x')
        expect(get.headers.get('etag')).toBe(put.headers.get('etag'))
        expect(await get.text()).toBe(`${origin.name}${shard}`)
        const status = home === origin.name ? null : `tandem-${origin.name}; next-hop=${home}`
        expect(get.headers.get('proxy-status')).toBe(status)
        const head = await fetch(url, { method: 'HEAD' })
        expect(head.headers.get('content-length')).toBe('3')
        const same = await fetch(url, { headers: { 'If-None-Match': get.headers.get('etag') ?? '' } })
        expect(same.status).toBe(304)
      }
    }
    const [gone, none] = [
      await fetch(pair.a.url + pathIn('s1', 7), { method: 'DELETE' }),
      await fetch(pair.a.url + pathIn('s1', 7)),
    ]
    expect([gone.status, none.status]).toEqual([204, 404])
    expect(await none.json()).toMatchObject({ instance: pathIn('s1', 7) })
  })

  it('large bodies pass in both directions', async () => {
    const url = pair.a.url + pathIn('s1', 8)
    const body = Uint8Array.from({ length: 900_000 }, (_, i) => (i * 7) % 251)
    expect((await fetch(url, { method: 'PUT', body })).status).toBe(201)
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(body)
    expect((await fetch(url, { method: 'PUT', body: new Blob([body]).stream(), duplex: 'half' })).status).toBe(200)
    expect(pair.rows.get(pathIn('s1', 8).slice(4))?.body.length).toBe(900_000)
  })

  it('chunked bodies beyond the limit end at the primary', async () => {
    const body = endless()
    const response = await fetch(pair.a.url + pathIn('s1', 9), { method: 'PUT', body, duplex: 'half' })
    expect(response.status).toBe(413)
    expect((await fetch(pair.a.url + pathIn('s1', 9))).status).toBe(404)
  })

  it('many at once share few connections', async () => {
    const url = pair.a.url + pathIn('s1', 10)
    await fetch(url, { method: 'PUT', body: 'x' })
    const answers = await Promise.all(Array.from({ length: 400 }, () => fetch(url).then(response => response.text())))
    expect(new Set(answers)).toEqual(new Set(['x']))
  })

  it('follows a handover in both directions, bodies included', async () => {
    const path = pathIn('s1', 11)
    const gateOf = (view: ReturnType<typeof viewOf>) => () =>
      ({ kind: 'misdirected', view, why: 'Not the primary.' }) as const
    // b hands s1 over to a, who learns of it by the refusal alone and begins to serve a little later
    pair.b.documents.refuse = gateOf(viewOf(2, 'a', 'a'))
    const learning = until('a learned the view', () => pair.a.whereabouts.learned.length > 0)
    const put = fetch(pair.a.url + path, { method: 'PUT', body: 'carried over' })
    await learning
    expect(pair.b.documents.writes).not.toContain(`c/${path.slice(6)}`)
    pair.a.whereabouts.set(viewOf(2, 'a', 'a'), ['s0', 's1'])
    const answer = await put
    expect(answer.status).toBe(201)
    expect(answer.headers.get('tandem-origin')).toBe('a')
    expect(answer.headers.get('proxy-status')).toMatch(/^tandem-a; details="attempts=2, parked-ms=\d+"$/)
    expect(await (await fetch(pair.a.url + path)).text()).toBe('carried over')

    // and back: the local gate refuses, the bytes that it was given are gone
    pair.b.documents.refuse = null
    pair.b.whereabouts.set(viewOf(3, 'a', 'b'), ['s1'])
    pair.a.documents.refuse = shard => {
      if (shard === 's0') return null
      pair.a.whereabouts.set(viewOf(3, 'a', 'b'), ['s0'])
      return { kind: 'misdirected', view: viewOf(3, 'a', 'b'), why: 'Handed over.' }
    }
    const back = await fetch(pair.a.url + path, { method: 'PUT', body: 'and back' })
    expect(back.status).toBe(200)
    expect(back.headers.get('tandem-origin')).toBe('b')
    expect(await (await fetch(pair.b.url + path)).text()).toBe('and back')
    pair.a.documents.refuse = null
    expect([...pair.a.errors, ...pair.b.errors]).toEqual([])
  })
})

describe.each(TRANSPORTS)('a peer with a will of its own, by $transport', ({ transport, base: BASE }) => {
  const PATH = pathIn('s1')
  let a: Origin
  let peer: WilfulPeer
  let behave: Behaviour
  const seen: { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders }[] = []
  const rows: Rows = new Map()

  beforeAll(async () => {
    peer = wilfulPeer(transport, BASE + 12, (incoming, outgoing) => {
      seen.push({ method: incoming.method, url: incoming.url, headers: incoming.headers })
      behave(incoming, outgoing)
    })
    await peer.listen()
    const ports = { publicPort: BASE + 10, privatePort: BASE + 11, peerPrivatePort: BASE + 12 }
    a = await startOrigin({ name: 'a', rows, ...ports, transport, trustedProxies: ['127.0.0.0/8'] })
  })
  beforeEach(async () => {
    if (transport === 'frames') await untilFrames(a)
    seen.length = 0
    a.whereabouts.learned.length = 0
    a.whereabouts.set(FAIR, ['s0'])
  })
  afterEach(() => {
    expect(a.errors).toEqual([])
    expect(a.parking.requests).toBe(0)
  })
  afterAll(async () => {
    await a.stop()
    await peer.unlisten()
  })

  it('gets the request as it came, without what is of one hop, with what only we may say', async () => {
    behave = (_incoming, outgoing) => outgoing.end('ok')
    const target = `${PATH}?a=%2F..%2f&b=/../x`
    const request = [
      `GET ${target} HTTP/1.1`,
      'Host: docs.example',
      'Connection: keep-alive, X-Mine',
      'X-Mine: 1',
      'TE: trailers',
      'Upgrade: h2c',
      'Tandem-Secret: guess',
      'Tandem-Forwarded: 1',
      'X-Forwarded-For: 203.0.113.9',
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'Accept: a',
      'Accept: b',
    ]
    const answer = await exchange(BASE + 10, `${request.join('\r\n')}\r\n\r\n`, one)
    expect(answer.statuses).toEqual([200])
    const [arrived] = seen
    expect(arrived?.url).toBe(target)
    expect(arrived?.headers).toMatchObject({
      'x-forwarded-host': 'docs.example',
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
      'x-forwarded-proto': 'http',
      // by frames, the connection has proved all of that
      ...(transport === 'pooled'
        ? { host: `127.0.0.1:${BASE + 12}`, 'tandem-forwarded': '1', 'tandem-secret': SECRET }
        : {}),
      accept: 'a, b',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    })
    const never = transport === 'frames' ? ['tandem-secret', 'tandem-forwarded'] : []
    for (const name of ['x-mine', 'te', 'upgrade', ...never]) expect(arrived?.headers).not.toHaveProperty(name)
  })

  it('has its answer passed on as it is: no redirect followed, nothing decompressed, nothing of one hop', async () => {
    const zipped = gzipSync('hello')
    behave = (_incoming, outgoing) => {
      outgoing.writeHead(302, {
        Location: 'http://127.0.0.1:9/elsewhere',
        'Content-Encoding': 'gzip',
        'Content-Length': zipped.length,
        Connection: 'keep-alive, X-Hop',
        'X-Hop': '1',
        'Proxy-Authenticate': 'Basic',
        'Proxy-Status': 'other; error=dns_error',
        'Set-Cookie': ['a=1', 'b=2'],
      })
      outgoing.end(zipped)
    }
    const answer = await exchange(BASE + 10, `GET ${PATH} HTTP/1.1\r\nHost: h\r\n\r\n`, one)
    expect(answer.statuses).toEqual([302])
    expect(answer.text).toContain('http://127.0.0.1:9/elsewhere')
    expect(answer.text).toContain(zipped.toString('latin1'))
    expect(answer.text).toMatch(/proxy-status: other; error=dns_error, tandem-a; next-hop=b\r\n/i)
    expect(answer.text).toMatch(/set-cookie: a=1\r\nset-cookie: b=2\r\n/i)
    expect(answer.text).not.toMatch(/x-hop|proxy-authenticate/i)
    expect(seen).toHaveLength(1)
  })

  it('is not read faster than the client reads', async () => {
    let written = 0
    let closed = false
    behave = (_incoming, outgoing) => {
      const more = (): void => {
        while (!outgoing.destroyed) {
          written += 65_536
          if (!outgoing.write(new Uint8Array(65_536))) break
        }
      }
      outgoing.on('drain', more)
      outgoing.on('close', () => {
        closed = true
      })
      more()
    }
    const socket = await open(BASE + 10)
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: h\r\n\r\n`)
    socket.pause()
    let last = -1
    await until('the flow stopped', () => {
      const still = written === last && written > 0
      last = written
      return still
    })
    await new Promise(resolve => setTimeout(resolve, 100))
    // kernel buffers of two loopback connections, and 64 KiB of ours
    expect(written).toBeLessThan(24_000_000)
    socket.destroy()
    await until('the peer saw the client leave', () => closed)
  })

  it('does not take a body faster than it reads', async () => {
    behave = () => {}
    const flood = await open(BASE + 10)
    flood.write(`PUT ${PATH} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')])
    const more = (): void => {
      while (flood.writable && flood.write(chunk));
    }
    flood.on('drain', more)
    more()
    let last = -1
    await until('the flow stopped', () => {
      const still = flood.bytesWritten === last
      last = flood.bytesWritten
      return still
    })
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(flood.bytesWritten).toBeLessThan(24_000_000)
    flood.destroy()
  })

  it('learns that the client left, whatever it was doing', async () => {
    const closed: string[] = []
    behave = (incoming, outgoing) => {
      incoming.resume()
      outgoing.on('close', () => closed.push(incoming.method ?? ''))
    }
    for (const method of ['GET', 'PUT']) {
      const leave = new AbortController()
      const gone = fetch(a.url + PATH, {
        method,
        signal: leave.signal,
        ...(method === 'PUT' ? { body: 'x' } : {}),
      }).catch(() => 'left')
      await until('it arrived', () => seen.at(-1)?.method === method)
      leave.abort()
      expect(await gone).toBe('left')
      await until('the peer saw it', () => closed.includes(method))
    }
  })

  it('is asked again when it comes up', async () => {
    behave = (incoming, outgoing) => {
      incoming.on('data', chunk => outgoing.write(chunk)).on('end', () => outgoing.end())
    }
    await peer.unlisten()
    const put = fetch(a.url + PATH, { method: 'PUT', body: 'patience' })
    await until('it waits', () => a.parking.requests === 1)
    await peer.listen()
    const answer = await put
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('patience')
    expect(answer.headers.get('proxy-status')).toMatch(/^tandem-a; next-hop=b; details="attempts=\d+, parked-ms=\d+"$/)
  })

  it('breaks a read: asked again; a write too, under one key, until the time is over', async () => {
    behave = (incoming, outgoing) => {
      if (seen.length === 1) incoming.socket.destroy()
      else outgoing.end('second')
    }
    expect(await (await fetch(a.url + PATH)).text()).toBe('second')
    behave = incoming => incoming.socket.destroy()
    const write = await fetch(a.url + PATH, { method: 'PUT', body: 'x' })
    expect(write.status).toBe(503)
    expect(write.headers.get('proxy-status')).toMatch(/error=connection_terminated; details="attempts=\d\d/)
    expect(await write.json()).toMatchObject({ committed: 'unknown', retryable: false })
    const keys = seen.slice(2).map(({ headers }) => headers['tandem-minted-key'])
    expect(keys.length).toBeGreaterThan(10)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^m[0-9a-f]{12}-router-a-[0-9a-z]+\.[\w-]{43}$/)
  })

  it('breaks in the middle of an answer: a small one is asked for again, a large one ends for the client too', async () => {
    behave = (incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Length': '10' })
      if (seen.length > 1) return outgoing.end('0123456789')
      outgoing.write('01234')
      return setImmediate(() => incoming.socket.destroy())
    }
    expect(await (await fetch(a.url + PATH)).text()).toBe('0123456789')
    behave = (incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Length': '1000000' })
      outgoing.write(new Uint8Array(500_000), () => incoming.socket.destroy())
    }
    const large = await fetch(a.url + PATH)
    await expect(large.arrayBuffer()).rejects.toThrow()
  })

  it('refuses before it read a stream that has begun to flow: the client is told to send it again', async () => {
    behave = (incoming, outgoing) => {
      incoming.once('data', () => {
        outgoing.writeHead(421, { [VIEW_HEADER]: sealView(viewOf(2, 'a', 'a')) }).end()
      })
    }
    const body = new Blob([new Uint8Array(300_000)]).stream()
    const answer = await fetch(a.url + PATH, { method: 'PUT', body, duplex: 'half' })
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({
      type: 'https://tandem.dev/problems/not-replayable',
      committed: 'no',
      retryable: true,
    })
    expect(a.whereabouts.learned).toEqual([viewOf(2, 'a', 'a')])
  })

  it('answers early, and the rest of the body is of no account', async () => {
    behave = (_incoming, outgoing) => outgoing.writeHead(413, { 'Content-Type': 'application/problem+json' }).end('{}')
    const body = endless()
    const answer = await fetch(a.url + PATH, { method: 'PUT', body, duplex: 'half' })
    expect(answer.status).toBe(413)
    behave = (_incoming, outgoing) => outgoing.end('fine')
    expect(await (await fetch(a.url + PATH)).text()).toBe('fine')
  })

  it('does not know our secret: no answer for a client', async context => {
    if (transport !== 'pooled') return context.skip('whoever does not know it cannot open a connection for frames')
    behave = (_incoming, outgoing) => {
      outgoing.writeHead(401, { 'WWW-Authenticate': 'Bearer realm="tandem-private"' }).end()
    }
    const put = fetch(a.url + PATH, { method: 'PUT', body: 'x' })
    await until('it waits', () => a.parking.requests === 1)
    a.whereabouts.set(viewOf(2, 'a', 'a'), ['s0', 's1'])
    expect((await put).status).toBe(201)
  })

  it('is silent and replaced: its reads and writes go elsewhere', async () => {
    behave = incoming => void incoming.resume()
    rows.clear()
    await fetch(a.url + pathIn('s0'), { method: 'PUT', body: 'x' })
    const read = fetch(a.url + PATH)
    const write = fetch(a.url + PATH, { method: 'PUT', body: 'x' })
    await until('both arrived', () => seen.length === 2)
    const from = performance.now()
    a.whereabouts.set(viewOf(2, 'a', 'a'), ['s0', 's1'])
    const answer = await read
    expect(answer.headers.get('tandem-origin')).toBe('a')
    expect(performance.now() - from).toBeLessThan(800)
    const written = await write
    expect(written.status).toBe(201)
    expect(written.headers.get('tandem-origin')).toBe('a')
    expect(performance.now() - from).toBeLessThan(800)
  })
})

describe('two versions at a time', () => {
  const BASE = 19160
  it('an origin that offers frames and one that does not serve together, and use them once both do', async () => {
    const rows: Rows = new Map()
    const ports = { publicPort: BASE, privatePort: BASE + 2, peerPrivatePort: BASE + 3 }
    const peerPorts = { publicPort: BASE + 1, privatePort: BASE + 3, peerPrivatePort: BASE + 2 }
    const a = await startOrigin({ name: 'a', rows, ...ports, transport: 'frames' })
    const older = await startOrigin({ name: 'b', rows, ...peerPorts, transport: 'pooled' })
    try {
      for (const url of [a.url + pathIn('s1'), older.url + pathIn('s0')]) {
        expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(201)
        expect(await (await fetch(url)).text()).toBe('x')
      }
      expect(a.notes).toEqual([])
    } finally {
      await older.stop()
    }
    const newer = await startOrigin({ name: 'b', rows, ...peerPorts, transport: 'frames' })
    try {
      await Promise.all([a, newer].map(untilFrames))
      expect(await (await fetch(a.url + pathIn('s1'))).text()).toBe('x')
    } finally {
      await Promise.all([a.stop(), newer.stop()])
    }
  })
})

/** Until then requests go by pooled HTTP, as they do to a peer of an older version. */
const untilFrames = (origin: Origin): Promise<void> =>
  until(`${origin.name} forwards by frames`, () => origin.notes.at(-1) === 'forwards by frames')
