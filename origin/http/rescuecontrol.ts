// /_tandem/force-primary, /_tandem/registers/rebuild: for the moments when a person must choose.
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { problem } from '../../router/problem.ts'
import { ASKED_MAX, type Rescue } from '../rescue/rescue.ts'
import { ACTOR_HEADER, actorOf, type PrivateEnv } from './caller.ts'
import { answerOf, jsonOf } from './controlanswer.ts'

const CONFIRM_CHARS_MAX = 100
const asked = z.array(z.url({ protocol: /^https?$/ })).max(ASKED_MAX)
const forceBody = z.strictObject({ confirm: z.string().max(CONFIRM_CHARS_MAX), ask: asked.default([]) })
const rebuildBody = z.strictObject({
  confirm: z.string().max(CONFIRM_CHARS_MAX).nullable().default(null),
  ask: asked.default([]),
})

export function rescueControl(rescue: Rescue): Hono<PrivateEnv> {
  const app = new Hono<PrivateEnv>()
  const actor = (c: Context<PrivateEnv>): string =>
    actorOf(c.req.header(ACTOR_HEADER) ?? null, c.env.wire.client.address)
  app.get('/_tandem/knowledge', c => c.json(rescue.knowledge()))
  app.get('/_tandem/force-primary', async c => {
    const urls = asked.safeParse(c.req.queries('ask') ?? [])
    if (!urls.success) return problem('bad-request', { detail: 'ask names URLs of the other origin.' })
    return c.json(await rescue.assess(urls.data))
  })
  app.post('/_tandem/force-primary', async c => {
    const body = forceBody.safeParse(await jsonOf(c.req.raw))
    if (!body.success) return problem('bad-request', { detail: 'The body holds the confirmation: {"confirm": "…"}.' })
    return answerOf(await rescue.force(body.data.confirm, body.data.ask, actor(c)))
  })
  app.post('/_tandem/registers/rebuild', async c => {
    const body = rebuildBody.safeParse((await jsonOf(c.req.raw)) ?? {})
    if (!body.success) return problem('bad-request', { detail: 'The body may hold a confirmation: {"confirm": "…"}.' })
    return answerOf(await rescue.rebuild(body.data.confirm, body.data.ask, actor(c)))
  })
  return app
}
