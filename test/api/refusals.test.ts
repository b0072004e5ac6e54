// Who is kept out, and who waits in vain: for every endpoint, each of the statuses that a whole cluster gives to nobody who
// behaves. Held against the OpenAPI document, as the rest is in api.cluster.test.ts.
import { hash } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Buckets } from '../../origin/access/buckets.ts'
import { hostGuard } from '../../origin/access/guard.ts'
import { parseTokens } from '../../origin/access/tokens.ts'
import type { Endpoint } from '../../origin/api/endpoint.ts'
import { ENDPOINTS } from '../../origin/api/endpoints.ts'
import { openApi } from '../../origin/api/openapi.ts'
import { edgeWorker } from '../../router/edgeworker.ts'
import type { Guard } from '../../router/guard.ts'
import { PARKING_LIMITS } from '../../router/parking.ts'
import { type Origin, SECRET, startOrigin, viewOf } from '../origin/http/pair.ts'
import { Described } from './described.ts'
import { type Answer, exchange } from './exchange.ts'

const BASE = 19_940
const SILENT_PORT = BASE + 18
const FULL_PORT = BASE + 19
const described = new Described(openApi('0.0.0'))
const parsed = parseTokens(
  JSON.stringify([
    { hash: hash('sha256', 'reads'), scopes: ['read'] },
    { hash: hash('sha256', 'elsewhere'), scopes: ['read', 'write'], prefix: 'elsewhere' },
  ]),
  'tokens.json',
)
if (parsed.kind === 'faulty') throw new Error(parsed.why)

/** Takes connections and says nothing. */
const silent = createServer(socket => void socket.on('error', () => {}))
/** Listens and takes no connection: once a few wait to be taken, the system lets no further one in. */
const FULL = `
  const { parentPort } = require('node:worker_threads')
  require('node:net').createServer().listen({ host: '127.0.0.1', port: ${FULL_PORT}, backlog: 1 }, () => {
    parentPort.postMessage('listens')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`
const full = new Worker(FULL, { eval: true })
const untaken: Socket[] = []
async function fill(): Promise<void> {
  await new Promise(resolve => full.once('message', resolve))
  for (let isIn = true; isIn; ) {
    const socket = connect(FULL_PORT, '127.0.0.1')
    untaken.push(socket)
    isIn = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      setTimeout(() => resolve(false), 300)
    })
  }
}
const started: Origin[] = []
async function start(at: number, guard?: Guard, peerPrivatePort = SILENT_PORT, why: string[] = []): Promise<Origin> {
  const origin = await startOrigin({
    name: 'a',
    rows: new Map(),
    publicPort: BASE + at,
    privatePort: BASE + at + 1,
    peerPrivatePort,
    readiness: () => (why.length === 0 ? { ready: true } : { ready: false, why }),
    limits: { ...PARKING_LIMITS, parkMs: 100 },
    ...(guard === undefined ? {} : { guard }),
  })
  started.push(origin)
  return origin
}

let guarded: Origin
let limited: Origin
let waiting: Origin
let cut: Origin
let unreached: Origin
let unready: Origin
beforeAll(async () => {
  await new Promise<void>(resolve => silent.listen(SILENT_PORT, '127.0.0.1', resolve))
  const { tokens } = parsed
  guarded = await start(0, hostGuard({ name: 'a', tokens: () => tokens, buckets: null }))
  const buckets = new Buckets({ quota: 1, windowMs: 3_600_000 }, () => 0)
  buckets.take('address 127.0.0.1')
  limited = await start(2, hostGuard({ name: 'a', tokens: null, buckets }))
  waiting = await start(4)
  waiting.whereabouts.set(null, [])
  cut = await start(6)
  cut.whereabouts.set(viewOf(1, 'b', 'b'), [])
  unreached = await start(8, undefined, FULL_PORT)
  unreached.whereabouts.set(viewOf(1, 'b', 'b'), [])
  await fill()
  unready = await start(10, undefined, SILENT_PORT, ['It is not.'])
})
afterAll(async () => {
  await Promise.all(started.map(origin => origin.stop()))
  for (const socket of untaken) socket.destroy()
  await full.terminate()
  silent.close()
})

