// `GET /v1/_changes` as a stream of events, served by the host that the client is connected to. How many there are is
// bounded, and so is what each of them holds.
import type { Changes } from '../../router/changes.ts'
import { EVENTS_HEADERS } from '../../router/events.ts'
import type { GatherCall } from '../../router/gather.ts'
import { problem } from '../../router/problem.ts'
import { type OriginName, SHARDS } from '../../router/words.ts'
import { STALLED_MS, STREAMS_MAX, WAITING_BYTES_MAX } from './limits.ts'
import type { Source } from './source.ts'
import { begin, Stream } from './stream.ts'

/** The server logs it: one line, for it is the client's fault. */
class SlowClient extends Error {
  override readonly name = 'SlowClient'
  override readonly stack = undefined

  constructor() {
    super('A client of the feed took nothing for too long.')
  }
}

export type StreamsOptions = {
  readonly name: OriginName
  readonly source: Source
  readonly streamsMax?: number
  readonly stalledMs?: number
}

export class Streams {
  readonly #options: StreamsOptions
  readonly #open = new Set<AbortController>()

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#open.size
  }

  /** Answers a client, or an edge that passes it on. */
  async follow({ request, target }: GatherCall, { since, collection }: Changes): Promise<Response> {
    const { name, source, streamsMax = STREAMS_MAX } = this.#options
    const served = { 'Tandem-Origin': name, 'Tandem-Shard': SHARDS.join(', ') }
    const about = { instance: target, headers: served }
    if (this.#open.size >= streamsMax) return problem('overloaded', { ...about, detail: 'Too many streams are open.' })
    const end = new AbortController()
    this.#open.add(end)
    let begun: Awaited<ReturnType<typeof begin>> | null = null
    try {
      const why = source.whyNot()
      begun = why === null ? await begin(source, since, collection, request.signal) : { kind: 'unready', why }
    } finally {
      if (begun?.kind !== 'begun') this.#open.delete(end)
    }
    if (begun.kind === 'gone') return problem('cursor-gone', { ...about, detail: begun.why })
    if (begun.kind === 'unready') return problem('not-ready', { ...about, detail: `${begun.why}.` })
    const stream = new Stream(source, begun.cursor, collection, end.signal)
    return new Response(this.#body(stream, end), { status: 200, headers: { ...EVENTS_HEADERS, ...served } })
  }

  /** Pulled by the client's own reading: while it takes nothing, nothing is read for it either. */
  #body(stream: Stream, end: AbortController): ReadableStream<Uint8Array> {
    const { stalledMs = STALLED_MS } = this.#options
    const encoder = new TextEncoder()
    let stalled: NodeJS.Timeout | null = null
    const over = (): void => {
      if (stalled !== null) clearTimeout(stalled)
      this.#open.delete(end)
      end.abort()
    }
    return new ReadableStream<Uint8Array>(
      {
        pull: async out => {
          if (stalled !== null) clearTimeout(stalled)
          const text = await stream.next().catch((error: unknown) => {
            over()
            throw error
          })
          if (end.signal.aborted) return
          if (text === null) {
            over()
            return out.close()
          }
          out.enqueue(encoder.encode(text))
          stalled = setTimeout(() => {
            over()
            out.error(new SlowClient())
          }, stalledMs)
        },
        cancel: over,
      },
      { highWaterMark: WAITING_BYTES_MAX, size: chunk => chunk?.length ?? 0 },
    )
  }

  /** Ends them all, each after a whole event. */
  close(): void {
    this.#options.source.close()
  }
}
