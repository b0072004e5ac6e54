// A peer that behaves as a test says, by the transport that is tested: what a test sees of a request is the same.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { type Answerer, type Asked, Answerer as FramesAnswerer, type Reply } from '../../../origin/streams/answerer.ts'
import { STREAMS } from '../../../origin/streams/streams.ts'
import { createAcceptor } from '../../../replicator/link/accept.ts'
import { createComplaints } from '../../../replicator/link/complaints.ts'
import { SECRET, SILENT, type Transport } from './pair.ts'

/** The part of IncomingMessage that behaviours use. */
export type Incoming = Readable & {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly socket: { destroy(): unknown }
}

/** The part of ServerResponse that behaviours use. */
export type Outgoing = Writable & {
  writeHead(status: number, headers?: Readonly<Record<string, string | number | string[]>>): Outgoing
}

export type Behaviour = (incoming: Incoming, outgoing: Outgoing) => unknown

export type WilfulPeer = { listen(): Promise<void>; unlisten(): Promise<void> }

export function wilfulPeer(transport: Transport, port: number, behave: Behaviour): WilfulPeer {
  // by frames too: while their connection is away, requests come by HTTP
  const server: Server = createServer(behave)
  const answerers = new Set<Answerer>()
  if (transport === 'frames') {
    const self = { name: 'b', incarnation: 'b-wilful', secret: SECRET } as const
    const complaints = createComplaints(SILENT, () => performance.now())
    const acceptor = createAcceptor(STREAMS, self, complaints, proven => {
      const cut = (): void => void proven.socket.destroy()
      answerers.add(
        new FramesAnswerer(
          proven,
          asked => received(asked, cut, behave),
          over => answerers.delete(over),
        ),
      )
    })
    server.on('upgrade', acceptor.onUpgrade)
  }
  return {
    listen: () => new Promise(resolve => server.listen(port, '127.0.0.1', resolve)),
    unlisten: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const answerer of answerers) answerer.end('the test closed it')
      }),
  }
}

/** A request in frames as a pair of Node streams. */
function received({ request, target }: Asked, cut: () => void, behave: Behaviour): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>()
  const incoming = Object.assign(Readable.from(bodyOf(request), { objectMode: false, highWaterMark: 1 }), {
    method: request.method,
    url: target,
    headers: headersOf(request.headers),
    socket: { destroy: cut },
  })
  incoming.on('error', () => undefined)
  const outgoing = new FramesOutgoing(resolve)
  request.signal.addEventListener('abort', () => outgoing.destroy())
  behave(incoming, outgoing)
  return promise
}

async function* bodyOf(request: Asked['request']): AsyncGenerator<Uint8Array> {
  if (request.body === null) yield new Uint8Array(await request.arrayBuffer())
  else yield* request.body
}

/** All that the suite asks for. */
const NAMES = [
  ...['host', 'x-forwarded-host', 'x-forwarded-for', 'x-forwarded-proto', 'accept', 'traceparent', 'tandem-forwarded'],
  ...['tandem-secret', 'tandem-minted-key', 'x-mine', 'te', 'upgrade', 'content-length', 'content-type'],
]

function headersOf(headers: Asked['request']['headers']): IncomingHttpHeaders {
  return Object.fromEntries(NAMES.filter(name => headers.has(name)).map(name => [name, headers.get(name) ?? '']))
}

class FramesOutgoing extends Writable {
  readonly #reply: (reply: Reply) => void
  #out: ReadableStreamDefaultController<Uint8Array> | null = null
  #pulled: (() => void) | null = null
  #status = 200
  #fields: string[] = []

  constructor(reply: (reply: Reply) => void) {
    super({ highWaterMark: 16 * 1024 })
    this.#reply = reply
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number | string[]>> = {}): this {
    this.#status = status
    for (const [name, value] of Object.entries(headers)) {
      for (const one of Array.isArray(value) ? value : [value]) this.#fields.push(name, String(one))
    }
    return this
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#begin()
    this.#out?.enqueue(new Uint8Array(chunk))
    if ((this.#out?.desiredSize ?? 0) > 0) done()
    else this.#pulled = done
  }

  override _final(done: () => void): void {
    if (this.#out === null) this.#reply({ status: this.#status, fields: this.#fields, body: null })
    else this.#out.close()
    done()
    this.destroy()
  }

  #begin(): void {
    if (this.#out !== null) return
    const body = new ReadableStream<Uint8Array>({
      start: out => {
        this.#out = out
      },
      pull: () => {
        const done = this.#pulled
        this.#pulled = null
        done?.()
      },
      cancel: () => void this.destroy(),
    })
    this.#reply({ status: this.#status, fields: this.#fields, body })
  }
}
