// wrk as the load generator: one thread a process, several processes where several hosts are asked.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Load } from '../measure/turn.ts'

const run = promisify(execFile)
const REQUESTS = fileURLToPath(new URL('requests.lua', import.meta.url))
const FILL = fileURLToPath(new URL('fill.lua', import.meta.url))
/** Beyond the time asked for, it waits for its connections to end. */
const LATE_MS = 30_000
/** A request that takes so long has failed. */
const TIMEOUT_SECONDS = 10

const told = z.object({
  requests: z.number(),
  micros: z.number(),
  status: z.number(),
  socket: z.number(),
  quantiles: z.array(z.number()),
})

export type Requests = {
  readonly url: string
  readonly connections: number
  readonly method: string
  readonly type: string | null
  /** see requests.lua */
  readonly file: string
}

let started = 0

export async function wrk({ url, connections, method, type, file }: Requests, seconds: number): Promise<Load> {
  started += 1
  const { stdout } = await run(
    'wrk',
    [
      ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', `${TIMEOUT_SECONDS}s`],
      ...['-s', REQUESTS, url, '--', method, type ?? '-', file, String(started)],
    ],
    { timeout: seconds * 1000 + LATE_MS, killSignal: 'SIGKILL' },
  )
  const { requests, micros, status, socket, quantiles } = told.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
  return {
    requests,
    seconds: micros / 1e6,
    failures: status + socket,
    latency: { count: requests, valuesMs: quantiles.map(micro => micro / 1000) },
  }
}

export type Filling = {
  readonly url: string
  readonly prefix: string
  readonly from: number
  readonly count: number
  readonly bodyBytes: number
}

const FILL_CONNECTIONS = 64
const FILL_SECONDS_MAX = 4 * 3600

/** Writes so many documents. */
export async function fill({ url, prefix, from, count, bodyBytes }: Filling): Promise<void> {
  const connections = Math.min(FILL_CONNECTIONS, count)
  await run(
    'wrk',
    [
      ...['-t', '1', '-c', String(connections), '-d', `${FILL_SECONDS_MAX}s`, '--timeout', `${TIMEOUT_SECONDS}s`],
      ...['-s', FILL, url, '--', prefix, String(from), String(count), String(bodyBytes), String(4 * connections)],
    ],
    { timeout: FILL_SECONDS_MAX * 1000, killSignal: 'SIGKILL' },
  )
}
