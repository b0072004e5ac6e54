// A drill: under canary load a shard is handed over and back, then the other origin is made to stand still and this one takes
// its shard over. The verdict is what clients of this host would have met.
import { setTimeout as delay } from 'node:timers/promises'
import { homeOf, type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'
import type { JobEnd, Report } from '../jobs/jobs.ts'
import type { Done } from '../operate.ts'
import type { Canary, Seen } from './canary.ts'

/** Of one origin, as far as a drill needs it. */
export type Sight = {
  readonly canLoseAHost: boolean
  readonly why: readonly string[]
  readonly members: readonly string[]
  readonly shards: readonly { readonly shard: ShardName; readonly primary: string | null; readonly serving: boolean }[]
}

export type DrillPorts = {
  readonly name: OriginName
  readonly own: () => Sight
  readonly peer: () => Promise<Sight | null>
  /** true while the other origin drills, or where it cannot be asked: two drills would stop both at once */
  readonly peerDrills: () => Promise<boolean>
  readonly handover: (shard: ShardName) => Promise<Done>
  readonly peerHandover: (shard: ShardName) => Promise<Done>
  readonly pausePeer: (ms: number) => Promise<Done>
  readonly canary: Canary
  readonly graceMs: number
  /** monotonic milliseconds */
  readonly now: () => number
}

export type Step = {
  readonly step: string
  readonly ok: boolean
  /** the longest wait of a request, in milliseconds */
  readonly waitedMs: number
  readonly limitMs: number
  readonly requests: number
  readonly failures: readonly string[]
}

/** DESIGN: a pause under 200 ms where nothing else runs; a busy host may take longer, and must not take this long. */
const HANDOVER_MS_MAX = 1000
/** Beyond the grace: rounds of the register, and a connection that must first be found to be silent. */
const TAKEOVER_OVER_MS = 2000
/** The other origin stands still for so long beyond the grace: it must miss its takeover, not only its lease. */
const PAUSE_OVER_MS = 1700
/** The other one wakes, catches up, is stable for a while, gets its shard back; flapping doubles the stable time. */
const WHOLE_MS = 120_000
const LOOK_MS = 50
/** Load before the first change, so that connections are warm. */
const WARM_MS = 500
const FAILURES_TOLD = 5

export async function drill(ports: DrillPorts, report: Report): Promise<JobEnd> {
  // Each says so of itself before it asks the other: of two that begin at once none goes on.
  const why = (await ports.peerDrills()) ? 'the other origin drills, or does not answer' : await whyNot(ports)
  if (why !== null) return { ok: false, detail: `no drill now: ${why}`, result: null }
  const steps: Step[] = []
  const { canary } = ports
  canary.start()
  try {
    await delay(WARM_MS)
    const own = SHARDS.filter(shard => homeOf(shard) === ports.name)
    const peers = SHARDS.filter(shard => homeOf(shard) !== ports.name)
    for (const shard of own) {
      report(`hands ${shard} over and back`, 10)
      steps.push(await stepOf(ports, `handover of ${shard}`, HANDOVER_MS_MAX, () => thereAndBack(ports, shard)))
    }
    report(`takes ${peers.join(' and ')} over`, 40)
    const limitMs = ports.graceMs + TAKEOVER_OVER_MS
    steps.push(await stepOf(ports, `takeover of ${peers.join(' and ')}`, limitMs, () => takeOver(ports)))
    report('waits until the pair is whole', 70)
    steps.push(await stepOf(ports, 'return of the other origin', HANDOVER_MS_MAX, () => untilWhole(ports)))
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    steps.push({ step: 'the drill itself', ok: false, waitedMs: 0, limitMs: 0, requests: 0, failures: [failure] })
  } finally {
    await canary.stop()
  }
  const failed = steps.filter(step => !step.ok)
  const detail =
    failed.length === 0
      ? steps.map(({ step, waitedMs }) => `${step}: ${waitedMs} ms`).join(', ')
      : `failed: ${failed.map(({ step, failures }) => `${step} (${failures[0] ?? 'took too long'})`).join(', ')}`
  return { ok: failed.length === 0, detail, result: { origin: ports.name, steps } }
}

async function whyNot({ own, peer, name }: DrillPorts): Promise<string | null> {
  const other = await peer()
  if (other === null) return `origin ${peerOf(name)} does not answer`
  for (const one of [own(), other]) if (!one.canLoseAHost) return `no host may be lost: ${one.why.join('; ')}`
  const away = own().shards.filter(({ shard, primary }) => primary !== homeOf(shard))
  return away.length === 0 ? null : `${away.map(({ shard }) => shard).join(' and ')} is not at home`
}

async function stepOf(ports: DrillPorts, step: string, limitMs: number, act: () => Promise<void>): Promise<Step> {
  const from = ports.now()
  const failures: string[] = []
  await act().catch((error: unknown) => failures.push(error instanceof Error ? error.message : String(error)))
  const end = ports.now()
  await until(ports, 'every request has an answer', async () => ports.canary.answeredSince(end))
  const seen: Seen = ports.canary.between(from, end)
  failures.push(...seen.failures.slice(0, FAILURES_TOLD))
  const waitedMs = Math.max(...SHARDS.map(shard => seen.worstMs[shard]))
  return {
    step,
    ok: failures.length === 0 && waitedMs <= limitMs,
    waitedMs,
    limitMs,
    requests: seen.requests,
    failures,
  }
}

async function thereAndBack(ports: DrillPorts, shard: ShardName): Promise<void> {
  const must = ({ ok, detail }: Done): void => {
    if (!ok) throw new Error(detail)
  }
  must(await ports.handover(shard))
  await until(ports, `${shard} is served there`, async () => isServed(await ports.peer(), shard))
  must(await ports.peerHandover(shard))
  await until(ports, `${shard} is back`, async () => isServed(ports.own(), shard))
}

async function takeOver(ports: DrillPorts): Promise<void> {
  // it refuses to stand still while it may not be lost
  await untilWhole(ports)
  const paused = await ports.pausePeer(ports.graceMs + PAUSE_OVER_MS)
  if (!paused.ok) throw new Error(paused.detail)
  await until(ports, 'this origin serves both shards alone', async () => {
    const own = ports.own()
    return own.members.length === 1 && SHARDS.every(shard => isServed(own, shard))
  })
}

const untilWhole = (ports: DrillPorts): Promise<void> =>
  until(ports, 'the pair is whole again, each shard at home', async () => (await whyNot(ports)) === null)

const isServed = (one: Sight | null, shard: ShardName): boolean =>
  one?.shards.some(each => each.shard === shard && each.serving) ?? false

async function until({ now }: DrillPorts, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = now() + WHOLE_MS; !(await holds()); await delay(LOOK_MS))
    if (now() > end) throw new Error(`not within ${WHOLE_MS / 1000} s: ${what}`)
}
