import { Agent, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { LINK } from '../../../replicator/link/proof.ts'
import { idIn, pathIn } from './keys.ts'
import { type Origin, type OriginOptions, SECRET, sealView, startOrigin, viewOf } from './pair.ts'
import { exchange, one, open, until } from './rawclient.ts'

const PORT = 19150
const PRIVATE = PORT + 1
let origin: Origin | null = null
const start = async (over: Partial<OriginOptions> = {}): Promise<Origin> => {
  const ports = { publicPort: PORT, privatePort: PRIVATE, peerPrivatePort: PORT + 2 }
  origin = await startOrigin({ name: 'a', rows: new Map(), ...ports, ...over })
  return origin
}
afterEach(async () => {
  await origin?.stop()
  origin = null
})

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${PRIVATE}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
const known = { 'Tandem-Secret': SECRET }

describe('the private door', () => {
  it('opens to those who know the secret', async () => {
    await start()
    for (const path of ['/_tandem/status', '/metrics', '/dashboard', pathIn('s0'), '/']) {
      const strangers: Record<string, string>[] = [
        {},
        { 'Tandem-Secret': 'wrong' },
        { 'Tandem-Secret': '' },
        { 'Tandem-Secret': `${SECRET}x` },
        { 'Tandem-Secret': SECRET.slice(1) },
        { Authorization: `Basic ${SECRET}` },
        { Authorization: 'Bearer wrong' },
        { 'Tandem-Forwarded': '1' },
      ]
      for (const headers of strangers) {
        const answer = await ask(path, headers)
        expect(answer.status).toBe(401)
        expect(answer.headers.get('www-authenticate')).toContain('Bearer')
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
        await answer.body?.cancel()
      }
    }
    expect(await (await ask('/_tandem/status', known)).text()).toBe('control')
    const dots = await exchange(
      PRIVATE,
      `GET /metrics/../x HTTP/1.1\r\nHost: h\r\nTandem-Secret: ${SECRET}\r\n\r\n`,
      one,
    )
    expect(dots.statuses).toEqual([400])
  })

  it('takes a bearer token that has no blanks', async () => {
    const { secretCheck } = await import('../../../origin/http/secret.ts')
    const { IncomingMessage } = await import('node:http')
    const { Socket } = await import('node:net')
    const check = secretCheck('s3cret')
    const incoming = new IncomingMessage(new Socket())
    incoming.headers.authorization = 'Bearer s3cret'
    expect(check(incoming)).toBe(true)
    incoming.headers['tandem-secret'] = 'wrong'
    expect(check(incoming)).toBe(false)
  })

  it('answers what was forwarded, and never forwards it again', async () => {
    const a = await start()
    const forwarded = { ...known, 'Tandem-Forwarded': '1' }
    expect((await ask(pathIn('s0'), known)).status).toBe(404)
    expect((await ask(pathIn('s0'), forwarded, 'PUT', 'x')).status).toBe(201)
    expect(await (await ask(pathIn('s0'), forwarded)).text()).toBe('x')
    expect((await ask('/v1/c', forwarded)).status).toBe(404)
    expect((await ask('/v1/_shards/s0/c?limit=3', known)).status).toBe(404)
    const part = await ask('/v1/_shards/s0/c?limit=3', forwarded)
    expect([part.status, part.headers.get('content-type')]).toEqual([200, 'application/vnd.tandem.part'])
    expect((await part.text()).split('\n')[0]).toBe('{"more":false}')
    expect((await ask('/v1/_shards/s0/c?limit=0', forwarded)).status).toBe(400)
    expect((await ask('/v1/c/_x', forwarded)).status).toBe(400)
    a.documents.refuse = () => ({ kind: 'misdirected', view: viewOf(3, 'b', 'b'), why: 'Not the primary.' })
    const refused = await ask(pathIn('s0'), forwarded, 'PUT', 'x')
    expect(refused.status).toBe(421)
    expect(refused.headers.get('tandem-view')).toBe(sealView(viewOf(3, 'b', 'b')))
    expect(await refused.json()).toMatchObject({ type: 'https://tandem.dev/problems/misdirected', committed: 'no' })
    a.documents.refuse = () => ({ kind: 'misdirected', view: null, why: 'Nothing is known yet.' })
    expect((await ask(pathIn('s0'), forwarded)).headers.get('tandem-view')).toBeNull()
  })

  it('keeps what was forwarded a moment too early until the reign begins', async () => {
    const begun = Promise.withResolvers<void>()
    const early: string[] = []
    const a = await start({
      begins: shard => {
        early.push(shard)
        return begun.promise
      },
    })
    a.documents.refuse = () => ({ kind: 'misdirected', view: null, why: 'It is about to begin.' })
    const put = ask(pathIn('s0'), { ...known, 'Tandem-Forwarded': '1' }, 'PUT', 'x')
    await until('it waits', () => early.length === 1)
    a.documents.refuse = null
    begun.resolve()
    expect([(await put).status, early]).toEqual([201, ['s0']])
  })

  it('hands upgrades of the link over, and no others', async () => {
    const dialled: string[] = []
    await start({
      onUpgrade: (incoming, socket) => {
        dialled.push(incoming.url ?? '')
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tandem\r\n\r\nhello')
      },
    })
    const dial = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tandem\r\n\r\n`
    const link = await exchange(PRIVATE, dial(LINK.path), answer => answer.text.endsWith('hello'))
    expect(link.statuses).toEqual([101])
    const other = await exchange(PRIVATE, dial('/metrics'), one)
    expect(other.statuses).toEqual([401])
    const outside = await exchange(PORT, dial(LINK.path), one)
    expect(outside.statuses).toEqual([404])
    expect(dialled).toEqual([LINK.path])
  })
})

describe('a door', () => {
  it('says in one sentence that it cannot open', async () => {
    await start()
    const port = PORT
    await expect(start({ publicPort: port, privatePort: PORT + 3 })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use: another process listens there.`,
    )
  })

  it('lets what is under way end, says goodbye, takes nobody new, and is closed in time', async () => {
    const a = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const get = (path: string): Promise<{ status: number | undefined; connection: string | undefined }> =>
      new Promise((resolve, reject) => {
        const outgoing = request({ port: PORT, host: '127.0.0.1', path, agent }, incoming => {
          incoming
            .resume()
            .on('end', () => resolve({ status: incoming.statusCode, connection: incoming.headers.connection }))
        })
        outgoing.on('error', reject).end()
      })
    expect(await get('/livez')).toEqual({ status: 200, connection: 'keep-alive' })
    let release: () => void = () => {}
    a.documents.hold = new Promise(resolve => {
      release = resolve
    })
    const slow = fetch(a.url + pathIn('s0'), { method: 'PUT', body: 'x' })
    // as the model sees it: the write is in its hands
    await new Promise(resolve => setTimeout(resolve, 50))
    const from = performance.now()
    const closing = a.publicDoor.close({ lingerMs: 300, graceMs: 2_000 })
    expect(await get('/livez')).toEqual({ status: 200, connection: 'close' })
    await expect(open(PORT)).rejects.toThrow('ECONNREFUSED')
    release()
    const answer = await slow
    expect(answer.status).toBe(201)
    expect(answer.headers.get('connection')).toBe('close')
    await closing
    expect(performance.now() - from).toBeLessThan(1_500)
    agent.destroy()
  })

  it('cuts at last what does not end', async () => {
    const a = await start()
    a.documents.hold = new Promise(() => {})
    const stuck = fetch(a.url + pathIn('s0')).catch(() => 'cut')
    await new Promise(resolve => setTimeout(resolve, 50))
    const from = performance.now()
    await a.publicDoor.close({ lingerMs: 0, graceMs: 200 })
    expect(await stuck).toBe('cut')
    expect(performance.now() - from).toBeLessThan(1_000)
  })

  it('does not wait for links, which their owner ends', async () => {
    const sockets: Duplex[] = []
    const a = await start({ onUpgrade: (_incoming, socket) => void sockets.push(socket) })
    const link = await open(PRIVATE)
    let ended = false
    link.on('close', () => {
      ended = true
    })
    link.write(`GET ${LINK.path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tandem\r\n\r\n`)
    await until('the link is up', () => sockets.length === 1)
    // with it, SIGTERM of the origin that was dialled took its whole grace
    await a.privateDoor.close({ lingerMs: 0, graceMs: 60_000 })
    expect(ended).toBe(false)
    for (const socket of sockets) socket.destroy()
    await until('its end', () => ended)
  })

  it('does not know other names for a document of another shard', async () => {
    const a = await start()
    a.whereabouts.set(null, ['s0', 's1'])
    const put = await fetch(`${a.url}/v1/c/${idIn('s1')}`, { method: 'PUT', body: 'x' })
    expect(put.headers.get('tandem-shard')).toBe('s1')
  })
})
