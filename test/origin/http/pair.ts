// Two origins on loopback as far as HTTP goes: real listeners, real forwarding, documents in memory behind the port.

import { apiPages } from '../../../origin/api/pages.ts'
import { hostCallers } from '../../../origin/http/callers.ts'
import { documentsHandler } from '../../../origin/http/documents.ts'
import { type ForwardedOptions, forwardedHandler } from '../../../origin/http/forwarded.ts'
import { listenPrivate, listenPublic, PRIMARY_TIMING } from '../../../origin/http/listen.ts'
import { hostMac } from '../../../origin/http/mac.ts'
import type { Documents, OperationAnswer, ReadAnswer, WriteAnswer } from '../../../origin/http/ports.ts'
import { proxyTrust } from '../../../origin/http/proxies.ts'
import type { Listening } from '../../../origin/http/server.ts'
import { judge } from '../../../origin/store/judge.ts'
import { receptionOf } from '../../../origin/streams/reception.ts'
import { createStreams } from '../../../origin/streams/streams.ts'
import { etagOf, type Row } from '../../../replicator/entry/row.ts'
import type { Log } from '../../../replicator/log.ts'
import { mapBodies, type WriteCommand } from '../../../replicator/store/command.ts'
import type { Done, WriteOutcome } from '../../../replicator/store/outcome.ts'
import { STRAIGHT } from '../../../router/aim.ts'
import { type PublicAppOptions, publicApp, type Readiness } from '../../../router/app.ts'
import { createForwarder } from '../../../router/forward.node.ts'
import { type Guard, NO_GUARD } from '../../../router/guard.ts'
import { Minter } from '../../../router/minted.ts'
import { PARKING_LIMITS, Parking, type ParkingLimits } from '../../../router/parking.ts'
import { Router } from '../../../router/route.ts'
import { createSeal } from '../../../router/seal.ts'
import { openView, viewSealer } from '../../../router/signedview.ts'
import { newerView, type View } from '../../../router/view.ts'
import type { Where, Whereabouts } from '../../../router/whereabouts.ts'
import { type OriginName, peerOf, type ShardName } from '../../../router/words.ts'
import { MemoryPages } from './memorypages.ts'

export const SECRET = 'a-secret-for-tests'
const mac = hostMac(SECRET)
export const sealView = viewSealer(mac)
export const LIMITS: ParkingLimits = { ...PARKING_LIMITS, parkMs: 3_000 }

/** The rows of the pair: both origins see the same ones, as if mirrored. */
export type Rows = Map<string, Row>

export type Kept = Map<string, { done: Done; fingerprint: string }>

/** A gate and a store in memory. */
export class MemoryDocuments implements Documents {
  /** what the gate says instead of serving; null while it serves */
  refuse: ((shard: ShardName) => ReadAnswer | WriteAnswer | null) | null = null
  /** what is answered instead of what was done; null leaves it as it is */
  lost: ((done: Done) => WriteAnswer | null) | null = null
  /** held answers wait for this */
  hold: Promise<void> | null = null
  readonly writes: string[] = []
  /** what a repeat is recognised by: its scope */
  readonly #kept: Kept
  readonly #rows: Rows
  #index = 0

  constructor(rows: Rows, kept: Kept) {
    this.#rows = rows
    this.#kept = kept
  }

  async operation(_shard: ShardName, scope: string): Promise<OperationAnswer> {
    const kept = this.#kept.get(scope)
    return kept === undefined ? { kind: 'missing' } : { kind: 'done', done: kept.done }
  }

  async read(shard: ShardName, key: string): Promise<ReadAnswer> {
    if (this.hold !== null) await this.hold
    const refused = this.refuse?.(shard)
    if (refused?.kind === 'misdirected') return refused
    const row = this.#rows.get(key)
    if (row === undefined) return { kind: 'missing' }
    return { kind: 'found', document: { ...row, etag: etagOf(row.epoch, row.index, row.n) } }
  }

