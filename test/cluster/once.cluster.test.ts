// Effects happen once, whatever dies: clients without keys write through the surviving host while the other origin is
// killed, started again, and stopped. Nobody sees an error, and no retry of a router shows as a refusal.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const CLIENTS = 8
/** Above what parking allows. */
const REQUEST_MS = 15_000

/** One client: creates documents that nobody else knows, and changes one of its own by its ETag, step by step. */
class Client {
  readonly wrong: string[] = []
  readonly created = new Map<string, string>()
  chain: string
  steps = 0
  /** chains whose last step was sent through a host that died */
  readonly left: { chain: string; steps: number }[] = []
  answered = 0
  slowestMs = 0
  readonly #name: string
  readonly #urls: readonly string[]
  /** hosts that may die: what breaks there is the client's own connection, not the service */
  readonly #mortal: () => string | null
  #etag: string | null = null
  #running = true
  readonly done: Promise<void>

  constructor(name: string, urls: readonly string[], mortal: () => string | null) {
    this.#name = name
    this.#urls = urls
    this.#mortal = mortal
    this.chain = `chain/${name}`
    this.done = this.#run()
  }

  stop(): Promise<void> {
    this.#running = false
    return this.done
  }

  async #run(): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      if (turn % 2 === 0) await this.#create(turn)
      else await this.#step(turn)
      await pause(1)
    }
  }

  async #create(turn: number): Promise<void> {
    const key = `once/${this.#name}-${turn}`
    const answer = await this.#put(key, `${turn}`, { 'If-None-Match': '*' }, turn)
    if (answer === null) return
    if (answer.status !== 201) this.wrong.push(`${key}: ${answer.status} ${answer.text}`)
    else this.created.set(key, answer.etag)
  }

  /** Each step names the ETag of the one before: a lost or doubled one would break the chain. */
  async #step(turn: number): Promise<void> {
    const condition: Record<string, string> =
      this.#etag === null ? { 'If-None-Match': '*' } : { 'If-Match': this.#etag }
    const answer = await this.#put(this.chain, `${this.steps + 1}`, condition, turn)
    if (answer === null) return this.#beginAnew()
    if (answer.status !== 200 && answer.status !== 201) {
      this.wrong.push(`${this.chain} after ${this.steps}: ${answer.status} ${answer.text}`)
      return this.#beginAnew()
    }
    this.steps += 1
    this.#etag = answer.etag
  }

  /** A connection of this client broke with its host, so it cannot know what became of its step: it begins another chain. */
  #beginAnew(): void {
    this.left.push({ chain: this.chain, steps: this.steps })
    this.chain = `chain/${this.#name}-${this.left.length}`
    this.steps = 0
    this.#etag = null
  }

  /** Null where the connection to a host that was killed broke. */
  async #put(
    key: string,
    body: string,
    headers: Record<string, string>,
    turn: number,
  ): Promise<{ status: number; text: string; etag: string } | null> {
    const dying = this.#mortal()
    const urls = this.#urls.filter(url => url !== dying)
    const url = urls[turn % urls.length] ?? ''
    const from = performance.now()
    try {
      const response = await fetch(`${url}/v1/${key}`, {
        method: 'PUT',
        body,
        headers,
        signal: AbortSignal.timeout(REQUEST_MS),
      })
      const text = await response.text()
      this.answered += 1
      this.slowestMs = Math.max(this.slowestMs, performance.now() - from)
      return { status: response.status, text, etag: response.headers.get('etag') ?? '' }
    } catch (error) {
      if (url !== this.#mortal()) this.wrong.push(`${key} through ${url}: ${String(error)}`)
      return null
    }
  }
}

test('kill -9, return and SIGTERM of either origin: no error through the other, every effect exactly once', async () => {
  const home = await startTestCluster(27000)
  cluster = home
  const urlOf = (name: OriginName): string => home.origins[name].public
  let mortal: string | null = null
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(`c${n}`, ORIGINS.map(urlOf), () => mortal))
  const more = async (count: number): Promise<void> => {
    const answered = (): number => clients.reduce((sum, client) => sum + client.answered, 0)
    const target = answered() + count
    await until(() => answered() >= target || `${answered()} of ${target}`, 30_000, 'writes are answered')
  }
  await more(200)
  for (const victim of ORIGINS)
    for (const how of ['SIGKILL', 'SIGTERM'] as const) {
      mortal = urlOf(victim)
      if (how === 'SIGKILL') await home.kill(`origin.${victim}`)
      else await home.stop(`origin.${victim}`)
      await more(200)
      home.start(`origin.${victim}`)
      await home.untilWhole()
      mortal = null
      await more(100)
    }
  await Promise.all(clients.map(client => client.stop()))
  expect(clients.flatMap(client => client.wrong)).toEqual([])
  for (const url of ORIGINS.map(urlOf))
    for (const client of clients) {
      const chain = await fetch(`${url}/v1/${client.chain}`)
      expect(await chain.text()).toBe(String(client.steps))
      for (const { chain, steps } of client.left) {
        const text = await (await fetch(`${url}/v1/${chain}`)).text()
        expect([String(steps), String(steps + 1)], `${chain} was left after ${steps}`).toContain(
          steps === 0 && text.startsWith('{') ? '0' : text,
        )
      }
      for (const [key, etag] of client.created) {
        const response = await fetch(`${url}/v1/${key}`)
        expect([key, response.status, response.headers.get('etag')]).toEqual([key, 200, etag])
        await response.arrayBuffer()
      }
    }
  await home.compareCopies()
  const slowest = Math.max(...clients.map(client => client.slowestMs))
  expect(slowest).toBeLessThan(REQUEST_MS)
  console.info(`${clients.reduce((sum, client) => sum + client.answered, 0)} writes, slowest ${Math.ceil(slowest)} ms`)
})
