// Long work on an origin: asked for, followed with a bar, told when it has ended.
import { setTimeout as delay } from 'node:timers/promises'
import { RefusedError } from './outcome.ts'
import { act, getJob, type Job } from './private-api.ts'
import { barOn } from './progress.ts'
import type { Target } from './target.ts'

const LOOK_MS = 200
/** A drill of two takeovers, or a copy of many gigabytes. */
const JOB_MS_MAX = 60 * 60_000
/** An origin that is drilled stands still for some seconds. */
const SILENT_LOOKS_MAX = 60

export type Ended = Job & { readonly end: NonNullable<Job['end']> }

export async function runJob(target: Target, kind: 'verify' | 'backup' | 'drill'): Promise<Ended> {
  await act(target, `jobs/${kind}`)
  const bar = barOn(process.stderr)
  let silent = 0
  try {
    for (const until = performance.now() + JOB_MS_MAX; performance.now() < until; await delay(LOOK_MS)) {
      const job = await getJob(target, kind).catch((error: unknown) => {
        if (!(error instanceof RefusedError) || ++silent > SILENT_LOOKS_MAX) throw error
        return null
      })
      if (job === null) continue
      silent = 0
      if (job.end !== null) return { ...job, end: job.end }
      bar.show(job.step, job.progress)
    }
    throw new RefusedError(`the ${kind} did not end within an hour; it goes on without this command`)
  } finally {
    bar.end()
  }
}
