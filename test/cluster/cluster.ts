// A whole local cluster for a test: the code that `npm start` runs, in a directory of its own, watched and always ended.
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type LocalCluster, type LocalOptions, startLocal } from '../../deploy/local/cluster.ts'
import { PidBook } from '../../deploy/local/pids.ts'
import type { status } from '../../origin/status.ts'
import { ORIGINS, type OriginName, SHARDS, type ShardName } from '../../router/words.ts'

export type Status = ReturnType<typeof status>

export type TestCluster = LocalCluster & {
  statusOf(name: OriginName): Promise<Status | null>
  /** Both members, each serving its half, both lanes quiet. */
  untilWhole(timeoutMs?: number): Promise<void>
  control(name: OriginName, method: string, path: string, body?: unknown): Promise<Response>
  logText(name: OriginName): string
  /** Throws where the two copies of a shard differ in a byte. */
  compareCopies(): Promise<void>
}

/** Rejoin and failback wait for a stable peer: shorter than in production, or the suite would take minutes. */
const STABLE_MS = '500'

export async function startTestCluster(portBase: number, options: Partial<LocalOptions> = {}): Promise<TestCluster> {
  // The same place each time: what a killed run left behind is found, and stopped, by the next.
  const home = join(tmpdir(), `tandem-test-${portBase}`)
  ;(await PidBook.open(home, () => {})).close()
  rmSync(home, { recursive: true, force: true })
  const originEnv = {
    a: { TANDEM_STABLE_MS: STABLE_MS, ...options.originEnv?.a },
    b: { TANDEM_STABLE_MS: STABLE_MS, ...options.originEnv?.b },
  }
  const cluster = await startLocal({ home, portBase, restartMs: 'never', log: () => {}, ...options, originEnv })
  const control = (name: OriginName, method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${cluster.origins[name].private}${path}`, {
      method,
      headers: { authorization: `Bearer ${cluster.secret}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const statusOf = async (name: OriginName): Promise<Status | null> => {
    try {
      const response = await control(name, 'GET', '/_tandem/status')
      return (await response.json()) as Status
    } catch {
      return null
    }
  }
  return {
    ...cluster,
    statusOf,
    control,
    logText: name => readFileSync(cluster.log(`origin.${name}`), 'utf8'),
    untilWhole: (timeoutMs = 30_000) =>
      until(
        async () => {
          const both = await Promise.all(ORIGINS.map(statusOf))
          return both.every(one => one !== null && isWhole(one)) || JSON.stringify(both.map(brief))
        },
        timeoutMs,
        'the pair is whole',
      ),
    compareCopies: async () => {
      await until(
        async () => {
          const [a, b] = await Promise.all(
            ORIGINS.map(
              async name => (await control(name, 'GET', '/_tandem/digest')).json() as Promise<{ shards: unknown }>,
            ),
          )
          return JSON.stringify(a) === JSON.stringify(b) || `a ${JSON.stringify(a)} b ${JSON.stringify(b)}`
        },
        15_000,
        'both copies are equal',
      )
    },
    close: async () => {
      await cluster.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export const isWhole = (one: Status): boolean =>
  one.state === 'serving' &&
  one.members.length === 2 &&
  one.canLoseAHost &&
  one.shards.every(shard => shard.primary === shard.home)

export const brief = (one: Status | null): unknown =>
  one === null
    ? null
    : {
        name: one.name,
        state: one.state,
        epoch: one.epoch,
        members: one.members.length,
        why: one.why,
        shards: one.shards.map(s => [s.shard, s.primary, s.role, s.serving, s.rejoin]),
      }

/** Waits for a condition, never for time alone; says what was seen last. */
export async function until(
  condition: () => Promise<boolean | string> | boolean | string,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const seen = await condition()
    if (seen === true) return
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}; last seen: ${String(seen)}`)
    await pause(25)
  }
}

/** The shard's primary as this origin knows it. */
export const primaryOf = (one: Status | null, shard: ShardName): string | null =>
  one?.shards.find(other => other.shard === shard)?.primary ?? null

export const everyShard = SHARDS