  async write(shard: ShardName, command: WriteCommand): Promise<WriteAnswer> {
    // as the real store may: the bytes are gone for the caller, refused or not
    const own = mapBodies(command, taken)
    const refused = this.refuse?.(shard)
    if (refused !== null && refused !== undefined && refused.kind !== 'found' && refused.kind !== 'missing')
      return refused
    if (this.hold !== null) await this.hold
    const { idem } = own
    const told = (outcome: WriteOutcome): WriteAnswer => ({
      kind: 'outcome',
      outcome,
      durability: 'mirrored',
      reign: 1,
    })
    const kept = idem === undefined ? undefined : this.#kept.get(idem.scope)
    if (kept !== undefined) {
      if (idem?.kind === 'client' && idem.fingerprint !== kept.fingerprint) return told({ kind: 'mismatch' })
      return told({ kind: 'replayed', done: kept.done })
    }
    if ('key' in own) this.writes.push(own.key)
    const judged = judge(own, key => this.#rows.get(key) ?? null, { epoch: 1, index: this.#index + 1, n: 0 })
    if (judged.kind === 'refusal') return told(judged.outcome)
    this.#index += 1
    for (const { key, newRow } of judged.ops) {
      if (newRow === null) this.#rows.delete(key)
      else this.#rows.set(key, { key, epoch: 1, index: this.#index, ...newRow })
    }
    if (judged.outcome.kind === 'expired') return told(judged.outcome)
    const fingerprint = idem?.kind === 'client' ? idem.fingerprint : ''
    if (idem !== undefined) this.#kept.set(idem.scope, { done: judged.outcome, fingerprint })
    return this.lost?.(judged.outcome) ?? told(judged.outcome)
  }
}

function taken(body: Uint8Array): Uint8Array {
  if (!(body.buffer instanceof ArrayBuffer)) throw new TypeError('shared memory')
  return structuredClone(body, { transfer: [body.buffer] })
}

/** Whereabouts that a test sets by hand. */
export class ManualWhereabouts implements Whereabouts {
  readonly #name: OriginName
  #view: View | null
  #serving: ReadonlySet<ShardName>
  readonly #waiting = new Set<() => void>()
  readonly learned: View[] = []

  constructor(name: OriginName, view: View | null, serving: readonly ShardName[]) {
    this.#name = name
    this.#view = view
    this.#serving = new Set(serving)
  }

  get view(): View | null {
    return this.#view
  }

  set(view: View | null, serving: readonly ShardName[]): void {
    this.#view = view
    this.#serving = new Set(serving)
    this.#wake()
  }

