// /_tandem/jobs: starts long work, and tells how far it is.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { Hono } from 'hono'
import { z } from 'zod'
import { problem } from '../../router/problem.ts'
import type { Backups } from '../backup/backups.ts'
import { JOB_KINDS, type JobKind, type Jobs } from '../jobs/jobs.ts'
import { ACTOR_HEADER, actorOf, type PrivateEnv } from './caller.ts'
import { webStream } from './filestream.ts'

export type JobPorts = {
  readonly jobs: Jobs
  /** false where one runs already */
  start(kind: JobKind, actor: string): boolean
  readonly backups: Backups
}

const kindName = z.enum(JOB_KINDS)
const shardName = z.enum(['s0', 's1'])

export function jobControl({ jobs, start, backups }: JobPorts): Hono<PrivateEnv> {
  const app = new Hono<PrivateEnv>()
  app.get('/_tandem/jobs', c => c.json({ jobs: jobs.all }))
  app.get('/_tandem/jobs/:kind', c => {
    const kind = kindName.safeParse(c.req.param('kind'))
    const job = kind.success ? jobs.get(kind.data) : null
    return job === null ? problem('not-found', { detail: 'Nothing of that kind was asked for.' }) : c.json(job)
  })
  app.post('/_tandem/jobs/:kind', c => {
    const kind = kindName.safeParse(c.req.param('kind'))
    if (!kind.success) return problem('not-found', { detail: `There are ${JOB_KINDS.join(', ')}.` })
    const actor = actorOf(c.req.header(ACTOR_HEADER) ?? null, c.env.wire.client.address)
    if (start(kind.data, actor)) return c.json({ ok: true, detail: 'it has begun' }, 202)
    return problem('conflict', { detail: `a ${kind.data} is under way already` })
  })
  app.get('/_tandem/backup/:shard', c => {
    const shard = shardName.safeParse(c.req.param('shard'))
    const file = shard.success ? backups.file(shard.data) : null
    if (file === null || c.req.query('sha256') !== file.sha256)
      return problem('not-found', { detail: 'No such backup: ask for one.' })
    return new Response(webStream(Readable.toWeb(createReadStream(file.path))), {
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(file.bytes) },
    })
  })
  app.delete('/_tandem/backup/:shard', c => {
    const shard = shardName.safeParse(c.req.param('shard'))
    if (shard.success) backups.forget(shard.data)
    return c.json({ ok: true, detail: 'it is gone' })
  })
  return app
}
