// bull-board over every queue, loaded when somebody looks: an origin that nobody watches pays nothing for it.
import type { Hono } from 'hono'
import { openQueue, QUEUE_NAMES, type Queue } from '../../replicator/queue/bullmq.ts'
import { MasterClients, type SentinelSettings } from '../../replicator/redis.ts'
import type { Role } from '../http/caller.ts'
import { SAFE_HEADERS } from './layout.ts'

const BASE = '/dashboard/queues'
/** What its page asks for is in its package; only its style is inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
/** Its entry page links fonts of another host: this project asks nothing of the outside. */
const OUTSIDE_LINK = /<link\b[^>]*\bhref="https?:\/\/[^>]*>/g

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'mirror-to-a': 'Entries on their way to a: writes of the shards that b is primary of. Job: shard, epoch, index.',
  'mirror-to-b': 'Entries on their way to b: writes of the shards that a is primary of. Job: shard, epoch, index.',
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
        shown.setFormatter('data', withoutContents)
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

/** Where an entry belongs, its size and its sender, and not the documents in it. */
export function withoutContents(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('entry' in data)) return data
  const { entry: _contents, ...about } = data
  return about
}

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
