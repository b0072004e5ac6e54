// Live streams over real stores, with a replicator's word for what lasts: what a slow client costs, and when a stream ends.
import { connect } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { WAITING_BYTES_MAX } from '../../../origin/feed/limits.ts'
import { Pace } from '../../../origin/feed/pace.ts'
import { Streams } from '../../../origin/feed/streams.ts'
import { parseChanges } from '../../../router/changes.ts'
import { HEARTBEAT_MS } from '../../../router/events.ts'
import type { GatherCall } from '../../../router/gather.ts'
import { startOrigin } from '../http/pair.ts'
import { until } from '../http/rawclient.ts'
import { openStore, put, write } from '../store/fixture.ts'
import { type Fed, fed } from './fed.ts'

const PORT = 26_870

let made: Fed | null = null
afterEach(() => made?.source.close())

async function started(): Promise<Fed> {
  made = await fed()
  return made
}

const call = (target: string, signal?: AbortSignal): GatherCall => ({
  request: new Request(`http://x${target}`, signal === undefined ? {} : { signal }),
  target,
  rawHeaders: [],
  client: { address: null, proto: 'http', proxy: null },
  traceparent: '',
  asked: { kind: 'client' },
})

async function opened(streams: Streams, query = '', last: string | null = null): Promise<Response> {
  const target = `/v1/_changes${query}`
  const asked = parseChanges(target, last)
  if (typeof asked === 'string') throw new Error(asked)
  return streams.follow(call(target), asked)
}

class Client {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  text = ''
  ended = false
  failure: unknown = null

  constructor(response: Response) {
    if (response.body === null) throw new Error('no body')
    this.#reader = response.body.getReader()
  }

  async read(): Promise<void> {
    const { done, value } = await this.#reader.read()
    this.ended = done
    this.text += new TextDecoder().decode(value)
  }

  /** Reads until this many changes were seen, or the stream ends. */
  async until(count: number): Promise<readonly string[]> {
    while (this.keys.length < count && !this.ended) await this.read()
    return this.keys
  }

  get keys(): readonly string[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, json]) => String(JSON.parse(json ?? '').key))
  }

  get lastId(): string | null {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? null
  }

  cancel(): Promise<void> {
    return this.#reader.cancel()
  }
}

describe('a stream', () => {
  it('tells what was, then what comes, of both shards', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    await feed.write('s0', put('c/1', 'x'))
    await feed.write('s1', put('c/2', 'x'))
    const response = await opened(streams)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'tandem-origin': 'a',
    })
    const client = new Client(response)
    expect(await client.until(2)).toEqual(['c/1', 'c/2'])
    const more = client.until(3)
    await feed.write('s1', put('c/3', 'x'))
    expect(await more).toEqual(['c/1', 'c/2', 'c/3'])
    await client.cancel()
    expect(streams.count).toBe(0)
  })

  it('goes on from the last id, which goes before since', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    for (let n = 0; n < 5; n++) await feed.write('s0', put(`c/${n}`, 'x'))
    const first = new Client(await opened(streams, '?since=now'))
    await first.read()
    await feed.write('s0', put('c/5', 'x'))
    await feed.write('s0', put('c/6', 'x'))
    expect(await first.until(2)).toEqual(['c/5', 'c/6'])
    const ids = [...first.text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '')
    await first.cancel()
    const second = new Client(await opened(streams, '?since=now', ids.at(-2)))
    expect(await second.until(1)).toEqual(['c/6'])
    await second.cancel()
  })

  it('shows nothing that may yet vanish', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    await feed.write('s0', put('c/1', 'x'))
    const client = new Client(await opened(streams))
    await client.until(1)
    await write(feed.stores.s0, [put('c/tentative', 'x')])
    await feed.write('s1', put('d/1', 'x'))
    expect(await client.until(2)).toEqual(['c/1', 'd/1'])
    feed.lasts('s0', 2)
    expect(await client.until(3)).toEqual(['c/1', 'd/1', 'c/tentative'])
    await client.cancel()
  })

  it(
    'moves its client past changes of other collections',
    async () => {
      const feed = await started()
      const streams = new Streams({ name: 'a', source: feed.source })
      const client = new Client(await opened(streams, '?collection=d'))
      for (let n = 0; n < 300; n++) await write(feed.stores.s0, [put('c/1', String(n))])
      feed.lasts('s0', 300)
      await feed.write('s1', put('d/1', 'x'))
      expect(await client.until(1)).toEqual(['d/1'])
      const placeOf = (): number | null => {
        const cursor = parseChanges('/v1/_changes', client.lastId)
        return typeof cursor !== 'string' && cursor.since.kind === 'cursor' ? cursor.since.at.s0.index : null
      }
      while (placeOf() !== 300 && !client.ended) await client.read()
      expect(placeOf()).toBe(300)
      await client.cancel()
    },
    4 * HEARTBEAT_MS,
  )

  it.each([
    ['it leaves', (feed: Fed) => feed.leave()],
    ['it is no member any more', (feed: Fed) => feed.expel()],
    ['the pair begins another lineage', (feed: Fed) => feed.restored()],
  ])('ends where %s, and is refused then', async (_, happens) => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    await feed.write('s0', put('c/1', 'x'))
    const client = new Client(await opened(streams))
    await client.until(1)
    const end = client.until(99)
    happens(feed)
    await end
    expect(client.ended).toBe(true)
    expect(client.text.endsWith('\n\n')).toBe(true)
    expect(streams.count).toBe(0)
    const again = await opened(streams, '', client.lastId)
    expect([503, 410]).toContain(again.status)
    expect(streams.count).toBe(0)
  })

  it('is 410 where the log no longer has its place', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    await feed.write('s0', put('c/1', 'x'))
    const client = new Client(await opened(streams))
    await client.until(1)
    const other = await openStore()
    await write(other, [put('c/other', 'x')])
    await feed.stores.s0.store.install(await other.store.snapshot(), 'a test')
    feed.lasts('s0', 1)
    const end = client.until(2)
    await end
    expect([client.ended, client.keys.length]).toEqual([true, 1])
    const answer = await opened(streams, '', client.lastId)
    expect(answer.status).toBe(410)
    expect(await answer.json()).toMatchObject({
      type: 'https://tandem.dev/problems/cursor-gone',
      instance: '/v1/_changes',
    })
    await client.cancel()
  })
})

