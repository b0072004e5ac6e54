// Those who read the feed while something is broken, and those who write what must be in it.
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'

const CHANGE = z.object({ key: z.string(), op: z.enum(['put', 'delete']), etag: z.string(), at: z.iso.datetime() })
type Change = z.output<typeof CHANGE>
const PAGE = z.object({ items: z.array(CHANGE), next: z.string(), more: z.boolean() })

const REQUEST_MS = 15_000

/** Writes its own keys, and remembers what was acknowledged. */
export class Writers {
  /** key → ETags, in the order of the acknowledgements */
  readonly acked = new Map<string, string[]>()
  readonly #loops: readonly Promise<void>[]
  #running = true
  count = 0

  constructor(doors: readonly string[], clients: number) {
    this.#loops = Array.from({ length: clients }, (_, client) => this.#loop(doors, client))
  }

  async #loop(doors: readonly string[], client: number): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      const key = `feed/c${client}-k${turn % 5}`
      const etags = this.acked.get(key) ?? []
      this.acked.set(key, etags)
      const method = turn % 11 === 10 ? 'DELETE' : 'PUT'
      const body = method === 'PUT' ? { body: String(turn) } : {}
      try {
        const url = `${doors[(client + turn) % doors.length]}/v1/${key}`
        const response = await fetch(url, { method, ...body, signal: AbortSignal.timeout(REQUEST_MS) })
        await response.text()
        const etag = response.headers.get('etag')
        if (response.ok) this.count += 1
        if (response.ok && etag !== null) etags.push(etag)
      } catch {
        // the door is shut: nothing was acknowledged
        await pause(20)
      }
    }
  }

  async more(count: number): Promise<void> {
    for (const target = this.count + count; this.count < target; ) await pause(10)
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }
}

export abstract class Consumer {
  readonly changes: Change[] = []
  readonly failures: string[] = []
  protected readonly doors: readonly string[]
  protected running = true
  resumed = 0

  constructor(doors: readonly string[]) {
    this.doors = doors
  }

  /** What of the acknowledged it has not seen, and where a key went back. */
  wrong(acked: ReadonlyMap<string, readonly string[]>): readonly string[] {
    const seen = new Set(this.changes.map(({ key, etag }) => `${key} ${etag}`))
    const wrong: string[] = [...this.failures]
    for (const [key, etags] of acked)
      for (const etag of etags) if (!seen.has(`${key} ${etag}`)) wrong.push(`never seen: ${key} ${etag}`)
    const last = new Map<string, readonly number[]>()
    for (const { key, etag } of this.changes) {
      const at = etag.slice(1, -1).split('.').map(Number)
      const before = last.get(key)
      // at least once: what was seen may come again, from one place on, but never out of order within a run
      if (before !== undefined && compare(at, before) <= 0) wrong.push(`${key}: ${etag} after ${before.join('.')}`)
      last.set(key, at)
    }
    return wrong
  }

  abstract stop(): Promise<void>
}

const compare = (x: readonly number[], y: readonly number[]): number =>
  x.map((one, at) => one - (y[at] ?? 0)).find(difference => difference !== 0) ?? 0

/** Polls, each time at another door. */
export class Poller extends Consumer {
  #cursor = ''
  readonly #loop = this.#run()

  async #run(): Promise<void> {
    await Promise.resolve()
    for (let turn = 0, level = false; this.running || !level; turn++) {
      const door = this.doors[turn % this.doors.length]
      try {
        const url = `${door}/v1/_changes?limit=50${this.#cursor}`
        const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) })
        const text = await response.text()
        if (response.status !== 200) {
          this.failures.push(`${door}: ${response.status} ${text}`)
          continue
        }
        const { items, next, more } = PAGE.parse(JSON.parse(text))
        this.changes.push(...items)
        this.#cursor = `&since=${next}`
        level = !this.running && !more && items.length === 0
        if (!more) await pause(5)
      } catch {
        // the door is shut: the cursor is good at the next
        this.resumed += 1
        await pause(20)
      }
    }
  }

  async stop(): Promise<void> {
    this.running = false
    await this.#loop
  }
}

/** Follows live; where its stream ends it goes on at the next door, by the last id. */
export class Follower extends Consumer {
  #lastId: string | null = null
  #abort = new AbortController()
  readonly #loop = this.#run()

  async #run(): Promise<void> {
    await Promise.resolve()
    for (let turn = 0; this.running; turn++) {
      const door = this.doors[turn % this.doors.length]
      try {
        const response = await fetch(`${door}/v1/_changes`, {
          headers: { Accept: 'text/event-stream', ...(this.#lastId === null ? {} : { 'Last-Event-ID': this.#lastId }) },
          signal: this.#abort.signal,
        })
        if (response.status !== 200) {
          const text = await response.text()
          // a host that is coming back cannot vouch for its copy yet
          if (response.status !== 503) this.failures.push(`${door}: ${response.status} ${text}`)
        } else await this.#read(response)
      } catch (error) {
        if (!(error instanceof TypeError) && !this.#abort.signal.aborted) this.failures.push(String(error))
      }
      this.resumed += 1
      await pause(50)
    }
  }

  async #read(response: Response): Promise<void> {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1]
        if (data !== undefined) this.changes.push(CHANGE.parse(JSON.parse(data)))
        this.#lastId = /^id: (.*)$/m.exec(event)?.[1] ?? this.#lastId
      }
    }
  }

  async stop(): Promise<void> {
    this.running = false
    this.#abort.abort()
    await this.#loop
  }
}
