// tandem verify: are both copies of each shard the same, row by row, while both serve?
import { z } from 'zod'
import { askAll, type Command, noArguments } from './command.ts'
import { runJob } from './jobs.ts'
import { type Outcome, RefusedError, table } from './outcome.ts'

const Difference = z.object({
  table: z.string(),
  key: z.string(),
  here: z.string().nullable(),
  there: z.string().nullable(),
})
const Result = z.object({
  shards: z.array(
    z.object({
      shard: z.string(),
      rows: z.number(),
      differing: z.array(Difference),
      more: z.boolean(),
      unsure: z.array(z.string()),
    }),
  ),
})
type Shard = z.infer<typeof Result>['shards'][number]

export const verifyCommand: Command = {
  name: 'verify',
  usage: '',
  summary: 'compares both copies, and names the keys that differ',
  details:
    'Row by row, while both serve and clients write: what is on its way from one to the other is no difference. Names up to 100 keys a shard. Exit code 0 when all rows are equal.',
  examples: ['tandem verify', 'tandem verify --json'],
  async run({ args, flags }) {
    noArguments(args)
    const asked = await askAll(flags)
    const one = asked.find(each => 'status' in each)
    if (one === undefined) throw new RefusedError(asked.flatMap(each => ('why' in each ? [each.why] : [])).join('; '))
    const job = await runJob(one.target, 'verify')
    const result = Result.nullable().safeParse(job.result)
    const shards = result.success ? (result.data?.shards ?? []) : []
    return outcome(one.target.name ?? 'here', job.end, shards)
  },
}

function outcome(
  name: string,
  end: { readonly ok: boolean; readonly detail: string },
  shards: readonly Shard[],
): Outcome {
  const { ok, detail } = end
  const rows = shards.map(({ shard, rows, differing, more, unsure }) => [
    shard,
    differing.length > 0 ? 'DIFFERENT' : unsure.length > 0 ? 'not all compared' : 'equal',
    String(rows),
    `${differing.length}${more ? ' or more' : ''}`,
  ])
  const other = name === 'a' ? 'b' : 'a'
  const named = shards.flatMap(({ differing }) =>
    differing.map(({ table, key, here, there }) => [short(here), short(there), table, key]),
  )
  const unsure = shards.flatMap(shard => shard.unsure).map(key => `changed at every look: ${key}`)
  const parts = [
    shards.length === 0 ? '' : table([['shard', 'copies', 'rows', 'differing'], ...rows]),
    named.length === 0 ? '' : table([[`on ${name}`, `on ${other}`, 'table', 'key'], ...named]),
    unsure.join('\n'),
    detail,
  ]
  return { ok, text: parts.filter(part => part !== '').join('\n\n'), json: { ok, detail, shards } }
}

const short = (hash: string | null): string => (hash === null ? '-' : hash.slice(0, 8))
