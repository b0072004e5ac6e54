// One origin, composed: router, origin and replicator in one process.
import { createLink, type Link } from '../replicator/link/link.ts'
import type { Log } from '../replicator/log.ts'
import { openQueueLane } from '../replicator/queue/queuelane.ts'
import { openRegisters, REGISTER_DEADLINE_MS } from '../replicator/register/redisacceptor.ts'
import { Replicator } from '../replicator/replicator.ts'
import { STRAIGHT } from '../router/aim.ts'
import { publicApp } from '../router/app.ts'
import { createForwarder, peerFetch } from '../router/forward.node.ts'
import { Minter } from '../router/minted.ts'
import { PARKING_LIMITS, Parking } from '../router/parking.ts'
import { Router } from '../router/route.ts'
import { createSeal } from '../router/seal.ts'
import { openView, viewSealer } from '../router/signedview.ts'
import type { ShardName } from '../router/words.ts'
import { Buckets } from './access/buckets.ts'
import { hostGuard } from './access/guard.ts'
import type { Tokens } from './access/tokens.ts'
import { apiPages } from './api/pages.ts'
import type { Config } from './config.ts'
import { Copies } from './copies.ts'
import { GuardedDocuments, type ReadRow } from './documents.ts'
import { Expiry } from './expiry.ts'
import { reach } from './failpoint.ts'
import { Source } from './feed/source.ts'
import { Streams } from './feed/streams.ts'
import { whyNoAddress } from './fitness.ts'
import { type FloatingAddresses, floatingAddresses, NO_ADDRESSES } from './floating.ts'
import { isHere } from './host/addresses.ts'
import { openIdentity } from './host/identity.ts'
import { createIdentityFile } from './host/identityfile.ts'
import { Answers } from './http/answers.ts'
import { hostCallers } from './http/callers.ts'
import { documentsHandler } from './http/documents.ts'
import { forwardedHandler } from './http/forwarded.ts'
import { listenPrivate, listenPublic, PRIMARY_TIMING } from './http/listen.ts'
import { hostMac } from './http/mac.ts'
import { nearbyHandler } from './http/nearby.ts'
import { proxyTrust } from './http/proxies.ts'
import { createRequestLog } from './http/requestlog.ts'
import type { Listening } from './http/server.ts'
import { standbyHandler } from './http/standby.ts'
import { ownCertificate } from './http/tls.ts'
import { leave } from './leave.ts'
import type { LogLevel } from './log.ts'
import { Traffic } from './observe/traffic.ts'
import { Writes } from './observe/writes.ts'
import { operatorSide, redisLogin, sentinelsOf } from './operators.ts'
import { GuardedPages } from './pages.ts'
import type { Scans } from './scan/scans.ts'
import { Sendings } from './sendings.ts'
import { fetchSnapshot } from './snapshots.ts'
import { StandbyReads } from './standbyreads.ts'
import { readiness } from './status.ts'
import { listQuarantine, showQuarantine } from './store/quarantine.ts'
import { type OpenStore, openShardStore } from './store/store.ts'
import { receptionOf } from './streams/reception.ts'
import { createStreams, STREAMS } from './streams/streams.ts'
import { HostWhereabouts } from './whereabouts.ts'
import { within } from './within.ts'

/** CONTRACT: 1 MiB. */
const BODY_BYTES_MAX = 1024 * 1024
/** CONTRACT: within 30 s of SIGTERM the process is gone, so each step gets less. */
const LINGER_MS = 200
const DRAIN_MS = 10_000
/** Of a random UUID: enough that no two lives of a router mint one key, short because every write carries it. */
const MINTER_DIGITS = 16

export type RunningOrigin = {
  /** Hands over, drains, closes. */
  stop(): Promise<void>
}

export type OriginOptions = {
  readonly config: Config
  readonly version: string
  readonly incarnation: string
  /** as they are now; null is open to all */
  readonly tokens: (() => Tokens) | null
  readonly newId: () => string
  readonly log: Log
  readonly setLogLevel: (level: LogLevel) => void
  /** true where the log takes lines at `debug` */
  readonly isVerbose: () => boolean
  readonly fatal: (why: string, cause: unknown) => void
}

