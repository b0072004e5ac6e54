// What an origin offers to those who run it, composed: dashboard, metrics, audit log, and the control behind the
// command line.
import type { OperatorCommand } from '../replicator/core/events.ts'
import type { Log } from '../replicator/log.ts'
import type { SentinelSettings } from '../replicator/redis.ts'
import type { Replicator } from '../replicator/replicator.ts'
import { pathOf } from '../router/key.ts'
import { problem } from '../router/problem.ts'
import type { Config } from './config.ts'
import { createDashboard } from './dashboard/app.ts'
import { overview } from './dashboard/overview.ts'
import { PeerOrigin } from './dashboard/peer.ts'
import { QueueBoards } from './dashboard/queues.ts'
import { Audit } from './host/audit.ts'
import { Browsers, DASHBOARD } from './http/browsers.ts'
import type { PrivateEnv } from './http/caller.ts'
import { type ControlPorts, controlApp } from './http/control.ts'
import { Sessions } from './http/session.ts'
import { Metrics } from './observe/metrics.ts'
import { Timeline } from './observe/timeline.ts'
import type { Traffic } from './observe/traffic.ts'
import type { Writes } from './observe/writes.ts'
import { status } from './status.ts'

export type OperatorParts = {
  readonly config: Config
  readonly version: string
  readonly replicator: Replicator
  readonly traffic: Traffic
  readonly writes: Writes
  /** monotonic milliseconds */
  readonly now: () => number
  readonly log: Log
  readonly onError: (error: unknown) => void
}

type App = { readonly fetch: (request: Request, env: PrivateEnv['Bindings']) => Response | Promise<Response> }

export type OperatorSide = {
  readonly browsers: Browsers
  app(ports: Omit<ControlPorts, 'status' | 'overview' | 'command'>): App
  /** Ends what would keep the private listener open. */
  close(): void
  /** Resolves when the audit log is on the disk. */
  flushed(): Promise<void>
}

export function operatorSide(parts: OperatorParts): OperatorSide {
  const { config, version, replicator, traffic, writes, now, log, onError } = parts
  const audit = new Audit(config.dataDir, config.name, log)
  const timeline = new Timeline(replicator, now, Date.now)
  const ownStatus = () => status(replicator, version, now())
  const metrics = new Metrics({ status: ownStatus, traffic, writes })
  const sessions = new Sessions({ secret: config.secret, viewerSecret: config.viewerSecret }, Date.now)
  const ownOverview = () =>
    overview({
      status: ownStatus,
      traffic: () => traffic.view(),
      timeline: () => timeline.turns,
      audit: () => audit.recent,
      now: Date.now,
    })
  const command = async (what: OperatorCommand, actor: string): Promise<{ ok: boolean; detail: string }> => {
    const done = await replicator.command(what)
    audit.note({ actor, action: what.kind === 'handover' ? `handover ${what.shard}` : what.kind, ...done })
    return done
  }
  const dashboard = createDashboard({
    name: config.name,
    sessions,
    overview: ownOverview,
    peer: new PeerOrigin(config.peer, config.secret),
    command,
    note: line => audit.note(line),
    queues: new QueueBoards(sentinelsOf(config), error =>
      log.warn({ error }, 'trouble with the queues of the dashboard'),
    ),
    now,
    onError,
  })

  return {
    browsers: new Browsers({ sessions, name: config.name, now, audit: line => audit.note(line) }),
    app(ports) {
      const control = controlApp({ ...ports, status: ownStatus, overview: ownOverview, command })
      return {
        fetch(request, env) {
          const path = pathOf(env.wire.target)
          if (path === DASHBOARD || path.startsWith(`${DASHBOARD}/`)) return dashboard.fetch(request, env)
          return path === '/metrics' ? scrape(request) : control.fetch(request, env)
        },
      }
    },
    close() {
      dashboard.close()
      timeline.close()
    },
    flushed: () => audit.flushed(),
  }

  async function scrape(request: Request): Promise<Response> {
    if (request.method !== 'GET') return problem('method-not-allowed', { headers: { Allow: 'GET' } })
    return new Response(await metrics.text(), {
      headers: { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' },
    })
  }
}

export const sentinelsOf = (config: Config): SentinelSettings => ({
  sentinels: config.sentinels,
  name: config.redisName,
  password: config.redisPassword,
  sentinelPassword: config.redisPassword,
})
