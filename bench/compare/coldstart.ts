// npm start, everything installed, an empty home: how long until both origins serve.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { planOf } from '../../deploy/local/plan.ts'
import { watched } from '../measure/busy.ts'
import { measured } from '../measure/finding.ts'
import type { Bench, Part } from '../part.ts'
import { until } from '../status.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SERVING_MS = 60_000
const STOP_MS = 60_000

export const coldStart: Part = { name: 'start', programs: [], run: measureStart }

async function measureStart(bench: Bench): Promise<void> {
  const times: number[] = []
  const { foreign } = await watched(async () => {
    for (let round = 0; round < bench.options.rounds; round++) {
      times.push(await startOnce(bench, join(bench.home, `start-${round}`)))
      bench.tell(`    ${(times.at(-1) ?? 0).toFixed(2)} s`)
    }
  })
  const verdict = measured('npm start until both serve', times, 's', { kind: 'atMost', value: 4 }, foreign)
  bench.progress.report({
    part: 'start',
    title: 'Cold start',
    axis: null,
    rows: [],
    verdicts: [verdict],
    figures: [],
    courses: [],
    notes: [],
  })
}

/** Seconds. */
async function startOnce(bench: Bench, home: string): Promise<number> {
  mkdirSync(home)
  const { portBase } = bench.options
  const from = performance.now()
  const child = spawn('npm', ['start', '--silent'], {
    cwd: ROOT,
    stdio: 'ignore',
    env: { ...process.env, TANDEM_HOME: home, TANDEM_PORT_BASE: String(portBase) },
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  try {
    const { publicPorts } = planOf(portBase)
    const serves = async (port: number): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok ?? false
    const both = async (): Promise<boolean> => (await serves(publicPorts.a)) && (await serves(publicPorts.b))
    await until('npm start serves', both, SERVING_MS)
    return (performance.now() - from) / 1000
  } finally {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
    // npm dies of the signal at once; what it started needs a moment to stop all in order, and says so by this file
    await until('it has stopped', async () => !existsSync(join(home, 'cluster.json')), STOP_MS)
  }
}
