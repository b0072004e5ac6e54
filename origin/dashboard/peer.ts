// Speaks to the other origin's private listener for the dashboard: bounded in time and size, never more than one look
// at once.
import type { z } from 'zod'
import { SECRET_HEADER } from '../../router/private.ts'
import { ACTOR_HEADER } from '../http/caller.ts'
import { type Overview, overviewSchema } from './overview.ts'

/** A page is drawn every second. */
const LOOK_MS = 800
/** A handover or drain waits for writes under way. */
const ACT_MS = 40_000
const ANSWER_BYTES_MAX = 512 * 1024

export type Acted = { readonly ok: boolean; readonly detail: string }

export class PeerOrigin {
  readonly #url: string
  readonly #secret: string
  #look: Promise<Overview | null> | null = null

  /** @param url of its private listener, without a slash at its end */
  constructor(url: string, secret: string) {
    this.#url = url
    this.#secret = secret
  }

  /** Null where it does not answer in time, or with something that is not understood. */
  overview(): Promise<Overview | null> {
    this.#look ??= this.#ask().finally(() => {
      this.#look = null
    })
    return this.#look
  }

  async act(kind: string, body: object, actor: string): Promise<Acted> {
    try {
      const response = await this.#fetch(`/_tandem/${kind}`, ACT_MS, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', [ACTOR_HEADER]: actor },
        body: JSON.stringify(body),
      })
      const answer: unknown = JSON.parse(await boundedText(response))
      const detail =
        typeof answer === 'object' && answer !== null && 'detail' in answer ? String(answer.detail) : 'no detail given'
      return { ok: response.ok, detail }
    } catch (error) {
      return { ok: false, detail: `the other origin did not answer: ${reasonOf(error)}` }
    }
  }

  async #ask(): Promise<z.output<typeof overviewSchema> | null> {
    try {
      const response = await this.#fetch('/_tandem/overview', LOOK_MS, {})
      const parsed = overviewSchema.safeParse(JSON.parse(await boundedText(response)))
      return response.ok && parsed.success ? parsed.data : null
    } catch {
      // that it does not answer is what the page shows
      return null
    }
  }

  #fetch(path: string, timeoutMs: number, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    return fetch(this.#url + path, {
      ...init,
      headers: { ...init.headers, [SECRET_HEADER]: this.#secret },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.length
    if (bytes > ANSWER_BYTES_MAX) {
      await reader?.cancel()
      throw new Error('its answer is too long')
    }
    text += decoder.decode(part.value, { stream: true })
  }
  return text
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
