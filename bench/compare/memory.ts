// Resident memory of an origin: idle, and under the heaviest load of the benchmark.
import { setTimeout as pause } from 'node:timers/promises'
import type { LocalCluster } from '../../deploy/local/cluster.ts'
import { ORIGINS } from '../../router/words.ts'
import { bodyOf, keysOfBoth, requestFile, targetOf, WRITE_BYTES, write } from '../load/documents.ts'
import { wrk } from '../load/wrk.ts'
import { measured } from '../measure/finding.ts'
import { residentOf } from '../measure/memory.ts'
import { type Bench, type Part, withCluster } from '../part.ts'

const SETTLE_MS = 10_000
/** Longer than any other turn: what leaks or piles up shows. */
const TURNS = 4
const CONNECTIONS_EACH = 128

export const memory: Part = {
  name: 'memory',
  programs: ['wrk'],
  run: async bench => {
    // the very first start compiles everything, and stays larger for it
    await withCluster(bench, async () => {})
    return withCluster(bench, cluster => measureMemory(bench, cluster))
  },
}

async function measureMemory(bench: Bench, cluster: LocalCluster): Promise<void> {
  const residents = () => ORIGINS.map(name => residentOf(cluster.origins[name].pid))
  await pause(SETTLE_MS)
  const idle = residents().map(({ now }) => now)
  await write(cluster.origins.a.public, keysOfBoth(), WRITE_BYTES)
  const lines = keysOfBoth().map(key => `${targetOf(key)}\t${bodyOf(WRITE_BYTES)}`)
  const file = requestFile(bench.home, 'heaviest', lines)
  const after: number[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    await Promise.all(
      ORIGINS.map(name =>
        wrk(
          { url: cluster.origins[name].public, connections: CONNECTIONS_EACH, method: 'PUT', type: 'text/plain', file },
          bench.options.seconds,
        ),
      ),
    )
    after.push(Math.max(...residents().map(({ now }) => now)))
    bench.tell(`    ${Math.round(after.at(-1) ?? 0)} MiB`)
  }
  const highest = residents().map(({ highest: most }) => most)
  bench.progress.report({
    part: 'memory',
    title: 'Resident memory of an origin',
    axis: null,
    rows: [],
    verdicts: [
      measured('idle', idle, 'MiB', { kind: 'atMost', value: 120 }, 0),
      measured('highest, PUT 300 B at 256 connections', highest, 'MiB', { kind: 'atMost', value: 350 }, 0),
    ],
    figures: after.map((value, turn) => ({ name: `after turn ${turn + 1} under load`, value, unit: 'MiB' })),
    courses: [],
    notes: [],
  })
}
