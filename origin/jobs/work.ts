// The long work of this origin, composed: what each kind of job does, and with what.
import type { Replicator } from '../../replicator/replicator.ts'
import type { ShardStore } from '../../replicator/store/shardstore.ts'
import type { Router } from '../../router/route.ts'
import type { ShardName } from '../../router/words.ts'
import { Backups } from '../backup/backups.ts'
import type { Config } from '../config.ts'
import { Canary } from '../drill/canary.ts'
import { drill, type Sight } from '../drill/drill.ts'
import { routedCanary } from '../drill/routed.ts'
import type { JobPorts } from '../http/jobcontrol.ts'
import type { Operate } from '../operate.ts'
import type { PeerOrigin } from '../peer.ts'
import type { Ask } from '../verify/copy.ts'
import { verify } from '../verify/verify.ts'
import { type JobEnd, type JobKind, Jobs, type Report } from './jobs.ts'

export type WorkParts = {
  readonly config: Config
  readonly replicator: Replicator
  readonly stores: Readonly<Record<ShardName, ShardStore>>
  readonly copy: (shard: ShardName) => Ask
  readonly router: Pick<Router, 'route'>
  /** digits that no other life of a router has */
  readonly life: string
  readonly peer: PeerOrigin
  readonly operate: Operate
  readonly status: () => Sight
  /** monotonic milliseconds */
  readonly now: () => number
}

export type Work = JobPorts & { close(): void }

export function createWork(parts: WorkParts): Work {
  const { replicator, stores, copy, peer, operate } = parts
  const jobs = new Jobs(operate, Date.now)
  const backups = new Backups(replicator, stores)
  const runs: Readonly<Record<JobKind, (report: Report, actor: string) => Promise<JobEnd>>> = {
    verify: report => verify({ here: copy, there: shard => question => peer.copy(shard, question) }, report),
    backup: report => backups.make(report),
    drill: (report, actor) => runDrill(parts, report, actor),
  }
  return {
    jobs,
    backups,
    start: (kind, actor) => jobs.start(kind, actor, report => runs[kind](report, actor)) !== null,
    close: () => backups.close(),
  }
}

function runDrill(parts: WorkParts, report: Report, actor: string): Promise<JobEnd> {
  const { config, router, life, peer, operate, status, now } = parts
  const by = `drill of ${config.name}, ${actor}`.slice(0, 128)
  return drill(
    {
      name: config.name,
      own: status,
      peer: async () => (await peer.overview())?.status ?? null,
      peerDrills: async () => {
        const jobs = (await peer.freshOverview())?.jobs
        return jobs === undefined || jobs.some(({ kind, end }) => kind === 'drill' && end === null)
      },
      handover: shard => operate.command({ kind: 'handover', shard }, by),
      peerHandover: shard => peer.act('handover', { shard }, by),
      pausePeer: ms => peer.act('drill/pause', { ms }, by),
      canary: new Canary(routedCanary(router, life), now),
      graceMs: config.graceMs,
      now,
    },
    report,
  )
}
