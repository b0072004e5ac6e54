// What the dashboard shows of one origin: its own account, or the peer's as it came over the private network.
import { z } from 'zod'
import { type AuditLine, auditLine } from '../host/audit.ts'
import type { JobView } from '../jobs/jobs.ts'
import type { Turn } from '../observe/timeline.ts'
import type { TrafficView } from '../observe/traffic.ts'
import type { status } from '../status.ts'

const number = z.number()
const place = z.object({ epoch: number, index: number })
const shardName = z.enum(['s0', 's1'])

/** Read from the other origin, which may run another version: what is not known here is left out. */
export const overviewSchema = z.object({
  /** wall-clock milliseconds */
  at: number,
  status: z.object({
    name: z.enum(['a', 'b']),
    version: z.string(),
    state: z.string(),
    epoch: number.nullable(),
    members: z.array(z.string()),
    store: z.string(),
    incarnation: z.string(),
    shards: z.array(
      z.object({
        shard: shardName,
        home: z.string(),
        primary: z.string().nullable(),
        role: z.string(),
        serving: z.boolean(),
        lease: z.object({ remainingMs: number.nullable() }).nullable(),
        committed: place,
        applied: place,
        lag: z.object({ entries: number, ms: number }),
        rejoin: z.string().nullable(),
        progress: number.nullable(),
        quarantined: number,
      }),
    ),
    peer: z.object({ reachable: z.boolean(), rttMs: number.nullable() }),
    redis: z.object({
      master: z.string().nullable(),
      replicas: number,
      sentinels: number,
      maxmemoryPolicy: z.string().nullable(),
      workerIdleMs: number,
      rebuilds: number,
    }),
    registers: z.object({ reachable: number, of: number }),
    lane: z.string(),
    canLoseAHost: z.boolean(),
    why: z.array(z.string()),
  }),
  traffic: z.object({
    perSecond: number,
    p50Ms: number.nullable(),
    p95Ms: number.nullable(),
    p99Ms: number.nullable(),
    errors: number,
    retries: number,
    parkedNow: number,
    parked: number,
    total: number,
    hereShare: number.nullable(),
    plot: z.array(z.object({ perSecond: number, p99Ms: number.nullable() })),
  }),
  timeline: z.array(
    z.object({
      at: number,
      epoch: number,
      kind: z.string(),
      actor: z.string(),
      members: z.array(z.string()),
      primaries: z.object({ s0: z.string(), s1: z.string() }),
      cause: z.string(),
      durationMs: number.nullable(),
    }),
  ),
  audit: z.array(auditLine),
  jobs: z
    .array(
      z.object({
        kind: z.string(),
        actor: z.string(),
        startedAt: number,
        step: z.string(),
        progress: number.nullable(),
        end: z.object({ at: number, ok: z.boolean(), detail: z.string() }).nullable(),
        named: z.array(z.string()),
      }),
    )
    .default([]),
})
export type Overview = z.output<typeof overviewSchema>
export type ShardView = Overview['status']['shards'][number]

/** Of each list what fits a page. */
const SHOWN_MAX = 50

export type OverviewParts = {
  readonly status: () => ReturnType<typeof status>
  readonly traffic: () => TrafficView
  readonly timeline: () => readonly Turn[]
  readonly audit: () => readonly AuditLine[]
  readonly jobs: () => readonly JobView[]
  /** wall-clock milliseconds */
  readonly now: () => number
}

export function overview(parts: OverviewParts): Overview {
  const status = parts.status()
  const traffic = parts.traffic()
  return {
    at: parts.now(),
    status: { ...status, members: [...status.members], why: [...status.why] },
    traffic: { ...traffic, plot: [...traffic.plot] },
    timeline: parts
      .timeline()
      .slice(0, SHOWN_MAX)
      .map(turn => ({ ...turn, members: [...turn.members] })),
    audit: parts.audit().slice(0, SHOWN_MAX),
    jobs: parts.jobs().map(({ result, ...job }) => ({ ...job, named: named(result) })),
  }
}

const differing = z.object({
  shards: z.array(z.object({ shard: z.string(), differing: z.array(z.object({ key: z.string() })) })),
})

/** The keys that a comparison named. */
function named(result: unknown): string[] {
  const parsed = differing.safeParse(result)
  if (!parsed.success) return []
  return parsed.data.shards.flatMap(one => one.differing.map(({ key }) => `${one.shard} ${key}`)).slice(0, SHOWN_MAX)
}

/** The state of the pair in one word, from both accounts. `peer` null: it does not answer. */
export type PairState = 'whole' | 'solo' | 'rejoining' | 'blocked' | 'unsettled'

export function pairState(own: Overview, peer: Overview | null): PairState {
  const both = peer === null ? [own.status] : [own.status, peer.status]
  if (both.length === 2 && both.every(one => one.canLoseAHost)) return 'whole'
  const serving = new Set(both.flatMap(one => one.shards.filter(shard => shard.serving).map(({ shard }) => shard)))
  if (serving.size < 2) return 'blocked'
  const alone = both.some(one => one.members.length === 1)
  if (!alone) return 'unsettled'
  return both.some(one => one.state === 'rejoining') ? 'rejoining' : 'solo'
}

/** Every reason, each once, with who gives it. */
export function reasons(own: Overview, peer: Overview | null): string[] {
  const said = [own, ...(peer === null ? [] : [peer])].flatMap(one =>
    one.status.canLoseAHost ? [] : one.status.why.map(why => `${one.status.name}: ${why}`),
  )
  return peer === null && own.status.canLoseAHost ? ["the other origin's account cannot be read"] : said
}
