// What an origin offers to those who run it, composed: dashboard, metrics, audit log, and the control behind the
// command line.
import type { Log } from '../replicator/log.ts'
import type { RedisLogin, SentinelSettings } from '../replicator/redis.ts'
import type { Replicator } from '../replicator/replicator.ts'
import { pathOf } from '../router/key.ts'
import { problem } from '../router/problem.ts'
import type { Config } from './config.ts'
import type { DashboardParts } from './dashboard/app.ts'
import { overview } from './dashboard/overview.ts'
import type { QuarantinePorts } from './dashboard/quarantinepages.ts'
import { QueueBoards } from './dashboard/queues.ts'
import { addressesHere } from './host/addresses.ts'
import { Audit } from './host/audit.ts'
import { Browsers, DASHBOARD } from './http/browsers.ts'
import type { PrivateEnv } from './http/caller.ts'
import { type ControlPorts, controlApp } from './http/control.ts'
import { type Control, innerAct } from './http/innercall.ts'
import { Sessions } from './http/session.ts'
import { createWork, type WorkParts } from './jobs/work.ts'
import type { LogLevel } from './log.ts'
import { LagHistory } from './observe/laghistory.ts'
import { Timeline } from './observe/timeline.ts'
import type { Traffic } from './observe/traffic.ts'
import type { Writes } from './observe/writes.ts'
import { createOperate, type Done } from './operate.ts'
import { PeerOrigin } from './peer.ts'
import { Rescue } from './rescue/rescue.ts'
import type { Sendings } from './sendings.ts'
import { status } from './status.ts'

export type OperatorParts = Pick<WorkParts, 'stores' | 'copy' | 'router' | 'life'> & {
  readonly config: Config
  readonly version: string
  readonly replicator: Replicator
  readonly traffic: Traffic
  readonly writes: Writes
  /** monotonic milliseconds */
  readonly now: () => number
  readonly log: Log
  readonly quarantine: QuarantinePorts
  readonly sendings: Sendings
  /** from now on, until the process ends */
  readonly setLogLevel: (level: LogLevel) => void
  /** to the peer's private listener */
  readonly fetchPeer: typeof fetch
  readonly onError: (error: unknown) => void
}

export type OperatorSide = {
  readonly browsers: Browsers
  app(
    ports: Omit<
      ControlPorts,
      | 'status'
      | 'whyNotLosable'
      | 'overview'
      | 'operate'
      | 'rescue'
      | 'work'
      | 'copy'
      | 'setLogLevel'
      | 'quarantine'
      | 'sendings'
    >,
  ): Control
  /** Asks the other origin for the floating address that is at home here. */
  askBack(): Promise<Done>
  /** Ends what would keep the private listener open. */
  close(): void
  /** Resolves when the audit log is on the disk. */
  flushed(): Promise<void>
}

export function operatorSide(parts: OperatorParts): OperatorSide {
  const { config, version, replicator, traffic, writes, now, log, setLogLevel, sendings, onError } = parts
  const audit = new Audit(config.dataDir, config.name, log)
  const timeline = new Timeline(replicator, now, Date.now)
  const ownStatus = () => status(replicator, version, now(), sendings.of, addressesHere(config.floating, config.name))
  const lags = new LagHistory(() => ownStatus().shards.reduce((sum, { lag }) => sum + lag.entries, 0))
  // An origin that nobody looks at, or scrapes, does not load what that takes.
  const metrics = once(async () => {
    const { Metrics } = await import('./observe/metrics.ts')
    return new Metrics({ status: ownStatus, traffic, writes, changes: () => timeline.counts })
  })
  const sessions = new Sessions({ secret: config.secret, viewerSecret: config.viewerSecret }, Date.now)
  const ownOverview = () =>
    overview({
      status: ownStatus,
      traffic: () => traffic.view(),
      lagPlot: () => lags.points,
      timeline: () => timeline.turns,
      audit: () => audit.recent,
      jobs: () => work.jobs.all,
      now: Date.now,
    })
  const operate = createOperate(
    command => replicator.command(command),
    line => audit.note(line),
  )
  let control: Control | null = null
  let closed = false
  const peer = new PeerOrigin(config.peer, config.secret, parts.fetchPeer)
  const rescue = new Rescue({
    replicator,
    peerUrl: config.peer,
    peerKnowledge: () => peer.knowledge(),
    operate,
  })
  const work = createWork({ ...parts, peer, operate, status: ownStatus })
  const dashboard = once(async () => {
    const { createDashboard } = await import('./dashboard/app.ts')
    return createDashboard(dashboardParts)
  })
  const dashboardParts: DashboardParts = {
    name: config.name,
    sessions,
    overview: ownOverview,
    peer,
    peerUrl: config.peer,
    act: async (path, body, actor) =>
      control === null ? { ok: false, detail: 'this origin is still starting' } : innerAct(control, path, body, actor),
    quarantine: parts.quarantine,
    note: line => audit.note(line),
    queues: new QueueBoards(sentinelsOf(config), error =>
      log.warn({ error }, 'trouble with the queues of the dashboard'),
    ),
    now,
    onError,
  }

  return {
    browsers: new Browsers({ sessions, name: config.name, now, audit: line => audit.note(line) }),
    app(ports) {
      const opened = controlApp({
        ...ports,
        status: ownStatus,
        whyNotLosable: () => ownStatus().why,
        overview: ownOverview,
        operate,
        rescue,
        work,
        copy: parts.copy,
        quarantine: parts.quarantine,
        sendings,
        setLogLevel,
      })
      control = opened
      return {
        fetch(request, env) {
          const path = pathOf(env.wire.target)
          if (path === DASHBOARD || path.startsWith(`${DASHBOARD}/`)) return looked(request, env)
          return path === '/metrics' ? scrape(request) : opened.fetch(request, env)
        },
      }
    },
    askBack: () => peer.act('address/give-back', {}, `origin ${config.name}`),
    close() {
      closed = true
      // one that is not loaded yet is closed as soon as it is
      dashboard.begun?.then(loaded => loaded.close(), onError)
      timeline.close()
      lags.close()
      work.close()
    },
    flushed: () => audit.flushed(),
  }

  async function looked(request: Request, env: PrivateEnv['Bindings']): Promise<Response> {
    if (closed) return problem('overloaded', { detail: 'This origin stops.' })
    return (await dashboard.get()).fetch(request, env)
  }

  async function scrape(request: Request): Promise<Response> {
    if (request.method !== 'GET') return problem('method-not-allowed', { headers: { Allow: 'GET' } })
    const loaded = await metrics.get()
    return new Response(await loaded.text(), {
      headers: { 'Content-Type': loaded.contentType, 'Cache-Control': 'no-store' },
    })
  }
}

/** Made when it is first asked for. */
function once<T>(make: () => Promise<T>): { get(): Promise<T>; readonly begun: Promise<T> | null } {
  let made: Promise<T> | null = null
  return {
    get() {
      made ??= make()
      return made
    },
    get begun() {
      return made
    },
  }
}

export const sentinelsOf = (config: Config): SentinelSettings => ({
  sentinels: config.sentinels,
  name: config.redisName,
  login: redisLogin(config),
  sentinelLogin: redisLogin(config),
})

export const redisLogin = ({ redisUser, redisPassword }: Config): RedisLogin => ({
  user: redisUser,
  password: redisPassword,
})
