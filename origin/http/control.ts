// The private side's control: status, the actions behind the command line, and the file that a rejoin fetches.
import { Readable } from 'node:stream'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { OperatorCommand } from '../../replicator/core/events.ts'
import { problem } from '../../router/problem.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { QuarantinePorts } from '../dashboard/quarantinepages.ts'
import { PAUSE_MS_MAX, standStill } from '../drill/pause.ts'
import { LOG_LEVELS, type LogLevel } from '../log.ts'
import type { Done, Operate } from '../operate.ts'
import type { Rescue } from '../rescue/rescue.ts'
import type { Sendings } from '../sendings.ts'
import type { Ask } from '../verify/copy.ts'
import { ACTOR_HEADER, actorOf, type PrivateEnv } from './caller.ts'
import { answerOf, jsonOf } from './controlanswer.ts'
import { copyControl } from './copycontrol.ts'
import { webStream } from './filestream.ts'
import { type JobPorts, jobControl } from './jobcontrol.ts'
import type { ShardDigest } from './ports.ts'
import { rescueControl } from './rescuecontrol.ts'

export type ControlPorts = {
  status(): unknown
  /** empty where this host may go away now */
  whyNotLosable(): readonly string[]
  /** what the other origin's dashboard shows of this one */
  overview(): unknown
  readonly operate: Operate
  readonly rescue: Rescue
  readonly work: JobPorts
  readonly copy: (shard: ShardName) => Ask
  setLogLevel(level: LogLevel): void
  digest(shard: ShardName): Promise<ShardDigest>
  readonly quarantine: QuarantinePorts
  /** the other host asks for its floating address */
  giveBack(): Done
  /** the copies that a rejoin waits for */
  readonly sendings: Pick<Sendings, 'send'>
}

const shardName = z.enum(['s0', 's1'])
const handoverBody = z.strictObject({ shard: shardName })
const pauseBody = z.strictObject({ ms: z.int().min(0).max(PAUSE_MS_MAX) })
const levelBody = z.strictObject({ level: z.enum(LOG_LEVELS) })

const actorIn = (c: Context<PrivateEnv>): string =>
  actorOf(c.req.header(ACTOR_HEADER) ?? null, c.env.wire.client.address)

export function controlApp(ports: ControlPorts): Hono<PrivateEnv> {
  const app = new Hono<PrivateEnv>()
  app.route('/', rescueControl(ports.rescue))
  app.route('/', jobControl(ports.work))
  app.route('/', copyControl(ports.copy))
  app.get('/_tandem/status', c => c.json(ports.status()))
  app.get('/_tandem/overview', c => c.json(ports.overview()))
  app.get('/_tandem/digest', async c => c.json({ shards: await Promise.all(SHARDS.map(shard => ports.digest(shard))) }))

  app.post('/_tandem/handover', async c => {
    const body = handoverBody.safeParse(await jsonOf(c.req.raw))
    if (!body.success) return problem('bad-request', { detail: 'The body names a shard: {"shard": "s0"}.' })
    return act({ kind: 'handover', shard: body.data.shard }, c)
  })
  for (const kind of ['drain', 'ready', 'resync'] as const) app.post(`/_tandem/${kind}`, c => act({ kind }, c))

  app.post('/_tandem/address/give-back', () => answerOf(ports.giveBack()))

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
    const sending = shard.success ? ports.sendings.send(shard.data, c.req.query('sha256') ?? '') : null
    if (sending === null) return problem('not-found', { detail: 'No such snapshot.' })
    const { bytes, chunks } = sending
    return new Response(webStream(Readable.toWeb(Readable.from(chunks))), {
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes) },
    })
  })
  app.notFound(c => problem('not-found', { instance: c.env.wire.target }))

  app.post('/_tandem/drill/pause', async c => {
    const body = pauseBody.safeParse(await jsonOf(c.req.raw))
    if (!body.success)
      return problem('bad-request', { detail: `The body names a time: {"ms": 3000}, up to ${PAUSE_MS_MAX}.` })
    const why = ports.whyNotLosable()
    if (why.length > 0)
      return answerOf(ports.operate.refused('drill pause', `this host may not be lost: ${why.join('; ')}`, actorIn(c)))
    standStill(body.data.ms)
    return answerOf(
      ports.operate.noted('drill pause', { ok: true, detail: `stands still for ${body.data.ms} ms` }, actorIn(c)),
    )
  })
  app.post('/_tandem/log-level', async c => {
    const body = levelBody.safeParse(await jsonOf(c.req.raw))
    if (!body.success) return problem('bad-request', { detail: `The body names a level: ${LOG_LEVELS.join(', ')}.` })
    ports.setLogLevel(body.data.level)
    return answerOf(
      ports.operate.noted('log-level', { ok: true, detail: `logs from ${body.data.level} on` }, actorIn(c)),
    )
  })

  async function act(command: OperatorCommand, c: Context<PrivateEnv>): Promise<Response> {
    return answerOf(await ports.operate.command(command, actorIn(c)))
  }
  return app
}
