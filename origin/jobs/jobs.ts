// Long work that an operator asked this origin for: one of each kind at a time, with progress while it runs and its outcome
// until the next one begins. It ends with the process; nothing depends on it.
import type { Operate } from '../operate.ts'

export const JOB_KINDS = ['verify', 'backup', 'drill'] as const
export type JobKind = (typeof JOB_KINDS)[number]

export type JobView = {
  readonly kind: JobKind
  readonly actor: string
  /** wall-clock milliseconds */
  readonly startedAt: number
  readonly step: string
  /** percent, or null where nobody can tell */
  readonly progress: number | null
  readonly end: { readonly at: number; readonly ok: boolean; readonly detail: string } | null
  /** in the form of its kind, once it has ended */
  readonly result: unknown
}

export type Report = (step: string, progress: number | null) => void
export type JobEnd = { readonly ok: boolean; readonly detail: string; readonly result: unknown }

export class Jobs {
  readonly #operate: Operate
  readonly #now: () => number
  readonly #jobs = new Map<JobKind, JobView>()

  /** @param now wall-clock milliseconds */
  constructor(operate: Operate, now: () => number) {
    this.#operate = operate
    this.#now = now
  }

  /** The last of each kind. */
  get all(): readonly JobView[] {
    return JOB_KINDS.flatMap(kind => this.#jobs.get(kind) ?? [])
  }

  get(kind: JobKind): JobView | null {
    return this.#jobs.get(kind) ?? null
  }

  /** Null where one of its kind runs already. */
  start(kind: JobKind, actor: string, run: (report: Report) => Promise<JobEnd>): JobView | null {
    if (this.#jobs.get(kind)?.end === null) return null
    const job: JobView = {
      kind,
      actor,
      startedAt: this.#now(),
      step: 'begins',
      progress: null,
      end: null,
      result: null,
    }
    this.#jobs.set(kind, job)
    const change = (change: Partial<JobView>): void => {
      const present = this.#jobs.get(kind)
      if (present !== undefined) this.#jobs.set(kind, { ...present, ...change })
    }
    const ended = ({ ok, detail, result }: JobEnd): void => {
      change({ end: { at: this.#now(), ok, detail }, result, ...(ok ? { progress: 100 } : {}) })
      this.#operate.noted(kind, { ok, detail }, actor)
    }
    run((step, progress) => change({ step, progress })).then(ended, (error: unknown) =>
      ended({ ok: false, detail: error instanceof Error ? error.message : String(error), result: null }),
    )
    return job
  }
}
