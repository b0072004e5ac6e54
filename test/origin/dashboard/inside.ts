// The private listener with its dashboard, on a replicator's real state but without a peer, Redis or documents behind.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDashboard, type Dashboard } from '../../../origin/dashboard/app.ts'
import { type Overview, overviewSchema } from '../../../origin/dashboard/overview.ts'
import { QueueBoards } from '../../../origin/dashboard/queues.ts'
import { Audit } from '../../../origin/host/audit.ts'
import { Browsers } from '../../../origin/http/browsers.ts'
import { listenPrivate } from '../../../origin/http/listen.ts'
import { Sessions } from '../../../origin/http/session.ts'
import { PeerOrigin } from '../../../origin/peer.ts'
import { OPEN } from '../../../replicator/redis.ts'
import { silentLog } from '../../fixtures/silentlog.ts'

export const SECRET = 'the-secret-of-the-cluster'
export const VIEWER_SECRET = 'the-secret-of-those-who-look-on'

export type Inside = {
  readonly url: string
  readonly commands: { readonly path: string; readonly body: object; readonly actor: string }[]
  readonly audit: Audit
  readonly dashboard: Dashboard
  readonly sessions: Sessions
  stop(): Promise<void>
}

const place = { epoch: 3, index: 7 }

export function accountOf(name: 'a' | 'b', more: Partial<Overview['status']> = {}): Overview {
  const shard = (shard: 's0' | 's1', home: string): Overview['status']['shards'][number] => ({
    shard,
    home,
    primary: home,
    role: home === name ? 'primary' : 'standby',
    serving: home === name,
    lease: home === name ? { remainingMs: 900 } : null,
    committed: place,
    applied: place,
    lag: { entries: 0, bytes: 0, ms: 0 },
    rejoin: home === name ? 'live' : null,
    progress: null,
    leftMs: null,
    quarantined: 0,
  })
  return overviewSchema.parse({
    at: 0,
    status: {
      name,
      version: '1.2.3',
      state: 'serving',
      epoch: 3,
      members: ['a', 'b'],
      store: name,
      incarnation: `${name}-1`,
      shards: [shard('s0', 'a'), shard('s1', 'b')],
      peer: { reachable: true, rttMs: 1 },
      redis: {
        master: '127.0.0.1:1',
        nodes: [
          { address: '127.0.0.1:1', role: 'master', state: 'online' },
          { address: '127.0.0.1:2', role: 'replica', state: 'online' },
        ],
        answering: { sentinels: 3, of: 3 },
        quorum: 2,
        maxmemoryPolicy: 'noeviction',
        workerIdleMs: 5,
        rebuilds: 0,
      },
      registers: { reachable: 3, of: 3, each: { a: 'votes', b: 'votes', w: 'votes' } },
      lane: 'queue',
      canLoseAHost: true,
      why: [],
      ...more,
    },
    traffic: {
      perSecond: 1,
      p50Ms: 1,
      p95Ms: 2,
      p99Ms: 3,
      errors: 0,
      retries: 0,
      parkedNow: 0,
      parked: 0,
      total: 10,
      answered: { here: 5, peer: 5 },
      plot: [],
    },
    lagPlot: [],
    timeline: [],
    audit: [],
  })
}

export const QUARANTINED = [{ file: 's0-3.8-1.jsonl', shard: 's0', epoch: 3, index: 8, bytes: 90, at: 0 }] as const

async function* shown(): AsyncGenerator<unknown> {
  const about = {
    shard: 's0',
    epoch: 3,
    index: 8,
    n: 0,
    table: 'documents',
    op: 'put',
    key: 'docs/lost',
    type: 'text/plain',
  }
  yield { ...about, body: 'c2VjcmV0', modified: 0, hash: '0'.repeat(32), why: 'not in the history', at: '2026-01-01' }
}

export async function startInside(port: number, wallNow: () => number = Date.now): Promise<Inside> {
  const dir = mkdtempSync(join(tmpdir(), 'tandem-inside-'))
  const now = (): number => performance.now()
  const onError = (error: unknown): never => {
    throw error
  }
  const sessions = new Sessions({ secret: SECRET, viewerSecret: VIEWER_SECRET }, wallNow)
  const audit = new Audit(dir, 'a', silentLog)
  const commands: Inside['commands'] = []
  const dashboard = createDashboard({
    name: 'a',
    sessions,
    overview: () => accountOf('a'),
    // nobody listens there
    peer: new PeerOrigin(`http://127.0.0.1:${port + 1}`, SECRET),
    peerUrl: `http://127.0.0.1:${port + 1}`,
    act: async (path, body, actor) => {
      commands.push({ path, body, actor })
      return { ok: true, detail: 'it was done' }
    },
    quarantine: { list: () => QUARANTINED, show: () => shown() },
    note: line => audit.note(line),
    queues: new QueueBoards({ sentinels: [], name: 'tandem', login: OPEN, sentinelLogin: OPEN }, onError),
    now,
    onError,
  })
  const listening = await listenPrivate({
    host: '127.0.0.1',
    port,
    secret: SECRET,
    viewerSecret: VIEWER_SECRET,
    forwarded: async () => new Response('document'),
    browsers: new Browsers({ sessions, name: 'a', now, audit: line => audit.note(line) }),
    control: {
      fetch: (request, env) =>
        env.wire.target.startsWith('/dashboard') ? dashboard.fetch(request, env) : new Response('control'),
    },
    onUpgrade: (_incoming, socket) => socket.destroy(),
    onError,
  })
  return {
    url: `http://127.0.0.1:${port}`,
    commands,
    audit,
    dashboard,
    sessions,
    async stop() {
      dashboard.close()
      await listening.close({ lingerMs: 0, graceMs: 500 })
      await audit.flushed()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