  where(shard: ShardName): Where {
    if (this.#serving.has(shard)) return { kind: 'here' }
    const view = this.#view
    if (view === null || view.primaries[shard] === this.#name)
      return { kind: 'wait', view, why: 'A takeover is under way.' }
    return { kind: 'there', view }
  }

  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done, { once: true })
      this.#waiting.add(done)
    })
  }

  learn(view: View): void {
    this.learned.push(view)
    const newer = newerView(this.#view, view)
    if (newer === this.#view) return
    this.#view = newer
    this.#wake()
  }

  #wake(): void {
    for (const done of this.#waiting) done()
  }
}

export const viewOf = (epoch: number, s0: OriginName, s1: OriginName): View => ({
  lineage: 'test',
  epoch,
  primaries: { s0, s1 },
})
export const FAIR = viewOf(1, 'a', 'b')

export type Follows = { current: PublicAppOptions['follow'] | null }

export type Origin = {
  readonly name: OriginName
  readonly documents: MemoryDocuments
  readonly whereabouts: ManualWhereabouts
  readonly parking: Parking
  readonly errors: unknown[]
  /** what it streams; null refuses */
  readonly follows: Follows
  /** what was logged about forwarding */
  readonly notes: readonly string[]
  readonly url: string
  readonly publicPort: number
  readonly publicDoor: Listening
  readonly privateDoor: Listening
  stop(): Promise<void>
}

/** How requests get to the peer. */
export type Transport = 'frames' | 'pooled'

export type OriginOptions = {
  readonly name: OriginName
  /** pooled HTTP unless said otherwise */
  readonly transport?: Transport
  readonly rows: Rows
  /** as if mirrored, too */
  readonly kept?: Kept
  readonly publicPort: number
  readonly privatePort: number
  readonly peerPrivatePort: number
  readonly limits?: ParkingLimits
  readonly bodyBytesMax?: number
  readonly trustedProxies?: readonly string[]
  readonly readiness?: () => Readiness
  readonly guard?: Guard
  readonly control?: { fetch(request: Request): Response | Promise<Response> }
  readonly onUpgrade?: Parameters<typeof listenPrivate>[0]['onUpgrade']
  readonly begins?: ForwardedOptions['begins']
}

const HOST = '127.0.0.1'
export const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const CLOSE = { lingerMs: 0, graceMs: 500 }

export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const { name, rows, publicPort, privatePort, peerPrivatePort } = options
  const bodyBytesMax = options.bodyBytesMax ?? 1024 * 1024
  const documents = new MemoryDocuments(rows, options.kept ?? new Map())
  const whereabouts = new ManualWhereabouts(name, FAIR, name === 'a' ? ['s0'] : ['s1'])
  const parking = new Parking(options.limits ?? LIMITS)
  const errors: unknown[] = []
  const notes: string[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const follows: Follows = { current: null }
  const handler = documentsHandler({
    name,
    documents,
    pages: new MemoryPages(rows),
    bodyBytesMax,
    sealView,
    now: Date.now,
  })
  const seal = createSeal(mac)
  const begins = options.begins ?? (() => null)
  const forwarded = forwardedHandler({ documents: handler, begins, seal, bodyBytesMax, onError })
  const peer = `http://${HOST}:${peerPrivatePort}`
  const pooled = createForwarder(peer, SECRET)
  const streams =
    options.transport === 'frames'
      ? createStreams({
          name,
          incarnation: `${name}-test`,
          secret: SECRET,
          peerUrl: new URL(peer),
          tls: null,
          pooled,
          reception: receptionOf(forwarded, PRIMARY_TIMING),
          log: { ...SILENT, info: (_fields, message) => void notes.push(message) },
        })
      : null
  const forwarder = streams ?? pooled
  const router = new Router(
    {
      name,
      whereabouts,
      seal,
      local: handler,
      forward: (origin, call) => {
        if (origin !== peerOf(name)) throw new Error('forwarded to itself')
        return forwarder.forward(call)
      },
      aim: STRAIGHT,
      openView: text => openView(text, mac),
      now: () => performance.now(),
    },
    parking,
  )
  const readiness = options.readiness ?? ((): Readiness => ({ ready: true }))
  const app = publicApp({
    name,
    router,
    guard: options.guard ?? NO_GUARD,
    nearby: null,
    follow: async (call, asked) => (await follows.current?.(call, asked)) ?? new Response(null, { status: 503 }),
    callers: hostCallers({ mac, view: () => whereabouts.view, sealView, shown: () => undefined, now: Date.now }),
    seal,
    minter: new Minter(`router-${name}`, Date.now),
    bodyBytesMax,
    pages: apiPages(name, '0.0.0'),
    readiness,
    onError,
  })
  const trust = proxyTrust(options.trustedProxies ?? [])
  const publicDoor = await listenPublic({ host: HOST, port: publicPort, app, trust, onError })
  const privateDoor = await listenPrivate({
    host: HOST,
    port: privatePort,
    secret: SECRET,
    forwarded,
    control: options.control ?? { fetch: () => new Response('control') },
    onUpgrade: options.onUpgrade ?? streams?.onUpgrade ?? ((_incoming, socket) => socket.destroy()),
    onError,
  })
  return {
    name,
    documents,
    whereabouts,
    parking,
    errors,
    follows,
    notes,
    url: `http://${HOST}:${publicPort}`,
    publicPort,
    publicDoor,
    privateDoor,
    stop: async () => {
      await Promise.all([publicDoor.close(CLOSE), privateDoor.close(CLOSE)])
      await forwarder.close()
    },
  }
}

export type Pair = { readonly a: Origin; readonly b: Origin; readonly rows: Rows; stop(): Promise<void> }

/** Four ports from `base` on: public a and b, private a and b. */
export async function startPair(
  base: number,
  limits: ParkingLimits = LIMITS,
  transport: Transport = 'pooled',
): Promise<Pair> {
  const rows: Rows = new Map()
  const kept: Kept = new Map()
  const a = await startOrigin({
    name: 'a',
    rows,
    kept,
    publicPort: base,
    privatePort: base + 2,
    peerPrivatePort: base + 3,
    limits,
    transport,
  })
  const b = await startOrigin({
    name: 'b',
    rows,
    kept,
    publicPort: base + 1,
    privatePort: base + 3,
    peerPrivatePort: base + 2,
    limits,
    transport,
  })
  return {
    a,
    b,
    rows,
    stop: async () => {
      await Promise.all([a.stop(), b.stop()])
    },
  }
}