describe('streams', () => {
  it('are bounded in number, and give their place back', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source, streamsMax: 2 })
    const [one, two] = [new Client(await opened(streams)), new Client(await opened(streams))]
    const refused = await opened(streams)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    await one.cancel()
    const three = new Client(await opened(streams))
    await Promise.all([two.cancel(), three.cancel()])
    expect(streams.count).toBe(0)
  })

  it('hold no more for a client that reads nothing, and end it after a while', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source, stalledMs: 300 })
    const many = Array.from({ length: 1000 }, (_, n) => put(`c/${String(n).padStart(100, 'x')}`, 'x'))
    for (let n = 0; n < 5; n++) await feed.write('s0', ...many)
    const response = await opened(streams)
    await until('the stream was given up', () => streams.count === 0)
    // what was buffered before is gone with it: its client resumes by the last id that it has read
    const client = new Client(response)
    await expect(client.until(5000)).rejects.toThrow('took nothing')
    expect(feed.read.bytes).toBeLessThan(4 * WAITING_BYTES_MAX)
    const resumed = new Client(await opened(streams, '', client.lastId))
    expect(await resumed.until(5000)).toHaveLength(5000)
    await resumed.cancel()
  })

  it('that cannot be read any more give their place back', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    const client = new Client(await opened(streams))
    await client.read()
    feed.breaks(new Error('the disk says no'))
    feed.lasts('s0', 0)
    await expect(client.until(1)).rejects.toThrow('the disk says no')
    expect(streams.count).toBe(0)
  })

  it('that are level share their pages', async () => {
    const feed = await started()
    const streams = new Streams({ name: 'a', source: feed.source })
    const clients = await Promise.all(Array.from({ length: 20 }, async () => new Client(await opened(streams))))
    await Promise.all(clients.map(client => client.read()))
    const before = feed.read.pages
    await feed.write('s0', put('c/1', 'x'))
    await Promise.all(clients.map(client => client.until(1)))
    expect(feed.read.pages - before).toBeLessThan(clients.length)
    await Promise.all(clients.map(client => client.cancel()))
  })
})

it('a connection that is not read from fills up, and then is closed', async () => {
  const feed = await started()
  const streams = new Streams({ name: 'a', source: feed.source, stalledMs: 500 })
  const origin = await startOrigin({
    name: 'a',
    rows: new Map(),
    publicPort: PORT,
    privatePort: PORT + 1,
    peerPrivatePort: PORT + 2,
  })
  onTestFinished(() => origin.stop())
  origin.follows.current = (asked, changes) => streams.follow(asked, changes)
  const long = Array.from({ length: 1000 }, (_, n) => put(`c/${String(n).padStart(480, 'x')}`, 'x'))
  for (let n = 0; n < 20; n++) await feed.write('s0', ...long)
  const socket = connect(PORT, '127.0.0.1')
  socket.pause()
  socket.write('GET /v1/_changes HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n')
  await until('it is being served', () => streams.count === 1)
  await until('it was given up', () => streams.count === 0, 15_000)
  // what the kernel's buffers took, and not the 20 MB that there are
  expect(feed.read.bytes).toBeLessThan(10_000_000)
  socket.destroy()
})

it('the pace wakes those who wait once for many moves', async () => {
  let wakes = 0
  const pace = new Pace(() => {
    wakes += 1
  })
  const { signal } = new AbortController()
  const { turn } = pace
  const waits = [pace.next(turn, 5_000, signal), pace.next(turn, 5_000, signal)]
  for (let n = 0; n < 100; n++) pace.moved()
  await Promise.all(waits)
  expect(wakes).toBe(1)
  // something moved while one was looking: it is not slept through
  await pace.next(turn, 5_000, signal)
  expect(wakes).toBe(2)
  const left = new AbortController()
  const gone = pace.next(pace.turn, 60_000, left.signal)
  left.abort()
  await gone
  pace.close()
})
