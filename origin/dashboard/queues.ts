// bull-board over every queue, loaded when somebody looks: an origin that nobody watches pays nothing for it.
import type { Hono } from 'hono'
import { z } from 'zod'
import { openQueue, QUEUE_NAMES, type Queue } from '../../replicator/queue/bullmq.ts'
import { MasterClients, type SentinelSettings } from '../../replicator/redis.ts'
import type { OriginName } from '../../router/words.ts'
import type { Role } from '../http/caller.ts'
import { SAFE_HEADERS } from './layout.ts'
import { bytes } from './text.ts'

const BASE = '/dashboard/queues'
/** What its page asks for is in its package; only its style is inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
/** Its entry page links fonts of another host: this project asks nothing of the outside. */
const OUTSIDE_LINK = /<link\b[^>]*\bhref="https?:\/\/[^>]*>/g

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'mirror-to-a':
    'Entries on their way to a: writes of the shards that b is primary of. One job is one group of writes.',
  'mirror-to-b':
    'Entries on their way to b: writes of the shards that a is primary of. One job is one group of writes.',
  'rejoin-by-a': 'a brings b level: progress in percent of the entries that b lacks.',
  'rejoin-by-b': 'b brings a level: progress in percent of the entries that a lacks.',
}

type Board = { readonly fetch: (request: Request, env: object) => Response | Promise<Response> }

export class QueueBoards {
  readonly #sentinels: SentinelSettings
  readonly #onError: (error: Error) => void
  #clients: MasterClients | null = null
  #queues: readonly Queue[] = []
  readonly #boards = new Map<Role, Promise<Board>>()

  constructor(sentinels: SentinelSettings, onError: (error: Error) => void) {
    this.#sentinels = sentinels
    this.#onError = onError
  }

  /** A viewer's can do nothing, whatever its page is made to send. */
  board(role: Role): Promise<Board> {
    const board = this.#boards.get(role) ?? this.#make(role)
    this.#boards.set(role, board)
    return board
  }

  close(): void {
    this.#clients?.close()
  }

  async #make(role: Role): Promise<Board> {
    const [{ createBullBoard }, { BullMQAdapter }, { HonoAdapter }, { serveStatic }, { Hono }] = await Promise.all([
      import('@bull-board/api'),
      import('@bull-board/api/bullMQAdapter'),
      import('@bull-board/hono'),
      import('@hono/node-server/serve-static'),
      import('hono'),
    ])
    const adapter = new HonoAdapter(serveStatic)
    adapter.setBasePath(BASE)
    createBullBoard({
      queues: this.#opened().map(queue => {
        const shown = new BullMQAdapter(queue, {
          readOnlyMode: role === 'viewer',
          description: DESCRIPTIONS[queue.name] ?? '',
        })
        shown.setFormatter('data', data => about(queue.name, data))
        shown.setFormatter('name', job => title(queue.name, job))
        return shown
      }),
      serverAdapter: adapter,
      options: { uiConfig: { boardTitle: 'Tandem queues', hideRedisDetails: role === 'viewer' } },
    })
    const app: Hono = new Hono()
    app.route(BASE, adapter.registerPlugin())
    return { fetch: async (request, env) => atHome(await app.fetch(request, env)) }
  }

  #opened(): readonly Queue[] {
    if (this.#clients === null) {
      const clients = new MasterClients(this.#sentinels, 'queue', this.#onError)
      this.#clients = clients
      this.#queues = QUEUE_NAMES.map(name => openQueue(name, clients.client, this.#onError))
    }
    return this.#queues
  }
}

const entry = z.object({
  shard: z.string(),
  epoch: z.number(),
  index: z.number(),
  size: z.number(),
  incarnation: z.string(),
})

/** An entry's place, size and sender, and not the documents in it; what is no entry as it is. */
export function about(queue: string, data: unknown): unknown {
  const parsed = entry.safeParse(data)
  if (!parsed.success) return data
  const { shard, epoch, index, size, incarnation } = parsed.data
  return { shard, epoch, indexes: `${index} to ${index}`, size: bytes(size), origin: senderOf(queue), incarnation }
}

/** What a job is called in the list, in words. */
export function title(queue: string, job: { readonly name?: string; readonly data?: unknown }): string {
  const parsed = entry.safeParse(job.data)
  const name = job.name ?? 'job'
  if (!parsed.success) return name === 'rejoin' ? `catch-up by ${queue.slice(-1)}` : name
  const { shard, epoch, index } = parsed.data
  return `entry ${index} of ${shard} from ${senderOf(queue)}, epoch ${epoch}`
}

/** Of a queue `mirror-to-b`: the other one. */
const senderOf = (queue: string): OriginName => (queue.endsWith('a') ? 'b' : 'a')

/** The same answer under our policy, without links to the outside. */
async function atHome(response: Response): Promise<Response> {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(SAFE_HEADERS)) headers.set(name, value)
  headers.set('Content-Security-Policy', POLICY)
  if (!(headers.get('content-type') ?? '').startsWith('text/html'))
    return new Response(response.body, { status: response.status, headers })
  headers.delete('content-length')
  return new Response((await response.text()).replaceAll(OUTSIDE_LINK, ''), { status: response.status, headers })
}
