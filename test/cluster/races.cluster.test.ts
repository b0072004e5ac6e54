// Writes that race each other, themselves, their own expiry and a takeover: each is decided once, on both hosts and the edge.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { shardOf } from '../../router/hash.ts'
import { ORIGINS, SHARDS } from '../../router/words.ts'
import { idIn } from '../origin/http/keys.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const BASE = 31000
/** Above what parking allows, at the edge and behind it. */
const REQUEST_MS = 25_000
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
/** Long enough that a takeover lies in it. */
const TTL_SECONDS = 4

type Headers = Record<string, string>
type Told = { readonly status: number; readonly text: string; readonly headers: globalThis.Headers }

let keys = 0
/** Asks until it is told: a lost connection or a 503 says nothing, and the key makes it the same request again. */
async function ask(url: string, method: string, path: string, body: string, headers: Headers = {}): Promise<Told> {
  const once = { 'Idempotency-Key': `k${keys++}`, ...headers }
  for (let tries = 0; tries < 20; tries++) {
    try {
      const signal = AbortSignal.timeout(REQUEST_MS)
      const response = await fetch(url + path, { method, body, headers: once, signal })
      const text = await response.text()
      if (response.status !== 503) return { status: response.status, text, headers: response.headers }
    } catch {
      // not answered: asked again
    }
    await pause(50)
  }
  throw new Error(`${method} ${path} was never answered`)
}

async function read(url: string, key: string): Promise<{ text: string; etag: string; status: number }> {
  const response = await fetch(`${url}/v1/${key}`, { signal: AbortSignal.timeout(REQUEST_MS) })
  return { status: response.status, text: await response.text(), etag: response.headers.get('etag') ?? '' }
}

const json = (type = 'application/json'): Headers => ({ 'Content-Type': type })

/** Clients that go on until they are stopped; `urls` are doors that do not die. */
class Racers {
  readonly wrong: string[] = []
  readonly increments: Record<string, number> = {}
  readonly transfers: Record<string, number> = {}
  readonly deposits: Record<string, number> = {}
  readonly posted = new Map<string, string>()
  turns = 0
  #running = true
  #loops: Promise<void>[] = []

  constructor(urls: readonly string[]) {
    for (const [n, url] of urls.entries())
      for (const shard of SHARDS) {
        const counter = `c/${idIn(shard, 50)}`
        this.#loop(() => this.#byEtag(url, counter))
        this.#loop(() => this.#byTest(url, counter))
        this.#loop(() => this.#transfer(url, accountsOf(shard)))
        this.#loop(() => this.#deposit(url, accountsOf(shard)))
        this.#loop(turn => this.#post(url, `${n}-${shard}-${turn}`))
      }
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }

  async more(turns: number): Promise<void> {
    const target = this.turns + turns
    await until(() => this.turns >= target || `${this.turns} of ${target}`, 60_000, 'racers go on')
  }

