// A part of the benchmark, and what it is given.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalCluster, LocalOptions } from '../deploy/local/cluster.ts'
import { startLocal } from '../deploy/local/cluster.ts'
import type { Tell } from './measure/rounds.ts'
import type { Options } from './options.ts'
import type { Found, ProgramName } from './peers/found.ts'
import type { Progress } from './progress.ts'
import { owned } from './running.ts'
import { untilWhole } from './status.ts'

export type Bench = {
  readonly options: Options
  /** removed at the end */
  readonly home: string
  readonly found: Found
  readonly tell: Tell
  /** what was found is reported here, as soon as it is known */
  readonly progress: Progress
  /** a port for the n-th process of a peer */
  readonly port: (n: number) => number
}

export type Part = {
  readonly name: string
  /** without the first of them it makes no sense; the others are peers that may be missing */
  readonly programs: readonly ProgramName[]
  readonly run: (bench: Bench) => Promise<void>
}

/** Above everything that a local cluster listens on. */
export const PEER_PORTS = 450

let clusters = 0

/** A new pair with empty disks, mirrored and at home; ended whatever happens. */
export async function withCluster<T>(
  bench: Bench,
  act: (cluster: LocalCluster) => Promise<T>,
  options: Partial<LocalOptions> = {},
): Promise<T> {
  clusters += 1
  const home = join(bench.home, `tandem-${clusters}`)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  // kept from one pair to the next, as a host keeps it from one start to the next
  const compiled = { NODE_COMPILE_CACHE: join(bench.home, 'compiled') }
  const cluster = await startLocal({
    home,
    portBase: bench.options.portBase,
    restartMs: 'never',
    log: () => {},
    ...options,
    originEnv: { a: { ...compiled, ...options.originEnv?.a }, b: { ...compiled, ...options.originEnv?.b } },
  })
  const close = owned(cluster.close)
  try {
    await untilWhole(cluster)
    return await act(cluster)
  } finally {
    await close()
  }
}

/** All of a cluster: origins, Redis, Sentinels, registers. */
export const pidsOf = (cluster: LocalCluster): number[] => cluster.names.flatMap(name => cluster.pid(name) ?? [])
