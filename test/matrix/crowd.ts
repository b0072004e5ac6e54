// Clients that read, write, write under conditions and create: sixteen through a host, sixteen through the edge, each over
// a connection of its own. They never ask twice: what is no answer to what they asked is an error.
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../sim/random.ts'
import { Histories, type Recorded } from '../soak/histories.ts'
import { type Answer, Connection, type Question } from './connection.ts'
import { type Created, chosen, countsIn, creation, toldBy } from './request.ts'
import { note, VIAS, type Via, type Window, windowOf } from './window.ts'

const CLIENTS = 16
/** Shared by all: few enough that requests meet. */
const KEYS = 24
/** Then others are shared: a history of some sixty requests is easy to judge. */
const REQUESTS_A_GENERATION = 60 * KEYS
/**
 * The mean pause between two requests of a client. Two cores run the cluster, the edge and the clients as well: at 100 ms they are
 * full whenever an origin starts, and waits are then the scheduler's.
 */
const THINK_MS = 200
const CREATES = 0.15
const LOOK_MS = 5

type Client = { readonly name: string; readonly via: Via; readonly connection: Connection; readonly random: Random }

export class Crowd {
  readonly #urls: Record<Via, string>
  readonly #histories = new Histories(what => this.wrong.push(what))
  readonly #began = performance.now()
  readonly #loops: Promise<void>[]
  readonly #underWay = new Map<string, number>()
  readonly #created: Created[] = []
  #window: Window = windowOf('', null)
  #before: Window = this.#window
  /** when `window` began */
  #since = 0
  #collection: string | null = null
  #running = true
  #count = 0
  readonly wrong: string[] = []

  constructor(urls: Readonly<Record<Via, string>>) {
    this.#urls = { ...urls }
    const random = new Random(1)
    const named = VIAS.flatMap(via => Array.from({ length: CLIENTS }, (_, n) => ({ via, name: `${via}-${n}` })))
    this.#loops = named.map(one => this.#loop({ ...one, connection: new Connection(), random: random.fork() }))
  }

  /** What is asked from now on is counted there. @param collection new for each history that is to be judged */
  watch(window: Window, collection: string): void {
    this.#before = this.#window
    this.#window = window
    this.#since = performance.now()
    this.#collection = collection
  }

