// The job behind `tandem verify`: both shards, this copy against the other origin's, while both serve.
import { SHARDS, type ShardName } from '../../router/words.ts'
import type { JobEnd, Report } from '../jobs/jobs.ts'
import { compareShard, type ShardVerdict } from './compare.ts'
import { type Ask, asked } from './copy.ts'

export type VerifyPorts = {
  readonly here: (shard: ShardName) => Ask
  readonly there: (shard: ShardName) => Ask
}

export async function verify({ here, there }: VerifyPorts, report: Report): Promise<JobEnd> {
  const counts = await Promise.all(SHARDS.map(shard => asked(here(shard), { kind: 'count' })))
  const total = Math.max(
    1,
    counts.reduce((sum, { documents, records }) => sum + documents + records, 0),
  )
  const verdicts: ShardVerdict[] = []
  for (const shard of SHARDS) {
    const before = verdicts.reduce((sum, { rows }) => sum + rows, 0)
    const progress = (rows: number): void =>
      report(`compares ${shard}`, Math.min(99, Math.floor(((before + rows) * 100) / total)))
    progress(0)
    verdicts.push(await compareShard(shard, { here: here(shard), there: there(shard) }, progress))
  }
  return { ...sentence(verdicts), result: { shards: verdicts } }
}

function sentence(verdicts: readonly ShardVerdict[]): { ok: boolean; detail: string } {
  const rows = verdicts.reduce((sum, verdict) => sum + verdict.rows, 0)
  const differing = verdicts.flatMap(verdict => verdict.differing)
  const unsure = verdicts.reduce((sum, verdict) => sum + verdict.unsure.length, 0)
  if (differing.length > 0) {
    const more = verdicts.some(verdict => verdict.more) ? ' or more' : ''
    return {
      ok: false,
      detail: `${differing.length}${more} of ${rows} rows differ, ${nameOf(differing[0]?.key)} among them`,
    }
  }
  if (unsure > 0) return { ok: false, detail: `${unsure} rows changed at every look; the others of ${rows} are equal` }
  return { ok: true, detail: `both copies are equal: ${rows} rows` }
}

const nameOf = (key: string | undefined): string => JSON.stringify(key ?? '')
