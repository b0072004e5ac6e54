// Clients that write while something is broken, and remember what they were told: every key has one writer, so what
// may be read afterwards is known exactly.
import { setTimeout as pause } from 'node:timers/promises'
import type { OriginName } from '../../router/words.ts'

type KeyHistory = {
  /** highest version that was acknowledged, -1 before the first */
  acked: number
  /** highest version that was sent */
  tried: number
  /** highest version that was ever read: what was shown may not vanish */
  seen: number
}

export type LoadOptions = {
  readonly urls: readonly string[]
  readonly clients: number
  readonly keysPerClient?: number
  readonly bodyBytes?: number
  /** two loads on one cluster must not share keys */
  readonly collection?: string
}

export type Answered = {
  readonly origin: string | null
  readonly durability: string | null
  readonly status: number
  readonly ms: number
  readonly at: number
}

/** A request that takes longer than parking allows is a hang. */
const REQUEST_MS = 15_000

export class Load {
  readonly #options: LoadOptions
  readonly #keys = new Map<string, KeyHistory>()
  readonly #loops: Promise<void>[] = []
  #running = true
  readonly answers: Answered[] = []
  readonly failures: { status: number | null; text: string; at: number }[] = []
  readonly anomalies: string[] = []

  constructor(options: LoadOptions) {
    this.#options = options
    for (let client = 0; client < options.clients; client++) this.#loops.push(this.#loop(client))
  }

  get acked(): number {
    return this.answers.length
  }

  /** Resolves when `count` more writes were acknowledged. */
  async more(count: number, timeoutMs = 30_000): Promise<void> {
    const target = this.acked + count
    const end = performance.now() + timeoutMs
    while (this.acked < target) {
      if (performance.now() > end)
        throw new Error(
          `only ${this.acked} of ${target} writes within ${timeoutMs} ms; last failure: ${JSON.stringify(this.failures.at(-1))}`,
        )
      await pause(10)
    }
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }

  async #loop(client: number): Promise<void> {
    const { urls, keysPerClient = 20, bodyBytes = 0, collection = 'load' } = this.#options
    const filler = 'x'.repeat(bodyBytes)
    for (let turn = 0; this.#running; turn++) {
      const key = `${collection}/c${client}-k${turn % keysPerClient}`
      const history = this.#keys.get(key) ?? { acked: -1, tried: -1, seen: -1 }
      this.#keys.set(key, history)
      const url = urls[(client + turn) % urls.length]
      const version = ++history.tried
      const began = performance.now()
      try {
        const response = await fetch(`${url}/v1/${key}`, {
          method: 'PUT',
          body: `${version} ${filler}`,
          signal: AbortSignal.timeout(REQUEST_MS),
        })
        const text = await response.text()
        if (response.status === 200 || response.status === 201) {
          history.acked = version
          this.answers.push({
            origin: response.headers.get('tandem-origin'),
            durability: response.headers.get('tandem-durability'),
            status: response.status,
            ms: performance.now() - began,
            at: began,
          })
        } else {
          this.failures.push({ status: response.status, text, at: began })
          if (response.status !== 503) this.anomalies.push(`${key}: ${response.status} ${text}`)
          await pause(20)
        }
      } catch (error) {
        this.failures.push({ status: null, text: String(error), at: began })
        await pause(20)
      }
      if (turn % 7 === 3) await this.#readBack(key, history, urls[(client + turn + 1) % urls.length] ?? '')
    }
  }

  /** Nobody else writes the key: an answer is at least what was acknowledged before, at most what was sent. */
  async #readBack(key: string, history: KeyHistory, url: string): Promise<void> {
    const floor = Math.max(history.acked, history.seen)
    try {
      const response = await fetch(`${url}/v1/${key}`, { signal: AbortSignal.timeout(REQUEST_MS) })
      const text = await response.text()
      if (response.status === 200) this.#judge(key, Number.parseInt(text, 10), floor, history)
      else if (response.status === 404 && floor >= 0)
        this.anomalies.push(`${key}: acknowledged or shown ${floor}, answered 404`)
    } catch {
      // the host is down: said by the writes
    }
  }

  #judge(key: string, version: number, floor: number, history: KeyHistory): void {
    if (!(version >= floor && version <= history.tried))
      this.anomalies.push(`${key}: read ${version}, acknowledged or shown before ${floor}, sent ${history.tried}`)
    history.seen = Math.max(history.seen, version)
  }

  /** Reads every key through each of these hosts; returns what contradicts the acknowledgements. */
  async verify(urls: readonly string[] = this.#options.urls): Promise<readonly string[]> {
    for (const url of urls)
      for (const [key, history] of this.#keys) {
        const response = await fetch(`${url}/v1/${key}`, { signal: AbortSignal.timeout(REQUEST_MS) })
        const text = await response.text()
        const floor = Math.max(history.acked, history.seen)
        if (response.status === 200) this.#judge(`${key} through ${url}`, Number.parseInt(text, 10), floor, history)
        else if (response.status !== 404 || floor >= 0)
          this.anomalies.push(`${key} through ${url}: ${response.status} ${text}`)
      }
    return this.anomalies
  }
}

export type { OriginName }