  /** Nobody asks until the next `watch`; resolves when all are answered. */
  async rest(): Promise<void> {
    this.#collection = null
    while (this.#underWay.values().some(count => count > 0)) await pause(LOOK_MS)
  }

  /** The clients of hosts come in there from now on; resolves when none of them is still under way elsewhere. */
  async through(url: string): Promise<void> {
    const before = this.#urls.host
    this.#urls.host = url
    while (before !== url && (this.#underWay.get(before) ?? 0) > 0) await pause(LOOK_MS)
  }

  /** Resolves when so many more were asked; within the test's own bound. */
  async more(count: number): Promise<void> {
    for (const target = this.#count + count; this.#count < target; ) await pause(LOOK_MS)
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }

  /** Every history of the collection; and every creation is there once, with the bytes and the ETag that its client was told. */
  async judge(collection: string): Promise<readonly string[]> {
    const faults: string[] = []
    const reader = new Connection()
    for (const { path, etag, value } of this.#created.splice(0))
      for (const base of Object.values(this.#urls)) {
        const { status, headers, body } = await reader.ask({ url: base + path, method: 'GET', headers: {}, body: null })
        if (status !== 200 || headers.etag !== etag || body !== value)
          faults.push(`${path} was created as ${etag} and is ${status} ${headers.etag} ${body}`)
      }
    for (const [value, count] of await countsIn(reader, this.#urls.host, newIn(collection)))
      if (count > 1) faults.push(`${value} was created ${count} times`)
    reader.close()
    const { not, gaveUp } = this.#histories.judge(`${collection}/`)
    if (gaveUp > 0) faults.push(`${gaveUp} histories were too hard to judge`)
    return [...faults, ...not, ...this.wrong.splice(0)]
  }

  async #loop(client: Client): Promise<void> {
    const { random, connection } = client
    while (this.#running) {
      await pause(random.between(0, 2 * THINK_MS))
      if (this.#collection === null) continue
      await (random.chance(CREATES) ? this.#create(client, this.#collection) : this.#share(client, this.#collection))
    }
    connection.close()
  }

  async #create(client: Client, collection: string): Promise<void> {
    const value = `${client.name}-${this.#count}`
    const answer = await this.#ask(client, creation(newIn(collection), value, client.random.chance(0.5)))
    if (answer === null) return
    const { status, headers, body } = answer
    if (status !== 201 || headers.etag === undefined || headers.location === undefined)
      this.#error(client.via, `${value} was not created: ${status} ${body}`)
    else this.#created.push({ path: headers.location, etag: headers.etag, value })
  }

  async #share(client: Client, collection: string): Promise<void> {
    const { name, via, random } = client
    const generation = Math.floor(this.#count / REQUESTS_A_GENERATION)
    const key = `${collection}/g${generation}-k${random.int(1, KEYS)}`
    const value = `v${this.#count} of ${name}`
    const [ask, headers] = chosen(random.unit(), value, this.#histories.seen(key))
    const id = this.#count
    const open = { returned: Number.POSITIVE_INFINITY, told: { kind: 'unknown' } as const }
    const call: Recorded = { id, key, client: name, ask, invoked: this.#now, via, ...open }
    this.#histories.begin(call)
    const body = ask.op === 'put' ? value : null
    const answer = await this.#ask(client, { url: `/v1/${key}`, method: ask.op.toUpperCase(), headers, body })
    if (answer === null) return
    const told = toldBy(ask, answer)
    if (told === null) return this.#error(via, `${ask.op} ${key}: ${answer.status} ${answer.body}`)
    const etag = answer.headers.etag ?? null
    call.told = told
    call.returned = this.#now
    if (told.kind === 'refused') call.refusedBy = etag
    if (ask.op === 'get') this.#histories.answered(call)
    if (etag === null) return
    if (told.kind === 'found') this.#histories.learn(key, etag, told.value)
    else if (told.kind === 'created' || told.kind === 'replaced') this.#histories.learn(key, etag, value)
  }

  /** Null where no answer came, which is an error already. @param question its URL begins at the path */
  async #ask({ via, connection }: Client, question: Question): Promise<Answer | null> {
    const base = this.#urls[via]
    const what = `${question.method} ${question.url}`
    this.#underWay.set(base, (this.#underWay.get(base) ?? 0) + 1)
    this.#count += 1
    const from = performance.now()
    try {
      const answer = await connection.ask({ ...question, url: base + question.url })
      const kind = question.method === 'GET' ? 'read' : 'write'
      note(this.#windowOf(from).seen[via], kind, performance.now() - from, `${what} ${storyOf(answer)}`)
      return answer
    } catch (error) {
      this.#error(via, `${what} after ${Math.round(performance.now() - from)} ms: ${String(error)}`)
      return null
    } finally {
      this.#underWay.set(base, (this.#underWay.get(base) ?? 1) - 1)
    }
  }

  /** What was under way while something happened counts as part of it, before it and after it. */
  #windowOf(from: number): Window {
    return from < this.#since && this.#window.boundMs === null ? this.#before : this.#window
  }

  #error(via: Via, what: string): void {
    this.#window.seen[via].errors.push(what)
  }

  get #now(): number {
    return performance.now() - this.#began
  }
}

const storyOf = ({ status, headers }: Answer): string =>
  `${status}, ${headers['tandem-shard']} by ${headers['tandem-origin']}, ${headers['server-timing']}, ${headers['proxy-status'] ?? 'at once'}`

/** Where what is created in a collection goes: apart from what is shared. */
const newIn = (collection: string): string => `${collection}-new`
