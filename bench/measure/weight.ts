// What a pair weighs while it works: memory of both origins, disk of one.
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import type { Course } from './finding.ts'
import { residentOf } from './memory.ts'

const MIB = 1024 * 1024
export const LOOK_SECONDS = 10

export type Weight = {
  readonly minute: number
  /** of each origin, in the order of ORIGINS */
  readonly residentMib: readonly number[]
  readonly diskMib: DiskMib
}

export type DiskMib = {
  /** documents, history and idempotency records */
  readonly databases: number
  /** what no checkpoint has brought into them yet, and what the file keeps for later */
  readonly wals: number
  /** all that lies in the data directory */
  readonly whole: number
  /** what the process says */
  readonly words: number
}

export const weightOf = (cluster: LocalCluster, minute: number): Weight => ({
  minute,
  residentMib: ORIGINS.map(name => residentOf(cluster.origins[name].pid).now),
  diskMib: diskOf(cluster),
})

export function diskOf({ origins: { a } }: LocalCluster): DiskMib {
  const mibOf = (files: readonly string[]): number =>
    files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0) / MIB
  return {
    databases: mibOf(globSync(join(a.data, '*.sqlite'))),
    wals: mibOf(globSync(join(a.data, '*.sqlite-wal'))),
    whole: mibOf(globSync(join(a.data, '**'))),
    words: mibOf([a.log]),
  }
}

/** Looks from time to time until the work has ended, and once more then. */
export async function weighed(cluster: LocalCluster, act: () => Promise<void>): Promise<readonly Weight[]> {
  const from = performance.now()
  const minute = (): number => (performance.now() - from) / 60_000
  const ended = new AbortController()
  const weights: Weight[] = []
  const look = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      weights.push(weightOf(cluster, minute()))
      await pause(LOOK_SECONDS * 1000, null, { signal: ended.signal }).catch(() => null)
    }
  }
  const looking = look()
  // what goes wrong there is thrown below, when the work is done: it must not end the process before
  looking.catch(() => {})
  try {
    await act()
  } finally {
    ended.abort()
    await looking
  }
  return [...weights, weightOf(cluster, minute())]
}

export function weightCourses(name: string, weights: readonly Weight[]): Course[] {
  const minutes = weights.map(({ minute }) => minute)
  const line = (of: string, value: (weight: Weight) => number) => ({ name: of, values: weights.map(value) })
  return [
    {
      name: `${name}-memory`,
      title: 'resident memory',
      unit: 'MiB',
      told: 'highest',
      minutes,
      lines: ORIGINS.map((origin, at) => line(`origin ${origin}`, ({ residentMib }) => residentMib[at] ?? 0)),
    },
    {
      name: `${name}-disk`,
      title: 'disk of an origin',
      unit: 'MiB',
      told: 'highest',
      minutes,
      lines: [
        line('databases', ({ diskMib }) => diskMib.databases),
        line('WALs', ({ diskMib }) => diskMib.wals),
        line('its log', ({ diskMib }) => diskMib.words),
      ],
    },
  ]
}
