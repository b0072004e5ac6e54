// The link over real sockets on loopback: the shared suite, then what only a real one has.
import { request } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createLink } from '../../../replicator/link/link.ts'
import { LINK_BUFFER_BYTES_MAX } from '../../../replicator/link/session.ts'
import { FRAME_ENTRIES, FRAME_MESSAGE } from '../../../replicator/link/transport.ts'
import { type Host, memoryLog, SECRET, startHost } from './hosts.ts'
import { linkSuite, recorder, sessionAt } from './suite.ts'
import { until } from './until.ts'

const PORT_A = 19401
const PORT_B = 19402
const PORT_PROXY = 19403

linkSuite('over HTTP upgrade', async handlers => {
  const b = await startHost({ name: 'b', port: PORT_B, peerPort: PORT_A, handlers: handlers.b })
  const a = await startHost({ name: 'a', port: PORT_A, peerPort: PORT_B, handlers: handlers.a })
  return {
    a: a.link,
    b: b.link,
    stop: async () => {
      await Promise.all([a.stop(), b.stop()])
    },
  }
})

describe('the real link', () => {
  const running: { stop(): Promise<void> }[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map(part => part.stop()))
  })
  const host = async (options: Partial<Parameters<typeof startHost>[0]> & { readonly name: 'a' | 'b' }) => {
    const seen = recorder()
    const port = options.name === 'a' ? PORT_A : PORT_B
    const peerPort = options.name === 'a' ? PORT_B : PORT_A
    const started: Host = await startHost({ port, peerPort, handlers: seen.handlers, ...options })
    running.push(started)
    return { ...started, ...seen }
  }
  const complaint = (end: Host, kind: string) => end.lines.find(line => line.fields.complaint === kind) ?? null
  const bothUp = (a: Awaited<ReturnType<typeof host>>, b: Awaited<ReturnType<typeof host>>) =>
    until('both are up', () => (sessionAt(a) !== null && sessionAt(a) === sessionAt(b) ? sessionAt(a) : null))

  it('refuses a peer with another secret, says so on both ends, and never begins a session', async () => {
    const b = await host({ name: 'b', secret: 'not the same secret' })
    const a = await host({ name: 'a' })
    expect((await until('b complains', () => complaint(b, 'secret'))).level).toBe('warn')
    const told = await until('a complains', () => complaint(a, 'refused'))
    expect(told.fields.why).toContain('the cluster secrets differ')
    expect([...a.seen, ...b.seen]).toEqual([])
    expect(JSON.stringify([a.lines, b.lines])).not.toContain(SECRET)
  })

  it('is not told a proof by an acceptor that does not know the secret', async () => {
    const nonce = '0'.repeat(64)
    const forged = await fakeAcceptor(PORT_B, socket => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tandem-link/1\r\n` +
          `Tandem-Link-Name: b\r\nTandem-Link-Incarnation: b-1\r\nTandem-Link-Nonce: ${nonce}\r\n\r\n`,
      )
      const answer = Buffer.from(JSON.stringify({ proof: '0'.repeat(64) }))
      const header = Buffer.alloc(5)
      header.writeUInt32BE(answer.byteLength)
      socket.write(Buffer.concat([header, answer]))
    })
    running.push(forged)
    const a = await host({ name: 'a' })
    await until('a complains', () => complaint(a, 'secret'))
    expect(a.seen).toEqual([])
  })

  it('gives up a handshake that does not end, and dials again', async () => {
    let dials = 0
    const silent = await fakeAcceptor(PORT_B, () => {
      dials += 1
    })
    running.push(silent)
    const a = await host({ name: 'a' })
    await until('a complains', () => complaint(a, 'timeout'))
    await until('a dials again', () => (dials > 1 ? true : null))
  })

  it('repeats no complaint while it dials on', async () => {
    const b = await host({ name: 'b', secret: 'not the same secret' })
    let dials = 0
    const proxy = await startProxy(() => {
      dials += 1
    })
    running.push(proxy)
    const a = await host({ name: 'a', peerPort: PORT_PROXY })
    await until('four dials', () => (dials >= 4 ? true : null))
    expect(a.lines).toHaveLength(1)
    expect(b.lines).toHaveLength(1)
  })

  it('refuses to link origin a to itself', async () => {
    const a = await host({ name: 'a', peerPort: PORT_A })
    const told = await until('the dialling end complains', () => complaint(a, 'refused'))
    expect(told.fields.why).toContain('this is origin a, which dials')
    await until('the accepting end complains', () => complaint(a, 'name'))
    expect(a.seen).toEqual([])
  })

  it.each([
    ['another version', 426, { Upgrade: 'tandem-link/9' }, 'version'],
    ['no hello', 400, { Upgrade: 'tandem-link/1' }, 'request'],
    ['its own name', 409, { Upgrade: 'tandem-link/1', ...hello('b') }, 'name'],
  ])('answers an upgrade with %s by %i', async (_what, status, headers, kind) => {
    const b = await host({ name: 'b' })
    const answer = await upgradeAnswer(PORT_B, headers)
    expect(answer.status).toBe(status)
    expect(answer.upgrade).toBe('tandem-link/1')
    await until('b complains', () => complaint(b, kind))
  })

  it('tells of a peer that speaks another version', async () => {
    const other = await fakeAcceptor(PORT_B, socket =>
      socket.end('HTTP/1.1 426 Upgrade Required\r\nUpgrade: tandem-link/9\r\nContent-Length: 4\r\n\r\nold\n'),
    )
    running.push(other)
    const a = await host({ name: 'a' })
    expect((await until('a complains', () => complaint(a, 'version'))).fields.why).toBe('the peer answered 426: old')
  })

  it('ends a session with a peer that breaks the frame format', async () => {
    const b = await host({ name: 'b' })
    let wire: Socket | null = null
    const proxy = await startProxy(socket => {
      wire = socket
    })
    running.push(proxy)
    const a = await host({ name: 'a', peerPort: PORT_PROXY })
    const session = await bothUp(a, b)
    const upstream = await until('the connection', () => wire)
    upstream.write(Buffer.from([0xff, 0xff, 0xff, 0xff, FRAME_MESSAGE]))
    const down = await until('b is down', () => b.seen.find(happening => happening.kind === 'down') ?? null)
    expect(down).toEqual({ kind: 'down', session, why: 'a frame of 4294967295 bytes, the limit is 67108864' })
  })

  it('links again after every connection broke', async () => {
    const b = await host({ name: 'b' })
    const a = await host({ name: 'a' })
    const first = await bothUp(a, b)
    b.sever()
    await until('down on a', () => a.seen.find(happening => happening.kind === 'down') ?? null)
    expect(await bothUp(a, b)).not.toBe(first)
  })

  it('links once the peer starts', async () => {
    const a = await host({ name: 'a' })
    await until('a complains', () => complaint(a, 'unreachable'))
    const b = await host({ name: 'b' })
    await bothUp(a, b)
  })

  it('lets a newer session replace the older one, whose end is told first', async () => {
    const b = await host({ name: 'b' })
    const a = await host({ name: 'a' })
    const first = await bothUp(a, b)
    const newer = recorder()
    const { log } = memoryLog()
    const peerUrl = new URL(`http://127.0.0.1:${PORT_B}`)
    const second = createLink({ name: 'a', peerUrl, secret: SECRET, incarnation: 'a-2', log, handlers: newer.handlers })
    running.push({ stop: () => second.close() })
    const session = await until('the newer one is up', () => sessionAt(newer))
    await until('b has it', () => (b.seen.length >= 3 ? true : null))
    expect(b.seen.slice(0, 3)).toEqual([
      { kind: 'up', session: first },
      { kind: 'down', session: first, why: 'a newer session replaced it' },
      { kind: 'up', session },
    ])
    await a.stop()
    running.splice(
      running.findIndex(part => part.stop === a.stop),
      1,
    )
  })

  it('drops a session whose peer takes nothing', async () => {
    const b = await host({ name: 'b' })
    const proxy = await startProxy()
    running.push(proxy)
    const a = await host({ name: 'a', peerPort: PORT_PROXY })
    const session = await bothUp(a, b)
    proxy.stall()
    const chunk = new Uint8Array(8 * 1024 * 1024)
    let sent = 0
    while (a.link.send(session, FRAME_ENTRIES, chunk)) sent += chunk.byteLength
    expect(sent).toBeGreaterThanOrEqual(LINK_BUFFER_BYTES_MAX)
    expect(sent).toBeLessThanOrEqual(LINK_BUFFER_BYTES_MAX + 2 * chunk.byteLength)
    const down = await until('a is down', () => a.seen.find(happening => happening.kind === 'down') ?? null)
    expect(down).toMatchObject({ session, why: expect.stringContaining('takes nothing') })
  })

  it('bounds strangers that begin a handshake and never end it', async () => {
    const b = await host({ name: 'b' })
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => upgradeAnswer(PORT_B, { Upgrade: 'tandem-link/1', ...hello('a') })),
    )
    expect(answers.filter(answer => answer.status === 101)).toHaveLength(8)
    expect(answers.filter(answer => answer.status === 503)).toHaveLength(4)
    for (const answer of answers) await until('it is hung up on', () => (answer.socket.destroyed ? true : null))
    const a = await host({ name: 'a' })
    await bothUp(a, b)
  })
})

