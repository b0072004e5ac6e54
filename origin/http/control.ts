// The private side's control: status, the actions behind the command line, and the file that a rejoin fetches.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { OperatorCommand } from '../../replicator/core/events.ts'
import type { SnapshotFile } from '../../replicator/store/shardstore.ts'
import { problem } from '../../router/problem.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { QuarantineFile } from '../store/quarantine.ts'
import { ACTOR_HEADER, actorOf, type PrivateEnv } from './caller.ts'
import type { ShardDigest } from './ports.ts'

export type ControlPorts = {
  status(): unknown
  /** what the other origin's dashboard shows of this one */
  overview(): unknown
  /** @param actor who asks, for the audit log */
  command(command: OperatorCommand, actor: string): Promise<{ ok: boolean; detail: string }>
  digest(shard: ShardName): Promise<ShardDigest>
  quarantine: {
    list(): readonly QuarantineFile[]
    show(file: string): AsyncIterable<unknown>
  }
  /** the snapshot that a rejoin waits for, or null */
  snapshot(shard: ShardName): SnapshotFile | null
}

const shardName = z.enum(['s0', 's1'])
const handoverBody = z.strictObject({ shard: shardName })

export function controlApp(ports: ControlPorts): Hono<PrivateEnv> {
  const app = new Hono<PrivateEnv>()
  app.get('/_tandem/status', c => c.json(ports.status()))
  app.get('/_tandem/overview', c => c.json(ports.overview()))
  app.get('/_tandem/digest', async c => c.json({ shards: await Promise.all(SHARDS.map(shard => ports.digest(shard))) }))

  app.post('/_tandem/handover', async c => {
    const body = handoverBody.safeParse(await json(c.req.raw))
    if (!body.success) return problem('bad-request', { detail: 'The body names a shard: {"shard": "s0"}.' })
    return act({ kind: 'handover', shard: body.data.shard }, c)
  })
  for (const kind of ['drain', 'ready', 'resync'] as const) app.post(`/_tandem/${kind}`, c => act({ kind }, c))

  app.get('/_tandem/quarantine', c => c.json({ files: ports.quarantine.list() }))
  app.get('/_tandem/quarantine/:file', async c => {
    const file = c.req.param('file')
    if (!ports.quarantine.list().some(known => known.file === file))
      return problem('not-found', { detail: 'No such quarantine file.' })
    const records = []
    for await (const record of ports.quarantine.show(file)) records.push(record)
    return c.json({ file, records })
  })

  app.get('/_tandem/snapshot/:shard', c => {
    const shard = shardName.safeParse(c.req.param('shard'))
    const file = shard.success ? ports.snapshot(shard.data) : null
    if (file === null || c.req.query('sha256') !== file.sha256)
      return problem('not-found', { detail: 'No such snapshot.' })
    const stream = Readable.toWeb(createReadStream(file.path))
    return new Response(webStream(stream), {
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(file.bytes) },
    })
  })
  app.notFound(c => problem('not-found', { instance: c.env.wire.target }))

  async function act(command: OperatorCommand, c: Context<PrivateEnv>): Promise<Response> {
    const actor = actorOf(c.req.header(ACTOR_HEADER) ?? null, c.env.wire.client.address)
    const { ok, detail } = await ports.command(command, actor)
    return ok ? Response.json({ ok, detail }) : problem('conflict', { detail })
  }
  return app
}

async function json(request: Request): Promise<unknown> {
  try {
    return await request.json()
  } catch {
    return null
  }
}

/** Node's stream type and the global one are the same thing with two names. */
function webStream(stream: ReturnType<typeof Readable.toWeb>): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else if (value instanceof Uint8Array) controller.enqueue(value)
      else controller.error(new Error('a file yielded something else than bytes'))
    },
    cancel: reason => reader.cancel(reason),
  })
}
