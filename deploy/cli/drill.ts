// tandem drill: proves a handover and a takeover of each shard under canary load, and prints a verdict.
import { z } from 'zod'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { type Command, originOf } from './command.ts'
import { confirmed } from './confirm.ts'
import { runJob } from './jobs.ts'
import { type Outcome, table, UsageError, WIDTH, wrapped } from './outcome.ts'

const Step = z.object({
  step: z.string(),
  ok: z.boolean(),
  waitedMs: z.number(),
  limitMs: z.number(),
  requests: z.number(),
  failures: z.array(z.string()),
})
const Result = z.object({ origin: z.string(), steps: z.array(Step) })
type Step = z.infer<typeof Step>

const WORDS = 'drill the pair'

export const drillCommand: Command = {
  name: 'drill',
  usage: '[ORIGIN]',
  summary: 'proves handovers and takeovers under canary load',
  details:
    'ORIGIN hands its shard over and back, then takes the other shard over while the other origin stands still for three seconds (its process stops and goes on by itself; nobody has to start it). Without ORIGIN both do so, one after the other. Canaries are documents of a collection of their own, tandem-drill, removed at the end. Refused when a host cannot be lost. Clients with connections to the origin that stands still wait for as long; all others as long as the verdict says.',
  examples: ['tandem drill', `tandem drill a --confirm "${WORDS}" --json`],
  async run({ args, flags, options, tell }) {
    const [name, ...more] = args
    if (more.length > 0 || (name !== undefined && name !== 'a' && name !== 'b'))
      throw new UsageError('Name one origin, a or b, or none for both.')
    tell(
      wrapped(
        'Each shard is handed over and back; each origin stands still once, for about three seconds, and is taken over.',
        WIDTH,
      ),
    )
    await confirmed(WORDS, options.confirm, tell)
    const runs: { ok: boolean; detail: string; origin: string; steps: Step[] }[] = []
    const runners: readonly OriginName[] = name === undefined ? ORIGINS.toReversed() : [name]
    for (const origin of runners) {
      const job = await runJob(await originOf(flags, origin), 'drill')
      const result = Result.nullable().safeParse(job.result)
      const steps = result.success ? (result.data?.steps ?? []) : []
      runs.push({ ok: job.end.ok, detail: job.end.detail, origin, steps })
      if (!job.end.ok) break
    }
    return verdict(runs)
  },
}

function verdict(runs: readonly { ok: boolean; detail: string; origin: string; steps: readonly Step[] }[]): Outcome {
  const ok = runs.length > 0 && runs.every(run => run.ok)
  const rows = runs.flatMap(({ origin, steps }) =>
    steps.map(({ step, ok, waitedMs, limitMs, requests }) => [
      origin,
      step,
      ok ? 'ok' : 'FAILED',
      `${waitedMs} ms`,
      `${limitMs} ms`,
      String(requests),
    ]),
  )
  const failures = runs.flatMap(run => (run.ok ? [] : [wrapped(`${run.origin}: ${run.detail}`, WIDTH)]))
  const said = ok ? 'Passed: no request failed, nothing was lost.' : 'Failed.'
  const parts = [
    rows.length === 0 ? '' : table([['origin', 'step', 'verdict', 'waited', 'at most', 'requests'], ...rows]),
    ...failures,
    said,
  ]
  return { ok, text: parts.filter(part => part !== '').join('\n\n'), json: { ok, runs } }
}