const PARAMETERS: Readonly<Record<string, string>> = { collection: 'notes', id: 'x', idempotencyKey: 'k' }
const QUERIES: Readonly<Record<string, string>> = {
  readOutcome: '?method=PUT&target=%2Fv1%2Fnotes%2Fx',
  headOutcome: '?method=PUT&target=%2Fv1%2Fnotes%2Fx',
}
const BODIES: Readonly<Record<string, readonly [string, string]>> = {
  patchDocument: ['{}', 'application/merge-patch+json'],
  transact: ['{"ops":[{"op":"delete","key":"notes/x"}]}', 'application/json'],
  writeDocument: ['x', 'text/plain'],
  createDocument: ['x', 'text/plain'],
}

/** The endpoint as it is meant to be asked. */
async function ask(origin: Origin, { id, method, path }: Endpoint, token: string | null): Promise<Answer> {
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? '') + (QUERIES[id] ?? '')
  const [body, type] = BODIES[id] ?? []
  const headers = [
    ...(token === null ? [] : ['Authorization', `Bearer ${token}`]),
    ...(type === undefined ? [] : ['Content-Type', type]),
  ]
  const asked = { method: method.toUpperCase(), target, headers, body: body === undefined ? null : Buffer.from(body) }
  const answer = await exchange(origin.url, { ...asked, chunked: false })
  described.judge(asked.method, target, answer)
  return answer
}

const below = ENDPOINTS.filter(({ access }) => access !== null)

describe.each(below.map(endpoint => ({ id: endpoint.id, endpoint })))('$id', ({ endpoint }) => {
  it('lets nobody in without a token, and nobody do what the token does not open', async () => {
    expect((await ask(guarded, endpoint, null)).status).toBe(401)
    expect((await ask(guarded, endpoint, 'guessed')).status).toBe(401)
    expect((await ask(guarded, endpoint, endpoint.access === 'write' ? 'reads' : 'elsewhere')).status).toBe(403)
  })

  it('is not asked more often than allowed', async () => {
    const answer = await ask(limited, endpoint, null)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3600'])
  })

  it('says when it waited in vain for a primary', async () => {
    const answer = await ask(waiting, endpoint, null)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('says when no connection to the primary could be had', async () => {
    expect((await ask(unreached, endpoint, null)).status).toBe(504)
  })

  it('says when the primary is silent: a write that was sent may have taken effect', async () => {
    const answer = await ask(cut, endpoint, null)
    const isWrite = endpoint.body !== null || endpoint.method === 'delete'
    expect(answer.status).toBe(isWrite ? 503 : 504)
    if (isWrite) expect(answer.body).toContain('"committed":"unknown"')
  })
})

it('an origin that cannot serve its share says so', async () => {
  for (const endpoint of ENDPOINTS.filter(({ path }) => path === '/readyz'))
    expect((await ask(unready, endpoint, null)).status).toBe(503)
})

it('the edge says when it reaches no origin', async () => {
  const nobody = `http://127.0.0.1:${BASE + 17}`
  const env = { ORIGIN_A: nobody, ORIGIN_B: nobody, TANDEM_SECRET: SECRET }
  for (const path of ['/docs', '/openapi.json']) {
    for (const method of ['GET', 'HEAD']) {
      const request = new Request(`http://edge${path}`, { method })
      const response = await edgeWorker().fetch(request, env, { waitUntil: () => {} })
      const answer = {
        status: response.status,
        headers: new Map(response.headers),
        body: await response.text(),
        continued: false,
      }
      expect(answer.status).toBe(503)
      described.judge(method, path, answer)
    }
  }
})

it('nothing was answered that is not declared, and what this is about was seen', () => {
  expect(described.faults).toEqual([])
  const about = described.declared.filter(one => / (?:401|403|429|503|504)$/.test(one))
  expect(about.filter(one => !described.seen.has(one))).toEqual([])
})
