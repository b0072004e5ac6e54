// One call: sent, and sent again where that is safe. A write carries an Idempotency-Key of the client's own, the same in
// each try, so that it takes effect once whatever became of the tries before.
import { type Failure, failureOf, type Result, strange } from './failure.ts'
import { parsedJson } from './shapes.ts'

export type ClientOptions = {
  /** of an origin, or of the edge */
  readonly url: string
  readonly token?: string
  /** how long one call may take, tries and waits together (default 30 s) */
  readonly callMs?: number
  readonly fetch?: typeof fetch
}

export type Call = {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'
  /** path and query, percent-encoded */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly signal?: AbortSignal | undefined
}

export type Answered =
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** What one try came to. */
type Tried = (Answered & { kind: 'answer' }) | (Answered & { kind: 'failure'; readonly retryAfterMs: number })

const CALL_MS = 30_000
/** Between tries: doubled from the first, up to the last; Retry-After goes before it. */
const WAIT_MS_MIN = 50
const WAIT_MS_MAX = 2_000
/** Statuses that say nothing against another try with the same key. */
const PASSING: ReadonlySet<number> = new Set([429, 503, 504])

export class Caller {
  readonly #options: ClientOptions
  readonly #base: string
  readonly #fetch: typeof fetch

  constructor(options: ClientOptions) {
    this.#options = options
    this.#base = new URL(options.url).origin
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  }

  /** Rejects only where its signal is aborted. */
  async call(call: Call): Promise<Answered> {
    const { callMs = CALL_MS } = this.#options
    const end = performance.now() + callMs
    const headers = new Headers(call.headers)
    if (call.method !== 'GET') headers.set('Idempotency-Key', crypto.randomUUID())
    for (let tries = 0; ; tries++) {
      const tried = await this.#once(call, headers, end - performance.now())
      if (tried.kind === 'answer') return tried
      const { failure } = tried
      if (failure.name !== 'unreachable' && !PASSING.has(failure.status)) return tried
      const waitMs = Math.max(tried.retryAfterMs, Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(tries, 8)))
      // spread, so that clients that failed together do not come back together
      const spreadMs = waitMs * (1 + Math.random() / 2)
      if (performance.now() + spreadMs >= end) return tried
      await pause(spreadMs, call.signal)
    }
  }

  /** An answer in JSON of that shape. */
  async json<T>(call: Call, isShape: (value: unknown) => value is T): Promise<Result<T>> {
    const answered = await this.call(call)
    if (answered.kind === 'failure') return { ok: false, failure: answered.failure }
    const value = parsedJson(await answered.response.text())?.value
    return isShape(value) ? { ok: true, value } : { ok: false, failure: strange(answered.response.status) }
  }

  /** One request and its head, as it comes: for streams, which have retries of their own. */
  open(target: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    return this.#fetch(this.#base + target, { headers: this.#signed(new Headers(headers)), signal })
  }

  async #once({ method, target, body, signal }: Call, headers: Headers, leftMs: number): Promise<Tried> {
    const late = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)))
    try {
      const response = await this.#fetch(this.#base + target, {
        method,
        headers: this.#signed(headers),
        ...(body === undefined ? {} : { body }),
        redirect: 'manual',
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      })
      if (response.ok || response.status === 304) return { kind: 'answer', response: await whole(response) }
      const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1000
      return { kind: 'failure', failure: await failureOf(response), retryAfterMs }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      const detail = error instanceof Error ? error.message : String(error)
      return { kind: 'failure', failure: { name: 'unreachable', detail }, retryAfterMs: 0 }
    }
  }

  #signed(headers: Headers): Headers {
    if (this.#options.token !== undefined) headers.set('Authorization', `Bearer ${this.#options.token}`)
    return headers
  }
}

/** The body belongs to the try: one that breaks midway is tried again. */
async function whole(response: Response): Promise<Response> {
  const { status, headers } = response
  const bytes = await response.arrayBuffer()
  return new Response(status === 204 || status === 304 ? null : bytes, { status, headers })
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
