// Speaks to the other origin's private listener for those who run the pair: bounded in time and size, and for the
// dashboard never more than one look at once.
import type { z } from 'zod'
import { type Knowledge, knowledgeSchema } from '../replicator/register/knowledge.ts'
import { SECRET_HEADER } from '../router/private.ts'
import type { ShardName } from '../router/words.ts'
import { type Overview, overviewSchema } from './dashboard/overview.ts'
import { ACTOR_HEADER } from './http/caller.ts'
import { doneOf } from './http/innercall.ts'
import type { Done } from './operate.ts'
import { type Answer, answer, type Question } from './verify/copy.ts'

/** A page is drawn every second. */
const LOOK_MS = 800
/** One answer from memory, from a host that may be busy. */
const ASK_MS = 3000
/** A handover or drain waits for writes under way. */
const ACT_MS = 40_000
const ANSWER_BYTES_MAX = 512 * 1024
/** A range of rows is hashed at disk speed; the longest list has 4000 keys. */
const COPY_MS = 120_000
const COPY_BYTES_MAX = 8 * 1024 * 1024

export class PeerOrigin {
  readonly #url: string
  readonly #secret: string
  readonly #fetchPeer: typeof fetch
  #look: Promise<Overview | null> | null = null

  /** @param url of its private listener, without a slash at its end */
  constructor(url: string, secret: string, fetchPeer: typeof fetch = fetch) {
    this.#fetchPeer = fetchPeer
    this.#url = url
    this.#secret = secret
  }

  /** Null where it does not answer in time, or with something that is not understood. */
  overview(): Promise<Overview | null> {
    this.#look ??= this.freshOverview().finally(() => {
      this.#look = null
    })
    return this.#look
  }

  /** The same, asked for from now on: not what a look found that was under way already. */
  freshOverview(): Promise<Overview | null> {
    return this.get('/_tandem/overview', overviewSchema, LOOK_MS)
  }

  /** Asks its copy of a shard; rejects with a sentence where it does not answer. */
  async copy(shard: ShardName, question: Question): Promise<Answer> {
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question) }
    const response = await this.#fetch(`/_tandem/copy/${shard}`, COPY_MS, init).catch((error: unknown) => {
      throw new Error(`the other origin did not answer: ${reasonOf(error)}`)
    })
    if (!response.ok) throw new Error(`the other origin answered ${response.status} about its copy`)
    return answer.parse(JSON.parse(await boundedText(response, COPY_BYTES_MAX)))
  }

  async act(kind: string, body: object, actor: string): Promise<Done> {
    try {
      const response = await this.#fetch(`/_tandem/${kind}`, ACT_MS, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', [ACTOR_HEADER]: actor },
        body: JSON.stringify(body),
      })
      return doneOf(response.ok, JSON.parse(await boundedText(response)))
    } catch (error) {
      return { ok: false, detail: `the other origin did not answer: ${reasonOf(error)}` }
    }
  }

  /** Null where it does not answer in time, or with something that is not understood. */
  knowledge(): Promise<Knowledge | null> {
    return this.get('/_tandem/knowledge', knowledgeSchema, ASK_MS)
  }

  /** Null where it does not answer in time, or with something that is not understood. */
  async get<T>(path: string, schema: z.ZodType<T>, timeoutMs: number, bytesMax = ANSWER_BYTES_MAX): Promise<T | null> {
    try {
      const response = await this.#fetch(path, timeoutMs, {})
      const parsed = schema.safeParse(JSON.parse(await boundedText(response, bytesMax)))
      return response.ok && parsed.success ? parsed.data : null
    } catch {
      // that it does not answer is all that the caller can use
      return null
    }
  }

  #fetch(path: string, timeoutMs: number, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    return this.#fetchPeer(this.#url + path, {
      ...init,
      headers: { ...init.headers, [SECRET_HEADER]: this.#secret },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
  }
}

async function boundedText(response: Response, bytesMax = ANSWER_BYTES_MAX): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.length
    if (bytes > bytesMax) {
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
