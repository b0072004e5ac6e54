import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Asked, Reply } from '../../../origin/streams/answerer.ts'
import { Answerer } from '../../../origin/streams/answerer.ts'
import { STREAMS_MAX, WINDOW_BYTES } from '../../../origin/streams/limits.ts'
import { StreamBody } from '../../../router/body.ts'
import { until } from '../http/rawclient.ts'
import { callOf, type Ends, proven, socketPair, startEnds } from './pairs.ts'

const reply = (text: string): Reply => ({ status: 200, fields: ['x-n', '1'], body: new TextEncoder().encode(text) })

const started: Ends[] = []
async function ends(reception: (asked: Asked) => Promise<Reply>): Promise<Ends> {
  const pair = await startEnds(reception)
  started.push(pair)
  return pair
}
afterEach(() => {
  for (const pair of started.splice(0)) pair.close()
})

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body instanceof ReadableStream) return new Uint8Array(await new Response(body).arrayBuffer())
  if (body instanceof Uint8Array) return body
  throw new Error('no body')
}

const streamed = (source: ReadableStream<Uint8Array>, length: number | null): StreamBody =>
  new StreamBody(new Request('http://x/', { method: 'PUT', body: source, duplex: 'half' }), length)

/** Never ends; counts what was taken of it. */
function endlessSource(): { readonly stream: ReadableStream<Uint8Array>; taken: number; cancelled: boolean } {
  const source = {
    taken: 0,
    cancelled: false,
    stream: new ReadableStream<Uint8Array>({
      pull: out => {
        source.taken += 16_384
        out.enqueue(new Uint8Array(16_384))
      },
      cancel: () => {
        source.cancelled = true
      },
    }),
  }
  return source
}

describe('requests in frames', () => {
  it('arrive with their head, their bytes and their aim, and so does the answer', async () => {
    const seen: unknown[] = []
    const { asker } = await ends(async ({ request, target }) => {
      const { headers, method } = request
      const body = Buffer.from(await request.arrayBuffer()).toString()
      seen.push([
        method,
        target,
        headers.get('ACCEPT'),
        headers.get('tandem-aimed'),
        headers.get('content-length'),
        body,
      ])
      return reply('done')
    })
    const result = await asker.forward(callOf('PUT', { kind: 'bytes', bytes: new TextEncoder().encode('héllo') }))
      .result
    expect(seen).toEqual([['PUT', '/v1/c/x', 'a, b', '7', '6', 'héllo']])
    expect(result).toMatchObject({ kind: 'response', status: 200, headers: { 'x-n': '1' } })
    if (result.kind === 'response') expect(Buffer.from(await bytesOf(result.body)).toString()).toBe('done')
  })

  it('what a head cannot hold is not forwarded at all', async () => {
    const { asker } = await ends(async () => reply(''))
    const call = { ...callOf('GET'), headers: ['x', 'a\nb: c'] }
    expect(await asker.forward(call).result).toEqual({ kind: 'unforwardable' })
  })

  it('given up in the turn that asked: nothing leaves this host', async () => {
    let asked = 0
    const { asker } = await ends(async () => {
      asked += 1
      return reply('')
    })
    const gone = asker.forward(callOf('PUT'))
    gone.abandon()
    expect(await gone.result).toEqual({ kind: 'notSent', why: 'connection_terminated' })
    expect(await asker.forward(callOf('GET')).result).toMatchObject({ kind: 'response' })
    expect(asked).toBe(1)
  })

  it('a lost connection says of each request whether a byte of it may have left', async () => {
    const { asker, sockets } = await ends(() => new Promise(() => {}))
    const sent = asker.forward(callOf('PUT'))
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    const unsent = asker.forward(callOf('PUT'))
    sockets[0].destroy()
    sockets[0].emit('close')
    expect(await sent.result).toEqual({ kind: 'broken', why: 'connection_terminated' })
    expect(await unsent.result).toEqual({ kind: 'notSent', why: 'connection_terminated' })
    expect(asker.hasRoom).toBe(false)
  })

  it('no answer in time: the other end is told, and a connection on which nothing came is given up', async () => {
    let left = false
    const { asker, over } = await ends(({ request }) => {
      request.signal.addEventListener('abort', () => {
        left = true
      })
      return new Promise(() => {})
    })
    const late = await asker.forward(callOf('GET', { kind: 'none' }, 50)).result
    expect(late).toEqual({ kind: 'broken', why: 'http_response_timeout' })
    await until('the peer was told', () => left)
    await until('the connection was given up', () => over.asker !== null)
  })

  it('other requests go on while one waits, and their answers pass it', async () => {
    const first = Promise.withResolvers<Reply>()
    const { asker } = await ends(({ request }) =>
      request.method === 'PUT' ? first.promise : Promise.resolve(reply('2')),
    )
    const slow = asker.forward(callOf('PUT'))
    expect(await asker.forward(callOf('GET')).result).toMatchObject({ kind: 'response' })
    first.resolve(reply('1'))
    expect(await slow.result).toMatchObject({ kind: 'response' })
  })

  it('an end that stops answers first what it was asked', async () => {
    const gate = Promise.withResolvers<void>()
    const { asker, answerer, over } = await ends(async () => {
      await gate.promise
      return reply('last')
    })
    const last = asker.forward(callOf('PUT')).result
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    const finished = answerer.finish('it stops')
    gate.resolve()
    await finished
    expect(await last).toMatchObject({ kind: 'response', status: 200 })
    await until('the connection ended', () => over.asker !== null)
  })

  it(`there is room for ${STREAMS_MAX} at once, and again when they are answered`, async () => {
    const gate = Promise.withResolvers<void>()
    const { asker } = await ends(async () => {
      await gate.promise
      return reply('')
    })
    const all = Array.from({ length: STREAMS_MAX }, () => asker.forward(callOf('GET')))
    expect(asker.hasRoom).toBe(false)
    gate.resolve()
    await Promise.all(all.map(({ result }) => result))
    expect(asker.hasRoom).toBe(true)
  })
})