  #loop(step: (turn: number) => Promise<void>): void {
    const run = async (): Promise<void> => {
      for (let turn = 0; this.#running; turn++) {
        await step(turn).catch((error: unknown) => void this.wrong.push(String(error)))
        this.turns += 1
        await pause(2)
      }
    }
    this.#loops.push(run())
  }

  async #byEtag(url: string, counter: string): Promise<void> {
    const { text, etag } = await read(url, counter)
    const next = JSON.stringify({ n: JSON.parse(text).n + 1 })
    const told = await ask(url, 'PATCH', `/v1/${counter}`, next, { ...json(MERGE), 'If-Match': etag })
    this.#count(told, this.increments, counter, 412)
  }

  async #byTest(url: string, counter: string): Promise<void> {
    const { n } = JSON.parse((await read(url, counter)).text)
    const patch = [
      { op: 'test', path: '/n', value: n },
      { op: 'replace', path: '/n', value: n + 1 },
    ]
    const told = await ask(url, 'PATCH', `/v1/${counter}`, JSON.stringify(patch), json(JSON_PATCH))
    this.#count(told, this.increments, counter, 409)
  }

  async #transfer(url: string, { from, to }: Accounts): Promise<void> {
    const [x, y] = [await read(url, from), await read(url, to)]
    const move = (account: string, old: { text: string; etag: string }, by: number) => ({
      op: 'patch',
      key: account.replaceAll('%7B', '{').replaceAll('%7D', '}'),
      patch: { balance: JSON.parse(old.text).balance + by },
      etag: old.etag,
    })
    const ops = [move(from, x, -1), move(to, y, 1)]
    this.#count(await ask(url, 'POST', '/v1/_tx', JSON.stringify({ ops }), json()), this.transfers, from, 412)
  }

  async #deposit(url: string, { from }: Accounts): Promise<void> {
    const { text, etag } = await read(url, from)
    const body = JSON.stringify({ balance: JSON.parse(text).balance + 10 })
    const told = await ask(url, 'PUT', `/v1/${from}`, body, { ...json(), 'If-Match': etag })
    this.#count(told, this.deposits, from, 412)
  }

  /** Without a key: the router's own second try must not make another one. */
  async #post(url: string, text: string): Promise<void> {
    const response = await fetch(`${url}/v1/posts`, {
      method: 'POST',
      body: text,
      signal: AbortSignal.timeout(REQUEST_MS),
    })
    const said = await response.text()
    if (response.status === 201) this.posted.set(text, response.headers.get('location') ?? '')
    else this.wrong.push(`POST: ${response.status} ${said}`)
  }

  #count(told: Told, counts: Record<string, number>, key: string, refusal: number): void {
    if (told.status === 200) counts[key] = (counts[key] ?? 0) + 1
    else if (told.status !== refusal) this.wrong.push(`${key}: ${told.status} ${told.text}`)
  }
}

type Accounts = { readonly from: string; readonly to: string }
/** Two documents that lie together. */
const accountsOf = (shard: 's0' | 's1'): Accounts => {
  const tag = idInTag(shard)
  return { from: `bank/%7B${tag}%7Dfrom`, to: `bank/%7B${tag}%7Dto` }
}

function idInTag(shard: 's0' | 's1'): string {
  const tags: Record<string, string> = { s0: '', s1: '' }
  for (let n = 0; tags[shard] === ''; n++) tags[shardOf(`bank/{t${n}}`)] ||= `t${n}`
  return tags[shard] ?? ''
}

