// Asks an origin's private listener, and reads what it answers.
import { userInfo } from 'node:os'
import { z } from 'zod'
import { operatorFetch } from './certificate.ts'
import { RefusedError } from './outcome.ts'
import type { Target } from './target.ts'

/** A handover or drain waits for writes under way. */
const ACTION_MS = 40_000
/** A long file of quarantined entries. */
const FILE_MS = 120_000
export const STATUS_MS = 2000
/** Of a long answer: a host that says nothing for so long is gone. */
const SILENCE_MS = 30_000
/** For the origin's audit log. */
const ACTOR = `command line, ${userInfo()
  .username.replace(/[^\x21-\x7e]/g, '?')
  .slice(0, 64)}`

const Problem = z.object({ title: z.string().optional(), detail: z.string().optional() })

const Member = z.union([z.string(), z.object({ name: z.string() }).transform(member => member.name)])
const Place = z.object({ epoch: z.number(), index: z.number() })

/** As much of CONTRACT's status as is shown here; whatever else there is stays for --json. */
export const Status = z.looseObject({
  name: z.enum(['a', 'b']),
  version: z.string(),
  state: z.string(),
  lineage: z.string().nullable(),
  store: z.string().default(''),
  epoch: z.number().nullable(),
  members: z.array(Member),
  shards: z.array(
    z.looseObject({
      shard: z.enum(['s0', 's1']),
      home: z.string(),
      primary: z.string().nullable(),
      members: z.array(z.string()),
      role: z.string(),
      lease: z.object({ remainingMs: z.number().nullable() }).nullable(),
      committed: Place,
      applied: Place,
      lag: z.object({ entries: z.number(), ms: z.number(), bytes: z.number().default(0) }),
      progress: z.number().nullable().default(null),
      leftMs: z.number().nullable().default(null),
      quarantined: z.number(),
    }),
  ),
  peer: z.looseObject({ reachable: z.boolean(), rttMs: z.number().nullable() }),
  redis: z.looseObject({ master: z.string().nullable() }),
  registers: z.object({ reachable: z.number(), of: z.number() }),
  lane: z.string(),
  addresses: z.array(z.object({ address: z.string(), home: z.enum(['a', 'b']), held: z.boolean() })).default([]),
  canLoseAHost: z.boolean(),
  why: z.array(z.string()),
})
export type Status = z.infer<typeof Status>

export const Done = z.looseObject({ ok: z.literal(true), detail: z.string().optional() })
export const QuarantineList = z.object({
  files: z.array(z.looseObject({ file: z.string(), shard: z.string(), bytes: z.number(), at: z.number() })),
})
export const QuarantineRecords = z.object({ file: z.string(), records: z.array(z.unknown()) })

export const Assessment = z.object({
  origin: z.string(),
  refused: z.array(z.string()),
  loss: z.array(z.string()),
  confirm: z.string(),
})
export type Assessment = z.infer<typeof Assessment>

export const getAssessment = (target: Target, asked: readonly string[]): Promise<Assessment> => {
  const query = asked.map(url => `ask=${encodeURIComponent(url)}`).join('&')
  return ask(target, 'GET', `/_tandem/force-primary${query === '' ? '' : `?${query}`}`, Assessment, ACTION_MS)
}
export const Job = z.object({
  step: z.string(),
  progress: z.number().nullable(),
  end: z.object({ ok: z.boolean(), detail: z.string() }).nullable(),
  result: z.unknown(),
})
export type Job = z.infer<typeof Job>

export const getJob = (target: Target, kind: string): Promise<Job> =>
  ask(target, 'GET', `/_tandem/jobs/${kind}`, Job, STATUS_MS)
export const remove = (target: Target, path: string): Promise<z.infer<typeof Done>> =>
  ask(target, 'DELETE', path, Done, ACTION_MS)

/** A long answer, as it comes; it may take as long as bytes keep coming. */
export async function* openStream(target: Target, path: string): AsyncGenerator<Uint8Array> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const response = await (await operatorFetch())(target.url + path, {
      headers: headersOf(target),
      signal: silence.signal,
    })
    if (!response.ok || response.body === null) throw new RefusedError(`${whereOf(target)} answers ${response.status}`)
    const reader = response.body.getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
      yield part.value
    }
  } catch (error) {
    if (error instanceof RefusedError) throw error
    const why = silence.signal.aborted ? `nothing came for ${SILENCE_MS / 1000} s` : reasonOf(error)
    throw new RefusedError(`${whereOf(target)} broke off: ${why}`)
  } finally {
    clearTimeout(timer)
  }
}

const headersOf = (target: Target): Record<string, string> => ({
  Authorization: `Bearer ${target.secret}`,
  'Tandem-Actor': ACTOR,
})

const whereOf = (target: Target): string =>
  target.name === null ? target.url : `origin ${target.name} (${target.url})`

export const getStatus = (target: Target): Promise<Status> => ask(target, 'GET', '/_tandem/status', Status, STATUS_MS)
export const getList = (target: Target): Promise<z.infer<typeof QuarantineList>> =>
  ask(target, 'GET', '/_tandem/quarantine', QuarantineList, ACTION_MS)
export const getRecords = (target: Target, file: string): Promise<z.infer<typeof QuarantineRecords>> =>
  ask(target, 'GET', `/_tandem/quarantine/${encodeURIComponent(file)}`, QuarantineRecords, FILE_MS)
export const act = (target: Target, action: string, body?: object): Promise<z.infer<typeof Done>> =>
  ask(target, 'POST', `/_tandem/${action}`, Done, ACTION_MS, body)

async function ask<T>(
  target: Target,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  schema: z.ZodType<T>,
  timeoutMs: number,
  body?: object,
): Promise<T> {
  const where = whereOf(target)
  const { status, ok, text } = await exchange(target, method, path, timeoutMs, body).catch((error: unknown) => {
    throw new RefusedError(`${where} does not answer: ${reasonOf(error)}`)
  })
  const answer = parseJson(text)
  if (!ok) {
    const problem = Problem.safeParse(answer)
    const said = problem.success ? (problem.data.detail ?? problem.data.title) : undefined
    throw new RefusedError(`${where} answers ${status}${said === undefined ? '' : `: ${said}`}`)
  }
  const parsed = schema.safeParse(answer)
  if (!parsed.success) throw new RefusedError(`${where} answers ${path} in a form that this version does not know`)
  return parsed.data
}

async function exchange(
  target: Target,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  timeoutMs: number,
  body?: object,
): Promise<{ status: number; ok: boolean; text: string }> {
  const response = await (await operatorFetch())(target.url + path, {
    method,
    headers: {
      ...headersOf(target),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: response.status, ok: response.ok, text: await response.text() }
}

/** fetch hides the reason one level down. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: no schema accepts it, so it is reported there.
    return undefined
  }
}