export async function startOrigin(options: OriginOptions): Promise<RunningOrigin> {
  const { config, version, incarnation, tokens, newId, log, setLogLevel, isVerbose, fatal } = options
  const { name, dataDir } = config
  const now = (): number => performance.now()
  const certificate =
    config.privateTls === null
      ? null
      : ownCertificate(config.privateTls, error => log.error({ error }, 'the private certificate cannot be used'))
  const ownTls = certificate?.current ?? null
  const fetchPeer = peerFetch(ownTls)
  const identityFile = createIdentityFile(dataDir)
  const known = await openIdentity({ dataDir, name, incarnation, newId, log })
  await identityFile.save(known)
  const [s0, s1] = await Promise.all([
    openShardStore({ dataDir, shard: 's0' }),
    openShardStore({ dataDir, shard: 's1' }),
  ])
  const open: Readonly<Record<ShardName, OpenStore>> = { s0, s1 }
  const stores = { s0: s0.store, s1: s1.store }
  // A database that was missing is empty now: whatever this store was a member of, it is no longer that store.
  const emptied = known.lineage !== null && (s0.fresh || s1.fresh)
  const identity = emptied ? { ...known, store: newId() } : known
  if (emptied) {
    log.error({ dataDir }, 'a database of this store was missing: it is a new store now')
    await identityFile.save(identity)
  }

  const links: Link[] = []
  const sendings = new Sendings(now)
  const replicator = new Replicator({
    settings: {
      name,
      timing: {
        heartbeatMs: config.heartbeatMs,
        leaseMs: config.leaseMs,
        graceMs: config.graceMs,
        stableMs: config.stableMs,
      },
      failback: config.failback,
      readsAsStandby: config.reads === 'both',
      incarnation,
      random: Math.random,
      newId,
    },
    identity,
    identityFile,
    stores,
    acceptors: openRegisters(
      {
        addresses: config.registers,
        login: redisLogin(config),
        deadlineMs: REGISTER_DEADLINE_MS,
        requireDurable: true,
      },
      log,
    ),
    link: handlers => {
      const link = createLink({
        name,
        peerUrl: new URL(config.peer),
        secret: config.secret,
        tls: ownTls,
        incarnation,
        log,
        handlers,
      })
      links.push(link)
      return link
    },
    queue: handlers =>
      openQueueLane(
        {
          self: name,
          incarnation,
          sentinels: sentinelsOf(config),
        },
        handlers,
        log,
      ),
    keepSnapshot: (shard, file) => sendings.keep(shard, file),
    fetchSnapshot: (shard, offer) =>
      fetchSnapshot({ peer: config.peer, secret: config.secret, dataDir, fetchPeer }, shard, offer),
    now,
    log,
    reach,
    fatal,
  })

  const get = (shard: ShardName, key: string): ReadRow => open[shard].reader.get(key)
  const writes = new Writes()
  const documents = new GuardedDocuments({
    replicator,
    stores,
    get,
    record: (shard, scope) => open[shard].reader.record(scope),
    solo: config.solo,
    reads: config.reads,
    now,
    later: (ms, run) => void setTimeout(run, ms),
    observed: (shard, count, waitedMs) => writes.observed(shard, count, waitedMs),
  })
  const scans = (shard: ShardName): Scans => open[shard].scans
  const pages = new GuardedPages({ replicator, gate: documents, scans })
  const copies = new Copies({ replicator, get, scans, now })
  const standbyReads = new StandbyReads({ replicator, get, now })
  const streams = new Streams({ name, source: new Source({ replicator, scans, now }) })
  const mac = hostMac(config.secret)
  const sealView = viewSealer(mac)
  const answers = new Answers(name, sealView)
  const answer = documentsHandler({ name, documents, pages, bodyBytesMax: BODY_BYTES_MAX, sealView, now: Date.now })
  const parking = new Parking({ ...PARKING_LIMITS, parkMs: config.parkMs })
  const whereabouts = new HostWhereabouts(name, replicator, now)
  const seal = createSeal(mac)
  const onError = (error: unknown): void => log.error({ error }, 'a request met a fault of ours')
  const forwarded = forwardedHandler({
    documents: answer,
    begins: (shard, signal) => whereabouts.begins(shard, signal),
    seal,
    bodyBytesMax: BODY_BYTES_MAX,
    onError,
  })
  const forwarder = createStreams({
    name,
    incarnation,
    secret: config.secret,
    peerUrl: new URL(config.peer),
    tls: ownTls,
    pooled: createForwarder(config.peer, config.secret, ownTls),
    reception: receptionOf(forwarded, PRIMARY_TIMING),
    log,
  })
  const traffic = new Traffic(now, () => parking.requests)
  const router = new Router(
    {
      name,
      whereabouts,
      seal,
      local: answer,
      ...(config.reads === 'both' ? { spare: standbyHandler(standbyReads, answers, onError) } : {}),
      forward: (_, call) => forwarder.forward(call),
      aim: STRAIGHT,
      openView: text => openView(text, mac),
      observed: (method, code, journey) => traffic.observed(method, code, journey),
      now,
    },
    parking,
  )
  const expiry = new Expiry({
    documents,
    serves: shard => replicator.serves(shard) !== null,
    due: (shard, at, limit) => open[shard].reader.due(at, limit),
    now: Date.now,
    onError: error => log.error({ error }, 'documents that are due could not be looked for'),
  })

  const life = incarnation.replaceAll('-', '').slice(-MINTER_DIGITS)
  const inside = operatorSide({
    config,
    version,
    replicator,
    stores,
    copy: shard => open[shard].copy,
    sendings,
    quarantine: { list: () => listQuarantine(dataDir), show: file => showQuarantine(dataDir, file) },
    router,
    // not the one of the public side's minter, which counts by itself
    life: `drill-${life}`,
    traffic,
    writes,
    now,
    log,
    setLogLevel,
    fetchPeer,
    onError,
  })
  const answered = createRequestLog({ log, verbose: isVerbose, now })
  let addresses: FloatingAddresses = NO_ADDRESSES
  const privately = await listenPrivate({
    ...config.private,
    secret: config.secret,
    tls: config.privateTls,
    forwarded,
    viewerSecret: config.viewerSecret,
    browsers: inside.browsers,
    answered,
    control: inside.app({
      digest: shard => open[shard].digest(),
      giveBack: () => addresses.giveBack(),
    }),
    onUpgrade: (request, socket, head) => {
      if (request.url === STREAMS.path) forwarder.onUpgrade(request, socket, head)
      else links[0]?.onUpgrade(request, socket, head)
    },
    onError,
  })
  const publicly = await listenPublic({
    ...config.public,
    app: publicApp({
      name,
      router,
      nearby: nearbyHandler(copies, answers),
      follow: (call, asked) => streams.follow(call, asked),
      callers: hostCallers({
        mac,
        view: () => replicator.view(),
        sealView,
        shown: ({ lineage, epoch }) => replicator.dispatch({ type: 'shown', lineage, epoch }),
        now: Date.now,
      }),
      guard: hostGuard({
        name,
        tokens,
        buckets: config.rateLimit === null ? null : new Buckets(config.rateLimit, now),
      }),
      seal,
      minter: new Minter(life, Date.now),
      bodyBytesMax: BODY_BYTES_MAX,
      pages: apiPages(name, version),
      readiness: () => readiness(replicator, now()),
      onError,
    }),
    trust: proxyTrust(config.trustedProxies, config.tls === null ? 'http' : 'https'),
    tls: config.tls,
    answered,
    onError,
  })
  const listeners: readonly Listening[] = [publicly, privately]
  // Last: whoever holds an address serves.
  addresses =
    config.floating === null
      ? NO_ADDRESSES
      : floatingAddresses({
          floating: config.floating,
          fits: () => whyNoAddress(replicator.state, now()) === null,
          isHere,
          publicly,
          askBack: () => inside.askBack(),
          log,
        })
  log.info({ public: config.public, private: config.private, store: identity.store }, 'listens')

  return {
    async stop() {
      addresses.parts()
      const left = await leave(() => replicator.command({ kind: 'leave' }))
      log.info({ ok: left?.ok ?? false, detail: left?.detail ?? 'no answer in time' }, 'hands over before it stops')
      await addresses.leaves()
      inside.close()
      streams.close()
      await Promise.all([
        within(expiry.close(), DRAIN_MS),
        ...listeners.map(listening => listening.close({ lingerMs: LINGER_MS, graceMs: DRAIN_MS })),
      ])
      await inside.flushed()
      traffic.close()
      certificate?.close()
      await forwarder.close()
      await replicator.close()
      await Promise.all([s0.store.close(), s1.store.close()])
    },
  }
}
