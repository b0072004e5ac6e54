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
        lag: z.object({ entries: number, bytes: number, ms: number }),
        rejoin: z.string().nullable(),
        progress: number.nullable(),
        leftMs: number.nullable(),
        quarantined: number,
      }),
    ),
    peer: z.object({ reachable: z.boolean(), rttMs: number.nullable() }),
    redis: z.object({
      master: z.string().nullable(),
      nodes: z.array(z.object({ address: z.string(), role: z.string(), state: z.string() })),
      answering: z.object({ sentinels: number, of: number }),
      quorum: number.nullable(),
      maxmemoryPolicy: z.string().nullable(),
      workerIdleMs: number,
      rebuilds: number,
    }),
    registers: z.object({ reachable: number, of: number, each: z.record(z.string(), z.string()) }),
    lane: z.string(),
    addresses: z.array(z.object({ address: z.string(), home: z.enum(['a', 'b']), held: z.boolean() })).default([]),
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
    answered: z.object({ here: number, peer: number }),
    plot: z.array(z.object({ perSecond: number, p99Ms: number.nullable(), errorsPerSecond: number })),
  }),
  /** entries that the other origin lacked, oldest first, ten seconds each */
  lagPlot: z.array(number),
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
  readonly lagPlot: () => readonly number[]
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
    status: {
      ...status,
      members: [...status.members],
      addresses: [...status.addresses],
      why: [...status.why],
      redis: { ...status.redis, nodes: [...status.redis.nodes] },
    },
    traffic: { ...traffic, plot: [...traffic.plot] },
    lagPlot: [...parts.lagPlot()],
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
