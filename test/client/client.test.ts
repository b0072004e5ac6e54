// The client against a server with a will of its own: what it sends again, under which key, what it makes of refusals,
// and how it goes on following.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { must, TandemError, tandem } from '../../client/tandem.ts'
import { problemText } from '../../router/problem.ts'

const PORT = 19_920
const url = `http://127.0.0.1:${PORT}`

type Seen = { method: string; target: string; headers: IncomingMessage['headers']; body: string }
type Behaviour = (seen: Seen, outgoing: ServerResponse) => void
const seen: Seen[] = []
let behaviours: Behaviour[] = []
let server: Server

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => void chunks.push(chunk))
    incoming.on('end', () => {
      const one = {
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      }
      seen.push(one)
      const behave = behaviours.length > 1 ? behaviours.shift() : behaviours[0]
      behave?.(one, outgoing)
    })
  })
  await new Promise<void>(resolve => server.listen(PORT, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen.length = 0
})

const says =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_seen, outgoing) =>
    void outgoing.writeHead(status, headers).end(body)
const breaks: Behaviour = (_seen, outgoing) => void outgoing.destroy()
const refuses = (name: Parameters<typeof problemText>[0], headers = {}): Behaviour => {
  const text = problemText(name, { committed: 'unknown', detail: 'why' })
  const { status } = JSON.parse(text) as { status: number }
  return says(status, text, { 'content-type': 'application/problem+json', ...headers })
}
const written = says(201, '', { ETag: '"1.1.0"', 'Tandem-Durability': 'solo' })

const db = tandem({ url, token: 'secret', callMs: 5_000 })
const notes = db.collection('notes', value => value as { text: string })

describe('a write', () => {
  it('is sent again under one key after a broken connection and what passes', async () => {
    behaviours = [breaks, refuses('outcome-unknown'), refuses('gateway-timeout'), written]
    const answer = must(await notes.put('a/b ü', { text: 'x' }))
    expect(answer).toEqual({ etag: '"1.1.0"', created: true, durability: 'solo' })
    expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(seen).toHaveLength(4)
    expect(seen[3]).toMatchObject({
      method: 'PUT',
      target: '/v1/notes/a%2Fb%20%C3%BC',
      body: '{"text":"x"}',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
    })
    expect(seen[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
    must(await notes.put('b', { text: 'x' }))
    expect(seen[4]?.headers['idempotency-key']).not.toBe(seen[0]?.headers['idempotency-key'])
  })

  it('waits as long as it is told to', async () => {
    behaviours = [refuses('rate-limited', { 'Retry-After': '1' }), written]
    const began = performance.now()
    must(await notes.put('a', { text: 'x' }))
    expect(performance.now() - began).toBeGreaterThan(990)
  })

  it('that is refused says so by name', async () => {
    behaviours = [refuses('precondition-failed', { ETag: '"2.2.0"' })]
    const answer = await notes.put('a', { text: 'x' }, { ifMatch: '"1.1.0"' })
    if (answer.ok) throw new Error('not refused')
    expect(answer.failure).toMatchObject({ name: 'precondition-failed', status: 412, etag: '"2.2.0"', detail: 'why' })
    expect(() => must(answer)).toThrow(TandemError)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.headers['if-match']).toBe('"1.1.0"')
  })

  it('gives up in time, and says what it met', async () => {
    const hasty = tandem({ url, callMs: 300 }).collection('notes')
    behaviours = [breaks]
    expect(await hasty.delete('a')).toMatchObject({ ok: false, failure: { name: 'unreachable' } })
    behaviours = [says(502, '<html>')]
    expect(await hasty.delete('a')).toMatchObject({ ok: false, failure: { name: 'unreachable' } })
    behaviours = [() => {}]
    expect(await hasty.delete('a')).toMatchObject({ ok: false, failure: { name: 'unreachable' } })
  })

  it('ends with its signal', async () => {
    behaviours = [() => {}]
    await expect(notes.put('a', { text: 'x' }, { signal: AbortSignal.timeout(50) })).rejects.toThrow()
  })

  it('does not let a URL parser make another document of it', () => {
    for (const id of ['.', '..', '']) expect(() => notes.put(id, { text: 'x' })).toThrow(RangeError)
    expect(seen).toEqual([])
  })
})

describe('a read', () => {
  it('has the document and what is known of it, or null', async () => {
    behaviours = [
      says(200, '{"text":"x"}', {
        ETag: '"1.1.0"',
        'Content-Type': 'application/json',
        'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
        Expires: 'Fri, 02 Jan 2026 00:00:00 GMT',
      }),
      refuses('not-found'),
    ]
    expect(must(await notes.get('a', { local: true }))).toEqual({
      value: { text: 'x' },
      etag: '"1.1.0"',
      type: 'application/json',
      modified: new Date('2026-01-01T00:00:00Z'),
      expires: new Date('2026-01-02T00:00:00Z'),
    })
    expect(seen[0]?.headers.prefer).toBe('consistency=local')
    expect(must(await notes.get('a'))).toBeNull()
  })

  it('of a list goes on page by page', async () => {
    const item = (id: string) => ({
      id,
      etag: '"1.1.0"',
      size: 1,
      type: 'text/plain',
      modified: '2026-01-01T00:00:00Z',
    })
    behaviours = [
      says(200, JSON.stringify({ items: [item('a'), item('b')], next: 'c1' })),
      says(200, JSON.stringify({ items: [item('c')], next: null })),
    ]
    const ids: string[] = []
    for await (const { id } of notes.list({ prefix: 'é&', pageSize: 2 })) ids.push(id)
    expect(ids).toEqual(['a', 'b', 'c'])
    expect(seen.map(({ target }) => target)).toEqual([
      '/v1/notes?prefix=%C3%A9%26&limit=2',
      '/v1/notes?prefix=%C3%A9%26&limit=2&cursor=c1',
    ])
    behaviours = [says(200, '{"items":[{"id":1}]}')]
    await expect(notes.list().next()).rejects.toThrow('not the service')
  })
})

describe('following', () => {
  const change = (key: string) => JSON.stringify({ key, op: 'put', etag: '"1.1.0"', at: '2026-01-01T00:00:00Z' })
  const events =
    (...chunks: string[]): Behaviour =>
    async (_seen, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' })
      for (const chunk of chunks) {
        await new Promise(resolve => outgoing.write(chunk, resolve))
      }
      outgoing.destroy()
    }

  it('goes on from the last event after each break, and ends with its signal', async () => {
    behaviours = [
      breaks,
      events(': hello\n\n', `id: c1\ndata: ${change('notes/a')}\n\nid: c2\nda`, `ta: ${change('notes/b')}\n\nid: c3\n`),
      refuses('no-primary'),
      events(`id: c4\ndata: ${change('notes/c')}\n\n`),
    ]
    const over = new AbortController()
    const keys: string[] = []
    for await (const { key, cursor } of db.changes({ collection: 'notes', signal: over.signal })) {
      keys.push(`${key} ${cursor}`)
      if (keys.length === 3) over.abort()
    }
    expect(keys).toEqual(['notes/a c1', 'notes/b c2', 'notes/c c4'])
    expect(seen.map(({ target }) => target)).toEqual([
      '/v1/_changes?collection=notes',
      '/v1/_changes?collection=notes',
      '/v1/_changes?collection=notes&since=c2',
      '/v1/_changes?collection=notes&since=c2',
    ])
    expect(seen[1]?.headers).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer secret' })
  })

  it('throws where the cursor is no good', async () => {
    behaviours = [refuses('forbidden')]
    await expect(db.changes().next()).rejects.toThrow('forbidden')
  })
})
