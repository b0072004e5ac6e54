// One client's kept connection. node:http, since two cores run everything: it costs a third of what fetch does.
import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

export type Question = {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** Above what parking allows: what takes longer hangs. */
const ANSWER_MS = 25_000

export class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  /** Rejects where no whole answer came. */
  ask({ url, method, headers, body }: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const signal = AbortSignal.timeout(ANSWER_MS)
    const asked = request(url, { method, headers: { ...headers, ...length }, agent: this.#agent, signal }, answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body ?? undefined)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}