function hello(name: string): Record<string, string> {
  return { 'Tandem-Link-Name': name, 'Tandem-Link-Incarnation': 'x', 'Tandem-Link-Nonce': '0'.repeat(64) }
}

type Answer = { readonly status: number; readonly upgrade: string | undefined; readonly socket: Socket }

function upgradeAnswer(port: number, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path: '/_tandem/link', agent: false, headers: { Connection: 'Upgrade', ...headers } })
    asked.on('upgrade', (response, socket) => {
      socket.resume()
      socket.on('end', () => socket.destroy())
      resolve({ status: response.statusCode ?? 0, upgrade: response.headers.upgrade, socket })
    })
    asked.on('response', response => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, upgrade: response.headers.upgrade, socket: response.socket })
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** Speaks whatever the test wants once it has the request. */
async function fakeAcceptor(port: number, speak: (socket: Socket) => void): Promise<{ stop(): Promise<void> }> {
  return listening(port, socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => speak(socket))
  })
}

/** Passes bytes on to b; shows its connection to b to the test. */
async function startProxy(onUpstream: (socket: Socket) => void = () => undefined) {
  const pairs: [Socket, Socket][] = []
  const server = await listening(PORT_PROXY, socket => {
    const upstream = connect(PORT_B, '127.0.0.1')
    pairs.push([socket, upstream])
    for (const end of [socket, upstream]) end.on('error', () => undefined)
    socket.on('close', () => upstream.destroy())
    upstream.on('close', () => socket.destroy())
    socket.pipe(upstream)
    upstream.pipe(socket)
    onUpstream(upstream)
  })
  return {
    ...server,
    stall: () => {
      for (const [socket, upstream] of pairs) {
        socket.unpipe(upstream)
        socket.pause()
      }
    },
  }
}

async function listening(port: number, onConnection: (socket: Socket) => void): Promise<{ stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket)
    onConnection(socket)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return {
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