test('races over both hosts and the edge, and a kill -9 in their midst', { timeout: 180_000 }, async () => {
  const home = await startTestCluster(BASE, { edge: true })
  cluster = home
  const edge = home.edge?.url ?? ''
  const [a, b] = ORIGINS.map(name => home.origins[name].public)
  const doors = [a ?? '', b ?? '', edge]
  let documents = 0

  // an Idempotency-Key races itself
  for (let n = 0; n < 12; n++) {
    const key = { 'Idempotency-Key': `self-${n}` }
    const posts = await Promise.all(doors.map(url => ask(url, 'POST', '/v1/self', `p${n}`, key)))
    expect(posts.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(posts.map(({ headers }) => headers.get('location'))).size).toBe(1)
    expect(posts.filter(({ headers }) => headers.has('idempotency-replayed')).length).toBe(2)
    const list = `/v1/self/list-${n}`
    const puts = await Promise.all(doors.map(url => ask(url, 'PUT', list, '{"l":[]}', { ...key, ...json() })))
    expect(puts.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(puts.map(({ headers }) => headers.get('etag'))).size).toBe(1)
    const append = JSON.stringify([{ op: 'add', path: '/l/-', value: n }])
    await Promise.all(doors.map(url => ask(url, 'PATCH', list, append, { ...key, ...json(JSON_PATCH) })))
    expect((await read(doors[n % 3] ?? '', `self/list-${n}`)).text).toBe(`{"l":[${n}]}`)
    documents += 2
  }

  // all at once, while a dies
  for (const shard of SHARDS) {
    const { from, to } = accountsOf(shard)
    await ask(edge, 'PUT', `/v1/c/${idIn(shard, 50)}`, '{"n":0}', json())
    for (const account of [from, to]) await ask(edge, 'PUT', `/v1/${account}`, '{"balance":0}', json())
    documents += 3
  }
  const racers = new Racers([b ?? '', edge])
  await racers.more(100)
  const mortal = SHARDS.flatMap(shard => [60, 61, 62, 63].map(n => `c/${idIn(shard, n)}`))
  for (const key of mortal) await ask(edge, 'PUT', `/v1/${key}?ttl=${TTL_SECONDS}`, 'mortal')
  const [renewed, kept] = [mortal[0] ?? '', mortal[4] ?? '']
  await home.kill('origin.a')
  await racers.more(100)
  for (const key of mortal) expect([200, 404]).toContain((await read(edge, key)).status)
  for (const key of [renewed, kept]) await ask(edge, 'PUT', `/v1/${key}`, 'immortal')
  documents += 2
  await until(
    async () => {
      const left: string[] = []
      for (const key of mortal) if ((await read(edge, key)).status === 200) left.push(key)
      return left.length === 2 || left.join()
    },
    TTL_SECONDS * 1000 + 10_000,
    'what expires is gone',
  )

  // one origin is there: a client may insist on two
  const insists: Headers = { Prefer: 'durability=mirrored' }
  const refused = await fetch(`${b}/v1/c/solo`, { method: 'PUT', body: 'x', headers: insists })
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ type: 'https://tandem.dev/problems/not-mirrored', committed: 'no' })
  const earlier = await fetch(`${b}/v1/self/list-0`, {
    method: 'PUT',
    body: '{"l":[]}',
    headers: { ...insists, ...json(), 'Idempotency-Key': 'self-0' },
  })
  expect([earlier.status, await earlier.json()]).toMatchObject([503, { committed: 'yes' }])
  const solo = await fetch(`${b}/v1/c/solo`, { method: 'PUT', body: 'x' })
  expect([solo.status, solo.headers.get('tandem-durability')]).toEqual([201, 'solo'])
  documents += 1

  home.start('origin.a')
  await home.untilWhole()
  await racers.more(100)
  await racers.stop()
  // through its own host, the other one, and the edge
  for (const door of doors) {
    const mirrored = await fetch(`${door}/v1/c/solo`, { method: 'PUT', body: 'y', headers: insists })
    expect([mirrored.status, mirrored.headers.get('preference-applied')]).toEqual([200, 'durability=mirrored'])
  }

  expect(racers.wrong).toEqual([])
  expect(racers.posted.size).toBeGreaterThan(20)
  documents += racers.posted.size
  for (const url of doors) {
    for (const shard of SHARDS) {
      const counter = `c/${idIn(shard, 50)}`
      expect(JSON.parse((await read(url, counter)).text)).toEqual({ n: racers.increments[counter] })
      const { from, to } = accountsOf(shard)
      const [transfers, deposits] = [racers.transfers[from] ?? 0, racers.deposits[from] ?? 0]
      expect(transfers).toBeGreaterThan(0)
      expect(JSON.parse((await read(url, from)).text)).toEqual({ balance: 10 * deposits - transfers })
      expect(JSON.parse((await read(url, to)).text)).toEqual({ balance: transfers })
    }
    expect((await read(url, renewed)).text).toBe('immortal')
  }
  for (const [text, location] of racers.posted) expect((await read(edge, location.slice(4))).text).toBe(text)
  await home.compareCopies()
  // none was made twice
  const digest = (await (await home.control('a', 'GET', '/_tandem/digest')).json()) as { shards: { rows: number }[] }
  expect(digest.shards.reduce((sum, { rows }) => sum + rows, 0)).toBe(documents)
  console.info(`${racers.turns} turns, ${racers.posted.size} posts, increments ${JSON.stringify(racers.increments)}`)
})
