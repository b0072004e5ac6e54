// TLS: HTTP/2 and HTTP/1.1 alike, certificates changed while it runs, and who must show one.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { listenPublic } from '../../../origin/http/listen.ts'
import { proxyTrust } from '../../../origin/http/proxies.ts'
import type { Listening } from '../../../origin/http/server.ts'
import { startServer } from '../../../origin/http/server.ts'
import { authority, hasOpenssl } from '../../fixtures/certificates.ts'

const HOST = '127.0.0.1'
const CHANGE_MS = 5000
const CLOSE = { lingerMs: 0, graceMs: 1000 }
const open: Listening[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(listening => listening.close(CLOSE)))
})

function place() {
  const dir = mkdtempSync(join(tmpdir(), 'tandem-tls-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return { dir, ...authority(join(dir, 'authority')) }
}

type Answered = {
  readonly status: number
  readonly body: string
  readonly headers: Record<string, unknown>
  readonly name: string
}

/** Over HTTP/1.1, on a connection of its own. */
function ask(port: number, ca: string, own: { cert?: Buffer; key?: Buffer } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false, ca: readFileSync(ca), ...own })
    const request = get({ host: HOST, port, path: '/v1/notes/x', agent }, response => {
      const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN)
      let body = ''
      response.on('data', chunk => {
        body += String(chunk)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers, name }))
    })
    request.on('error', reject)
  })
}

async function session(port: number, ca: string): Promise<ClientHttp2Session> {
  const opened = connect(`https://${HOST}:${port}`, { ca: readFileSync(ca) })
  onTestFinished(() => opened.destroy())
  opened.on('error', () => {})
  await new Promise(resolve => opened.once('connect', resolve))
  return opened
}

function askOn(
  opened: ClientHttp2Session,
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const stream = opened.request({ ':path': '/v1/notes/x', 'x-own': 'kept' })
    let headers: Record<string, unknown> = {}
    let body = ''
    stream.on('response', given => {
      headers = given
    })
    stream.on('data', chunk => {
      body += String(chunk)
    })
    stream.on('end', () => resolve({ status: Number(headers[':status']), body, headers }))
    stream.on('error', reject)
  })
}

const tell = (wire: { rawHeaders: readonly string[]; client: { proto: string } }): string =>
  JSON.stringify({ proto: wire.client.proto, raw: wire.rawHeaders })

async function publicly(
  tls: { cert: string; key: string },
  answer = async (): Promise<void> => {},
  onError = (_: unknown): void => {},
) {
  const listening = await listenPublic({
    host: HOST,
    port: 0,
    app: {
      fetch: async (_, env) => {
        await answer()
        return new Response(tell(env.wire))
      },
    },
    trust: proxyTrust([], 'https'),
    tls: { ...tls, ca: null },
    onError,
  })
  open.push(listening)
  return listening
}

describe.skipIf(!hasOpenssl)('TLS (needs openssl)', () => {
  test('HTTP/1.1 and HTTP/2 get the same, and what is forwarded of either is HTTP/1.1', async () => {
    const { ca, sign } = place()
    const { port } = await publicly(sign('one'))
    const first = await ask(port, ca)
    const second = await askOn(await session(port, ca))
    for (const answer of [first, second]) {
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body)).toMatchObject({ proto: 'https' })
      expect(answer.headers['server-timing']).toMatch(/router;dur=/)
      expect(answer.headers.traceparent).toMatch(/^00-/)
    }
    const { raw } = JSON.parse(second.body)
    expect(raw).toEqual(expect.arrayContaining(['host', `${HOST}:${port}`, 'x-own', 'kept']))
    expect(raw.filter((name: string) => name.startsWith(':'))).toEqual([])
  })

  test('new certificates are shown to new connections; what cannot be used is told, and changes nothing', async () => {
    const { ca, sign, dir } = place()
    const [one, two] = [sign('one'), sign('two')]
    const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
    const put = (from: { cert: string; key: string }): void => {
      copyFileSync(from.key, key)
      copyFileSync(from.cert, cert)
    }
    put(one)
    const errors: unknown[] = []
    const { port } = await publicly({ cert, key }, undefined, error => errors.push(error))
    const kept = await session(port, ca)
    expect((await ask(port, ca)).name).toBe('one')
    put(two)
    await expect.poll(async () => (await ask(port, ca)).name, { timeout: CHANGE_MS }).toBe('two')
    expect((await askOn(kept)).status).toBe(200)
    writeFileSync(cert, 'nothing of the kind')
    await expect.poll(() => errors.length, { timeout: CHANGE_MS }).toBeGreaterThan(0)
    expect((await ask(port, ca)).name).toBe('two')
  })

  test('a session of HTTP/2 ends with the answers that are owed on it', async () => {
    const { ca, sign } = place()
    const gate = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const listening = await publicly(sign('one'), () => {
      arrived.resolve()
      return gate.promise
    })
    const opened = await session(listening.port, ca)
    const owed = askOn(opened)
    await arrived.promise
    listening.part()
    const emptied = listening.emptied(5000)
    gate.resolve()
    expect((await owed).status).toBe(200)
    await emptied
    expect(opened.closed).toBe(true)
  })

  test('where an authority is named, nobody comes in without a certificate of its own', async () => {
    const { ca, sign, dir } = place()
    const other = authority(join(dir, 'other'))
    const mine = sign('one')
    const listening = await startServer({
      host: HOST,
      port: 0,
      timing: 'primary',
      onRequest: (_, outgoing) => void outgoing.end('in'),
      upgrade: { paths: ['/link'], onUpgrade: () => {} },
      tls: { ...mine, ca },
      onError: () => {},
    })
    open.push(listening)
    const own = ({ cert, key }: { cert: string; key: string }) => ({ cert: readFileSync(cert), key: readFileSync(key) })
    expect((await ask(listening.port, ca, own(sign('peer')))).body).toBe('in')
    await expect(ask(listening.port, ca)).rejects.toThrow()
    await expect(ask(listening.port, ca, own(other.sign('stranger')))).rejects.toThrow()
  })
})
