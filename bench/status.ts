// What the origins of a local cluster say of themselves, as far as the benchmarks ask.
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { LocalCluster } from '../deploy/local/cluster.ts'
import { SECRET_HEADER } from '../router/private.ts'
import { ORIGINS, type OriginName } from '../router/words.ts'

const status = z.object({
  members: z.array(z.string()),
  canLoseAHost: z.boolean(),
  shards: z.array(
    z.object({
      shard: z.enum(['s0', 's1']),
      home: z.string(),
      primary: z.string().nullable(),
      applied: z.object({ index: z.number() }),
      rejoin: z.string().nullable(),
    }),
  ),
  peer: z.object({ rttMs: z.number().nullable() }),
})

export type Status = z.output<typeof status>

const ASK_MS = 2000
const LOOK_MS = 20
const WHOLE_MS = 120_000

/** Null while it does not answer. */
export async function statusOf(cluster: LocalCluster, name: OriginName): Promise<Status | null> {
  try {
    const answer = await fetch(`${cluster.origins[name].private}/_tandem/status`, {
      headers: { [SECRET_HEADER]: cluster.secret },
      signal: AbortSignal.timeout(ASK_MS),
    })
    const parsed = status.safeParse(await answer.json())
    return parsed.success ? parsed.data : null
  } catch {
    // it is down: whoever asks waits for it
    return null
  }
}

export const isWhole = (one: Status | null): boolean =>
  one !== null &&
  one.members.length === 2 &&
  one.canLoseAHost &&
  one.shards.every(({ home, primary }) => home === primary)

export async function until(what: string, condition: () => Promise<boolean>, boundMs: number): Promise<void> {
  const end = performance.now() + boundMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${boundMs / 1000} s: ${what}`)
    await pause(LOOK_MS)
  }
}

export const untilWhole = (cluster: LocalCluster, boundMs = WHOLE_MS): Promise<void> =>
  until(
    'both are members and at home',
    async () => (await Promise.all(ORIGINS.map(name => statusOf(cluster, name)))).every(isWhole),
    boundMs,
  )
