// wrk as the load generator: one thread a process, several processes where several hosts are asked.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Load } from '../measure/turn.ts'

const run = promisify(execFile)
const REQUESTS = fileURLToPath(new URL('requests.lua', import.meta.url))
const SPREAD = fileURLToPath(new URL('spread.lua', import.meta.url))
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
  longest: z.number(),
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

/** One of many documents by chance: PREFIX<n>, n below `documents`. */
export type Spread = {
  readonly url: string
  readonly connections: number
  readonly method: 'GET' | 'PUT'
  readonly prefix: string
  readonly documents: number
  readonly bodyBytes: number
}

export const wrk = ({ url, connections, method, type, file }: Requests, seconds: number): Promise<Load> =>
  loaded(url, connections, REQUESTS, [method, type ?? '-', file], seconds)

export const wrkSpread = (
  { url, connections, method, prefix, documents, bodyBytes }: Spread,
  seconds: number,
): Promise<Load> =>
  loaded(url, connections, SPREAD, [method, 'text/plain', prefix, String(documents), String(bodyBytes)], seconds)

/** Two generators must not ask for the same thing at the same time. */
let started = 0

async function loaded(
  url: string,
  connections: number,
  script: string,
  args: readonly string[],
  seconds: number,
): Promise<Load> {
  started += 1
  const { stdout } = await run(
    'wrk',
    [
      ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', `${TIMEOUT_SECONDS}s`],
      ...['-s', script, url, '--', ...args, String(started)],
    ],
    { timeout: seconds * 1000 + LATE_MS, killSignal: 'SIGKILL' },
  )
  const { requests, micros, status, socket, longest, quantiles } = told.parse(
    JSON.parse(stdout.trim().split('\n').at(-1) ?? ''),
  )
  return {
    requests,
    seconds: micros / 1e6,
    failures: status + socket,
    latency: { count: requests, valuesMs: quantiles.map(micro => micro / 1000) },
    longestMs: longest / 1000,
  }
}

export type Filling = {
  readonly url: string
  readonly prefix: string
  readonly from: number
  readonly count: number
  readonly bodyBytes: number
}

/** A host takes the more writes a second the more of them share a group: a large store is filled with more at once. */
const FILL_CONNECTIONS = { usual: 64, large: 256 }
const FILL_LARGE_COUNT = 50_000
const FILL_SECONDS_MAX = 4 * 3600

/** Writes so many documents. Returns how many of its requests were refused. */
export async function fill({ url, prefix, from, count, bodyBytes }: Filling): Promise<number> {
  const most = count < FILL_LARGE_COUNT ? FILL_CONNECTIONS.usual : FILL_CONNECTIONS.large
  const connections = Math.min(most, count)
  const { stdout } = await run(
    'wrk',
    [
      ...['-t', '1', '-c', String(connections), '-d', `${FILL_SECONDS_MAX}s`, '--timeout', `${TIMEOUT_SECONDS}s`],
      ...['-s', FILL, url, '--', prefix, String(from), String(count), String(bodyBytes), String(4 * connections)],
    ],
    { timeout: FILL_SECONDS_MAX * 1000, killSignal: 'SIGKILL' },
  )
  return Number(stdout.trim().split('\n').at(-1))
}
