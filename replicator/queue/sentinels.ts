// What the Sentinels say, all of them: they are listened to (+switch-master) and asked at intervals, because a message
// may be missed. Whoever knows the newest configuration epoch is right about the master.
import { z } from 'zod'
import { type Address, openSentinelClient, type RedisClient, type SentinelSettings, within } from '../redis.ts'

const ASK_MS = 500
/** An answer this old no longer counts: its Sentinel may be cut off, or was set up anew. */
const STALE_MS = 10_000

export type MasterNews = {
  readonly master: Address
  readonly epoch: number
  /** Sentinels that the one who knows best knows of, itself included */
  readonly sentinels: number
  /** of them, as many must agree that the master is down */
  readonly quorum: number
}
type Answer = MasterNews & { readonly at: number }

export class Sentinels {
  readonly #settings: SentinelSettings
  readonly #onMaster: (master: Address) => void
  readonly #clients: readonly RedisClient[]
  readonly #answers = new Map<RedisClient, Answer>()

  /** @param onMaster is told after every answer, changed or not */
  constructor(settings: SentinelSettings, onMaster: (master: Address) => void, onError: (error: Error) => void) {
    this.#settings = settings
    this.#onMaster = onMaster
    this.#clients = settings.sentinels.map(address => openSentinelClient(address, settings.sentinelLogin))
    for (const client of this.#clients) {
      client.on('error', onError)
      client.on('message', () => {
        this.ask().catch(onError)
      })
      client.on('ready', () => {
        within(Promise.resolve(client.subscribe('+switch-master')), ASK_MS, 'SUBSCRIBE')
          .then(() => this.#askOne(client))
          .catch(onError)
      })
    }
  }

  newest(): MasterNews | null {
    const oldest = performance.now() - STALE_MS
    let best: Answer | null = null
    for (const answer of this.#answers.values())
      if (answer.at >= oldest && (best === null || answer.epoch > best.epoch)) best = answer
    return best
  }

  answering(): { readonly sentinels: number; readonly of: number } {
    const oldest = performance.now() - STALE_MS
    const sentinels = [...this.#answers.values()].filter(answer => answer.at >= oldest).length
    return { sentinels, of: this.#clients.length }
  }

  /** Asks all of them; never rejects, bounded. A client that is not connected says so at once. */
  async ask(): Promise<void> {
    await Promise.all(this.#clients.map(client => this.#askOne(client)))
  }

  close(): void {
    for (const client of this.#clients) client.disconnect()
  }

  async #askOne(client: RedisClient): Promise<void> {
    if (client.status !== 'ready') return
    try {
      const reply: unknown = await within(
        Promise.resolve(client.call('SENTINEL', 'MASTER', this.#settings.name)),
        ASK_MS,
        'SENTINEL',
      )
      this.#answers.set(client, { ...parseMaster(reply), at: performance.now() })
    } catch {
      // It does not answer, or does not know the name: what it said before is soon stale, the others are heard.
      this.#answers.delete(client)
      return
    }
    const newest = this.newest()
    if (newest !== null) this.#onMaster(newest.master)
  }
}

const masterSchema = z.object({
  ip: z.string().min(1),
  port: z.coerce.number().int().min(1),
  'config-epoch': z.coerce.number().int().min(0),
  'num-other-sentinels': z.coerce.number().int().min(0),
  quorum: z.coerce.number().int().min(0),
})

/** The reply is name, value, name, value… */
function parseMaster(reply: unknown): MasterNews {
  const flat = z.array(z.string()).parse(reply)
  const pairs = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]] as const] : []))
  const master = masterSchema.parse(Object.fromEntries(pairs))
  return {
    master: { host: master.ip, port: master.port },
    epoch: master['config-epoch'],
    sentinels: master['num-other-sentinels'] + 1,
    quorum: master.quorum,
  }
}