describe('bodies in pieces', () => {
  it('arrive whole in both directions, whatever their size', async () => {
    const { asker } = await ends(async ({ request }) => ({ status: 200, fields: [], body: request.body }))
    for (const size of [1, 70_000, WINDOW_BYTES, 3_000_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) % 251)
      const result = await asker.forward(callOf('PUT', streamed(new Blob([bytes]).stream(), size))).result
      if (result.kind !== 'response') throw new Error(result.kind)
      expect(Buffer.compare(await bytesOf(result.body), bytes)).toBe(0)
    }
  })

  it('nothing of a body is pulled before the one that is asked wants it', async () => {
    const gate = Promise.withResolvers<void>()
    const { asker } = await ends(async ({ request }) => {
      await gate.promise
      await request.body?.cancel()
      return { status: 421, fields: [], body: null }
    })
    const body = streamed(new Blob([new Uint8Array(300_000)]).stream(), 300_000)
    const result = asker.forward(callOf('PUT', body)).result
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    expect(body.touched).toBe(false)
    gate.resolve()
    expect(await result).toMatchObject({ kind: 'response', status: 421 })
    expect(body.touched).toBe(false)
  })

  it('a reader that stops, stops the sender: of a request', async () => {
    const source = endlessSource()
    const { asker } = await ends(async ({ request }) => {
      await request.body?.getReader().read()
      return new Promise(() => {})
    })
    const forward = asker.forward(callOf('PUT', streamed(source.stream, null)))
    let last = -1
    await until('the flow stopped', () => {
      const still = source.taken === last && last > 0
      last = source.taken
      return still
    })
    expect(source.taken).toBeLessThanOrEqual(3 * WINDOW_BYTES)
    forward.abandon()
    await until('the source was let go', () => source.cancelled)
  })

  it('a reader that stops, stops the sender: of an answer; one that leaves lets it go', async () => {
    const source = endlessSource()
    const { asker } = await ends(async () => ({ status: 200, fields: [], body: source.stream }))
    const result = await asker.forward(callOf('GET')).result
    if (result.kind !== 'response' || !(result.body instanceof ReadableStream)) throw new Error('no stream')
    let last = -1
    await until('the flow stopped', () => {
      const still = source.taken === last && last > 0
      last = source.taken
      return still
    })
    expect(source.taken).toBeLessThanOrEqual(2 * WINDOW_BYTES)
    await result.body.cancel()
    await until('the source was let go', () => source.cancelled)
  })

  it('an answer that breaks off is no whole answer', async () => {
    const { asker } = await ends(async () => ({
      status: 200,
      fields: [],
      body: new ReadableStream({
        start: out => out.enqueue(new Uint8Array(10)),
        pull: out => out.error(new Error('the disk')),
      }),
    }))
    const result = await asker.forward(callOf('GET')).result
    if (result.kind !== 'response') throw new Error(result.kind)
    await expect(bytesOf(result.body)).rejects.toThrow('broke off')
  })

  it('an early answer ends the body that is still on its way', async () => {
    const source = endlessSource()
    const { asker } = await ends(async ({ request }) => {
      await request.body?.getReader().read()
      return { status: 413, fields: [], body: null }
    })
    const result = await asker.forward(callOf('PUT', streamed(source.stream, null))).result
    expect(result).toMatchObject({ kind: 'response', status: 413 })
    await until('the source was let go', () => source.cancelled)
    expect(await asker.forward(callOf('GET')).result).toMatchObject({ kind: 'response', status: 413 })
  })
})

describe('a peer that talks nonsense', () => {
  it('loses its connection, at either end, and nothing else happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 6 }),
        async chunks => {
          const pair = await ends(async () => reply('x'))
          const waiting = pair.asker.forward(callOf('GET')).result
          // to the asker, as if the answerer had said it
          for (const chunk of chunks) pair.sockets[1].write(chunk)
          pair.sockets[1].end()
          expect(['response', 'broken', 'notSent']).toContain((await waiting).kind)
          await until('the asker is over', () => pair.over.asker !== null)

          const [rude, polite] = await socketPair()
          let over = false
          new Answerer(
            proven(polite),
            async () => reply('x'),
            () => {
              over = true
            },
          )
          rude.on('error', () => undefined).resume()
          for (const chunk of chunks) rude.write(chunk)
          rude.end()
          await until('the answerer is over', () => over)
        },
      ),
      { numRuns: 40 },
    )
  })

  it.each([
    ['an answer twice', [2, 2]],
    ['a body without a head', [3]],
  ])('%s: the connection ends', async (_, kinds) => {
    const pair = await ends(() => new Promise(() => {}))
    const waiting = pair.asker.forward(callOf('GET')).result
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    for (const kind of kinds) pair.sockets[1].write(rawFrame(kind))
    expect(await waiting).toMatchObject(kinds[0] === 2 ? { kind: 'response' } : { kind: 'broken' })
    await until('the asker is over', () => pair.over.asker !== null)
  })
})

/** Of stream 1: an answer whose body goes on, or a piece of one. */
function rawFrame(kind: number): Buffer {
  const payload = kind === 2 ? Buffer.from([0, 0, 200, 0, 0, 0, 0]) : Buffer.from([0, 1])
  const frame = Buffer.alloc(9 + payload.length)
  frame.writeUInt32BE(4 + payload.length, 0)
  frame[4] = kind
  frame.writeUInt32BE(1, 5)
  payload.copy(frame, 9)
  return frame
}
