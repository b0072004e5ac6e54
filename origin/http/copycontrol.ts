// /_tandem/copy/SHARD: what the other origin asks of this copy while it compares.
import { Hono } from 'hono'
import { z } from 'zod'
import { problem } from '../../router/problem.ts'
import type { ShardName } from '../../router/words.ts'
import { type Ask, question } from '../verify/copy.ts'
import type { PrivateEnv } from './caller.ts'
import { jsonOf } from './controlanswer.ts'

const shardName = z.enum(['s0', 's1'])

export function copyControl(copy: (shard: ShardName) => Ask): Hono<PrivateEnv> {
  const app = new Hono<PrivateEnv>()
  app.post('/_tandem/copy/:shard', async c => {
    const shard = shardName.safeParse(c.req.param('shard'))
    const asked = question.safeParse(await jsonOf(c.req.raw))
    if (!shard.success || !asked.success) return problem('bad-request', { detail: 'No question about a copy.' })
    return c.json(await copy(shard.data)(asked.data))
  })
  return app
}
