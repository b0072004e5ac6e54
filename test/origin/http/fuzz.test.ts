// Bytes that no client of ours would send: each is answered or ended in time, and says nothing of our insides.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Pair, startPair } from './pair.ts'
import { exchange, type RawAnswer } from './rawclient.ts'

const BASE = 19160
const BOUND_MS = 2_500
let pair: Pair
beforeAll(async () => {
  pair = await startPair(BASE, { parkMs: 500, requestsMax: 100, bytesMax: 1_000_000 })
})
afterAll(() => pair.stop())

/** The client ends with FIN-less silence: an answer or an end must come, unless the request is simply unfinished. */
const anything = (answer: RawAnswer): boolean => answer.statuses.some(status => status >= 200)

function judge(answer: RawAnswer): void {
  for (const status of answer.statuses) {
    expect(
      status === 100 || (status >= 200 && status < 500) || status === 501 || status === 503,
      `status ${status}`,
    ).toBe(true)
  }
  expect(answer.text).not.toMatch(
    /node_modules|node:internal|\.ts:|\bat [A-Za-z.]+ \(|ECONN|UND_ERR|a-secret-for-tests/,
  )
}

const method = fc.constantFrom(
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'POST',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'get',
  'QUERY',
  'X',
  'PRI',
  '\0',
  '',
)
const piece = fc.constantFrom(
  ...[
    '/',
    'v1',
    '/v1/',
    'c',
    '..',
    '.',
    '%2e',
    '%2F',
    '%00',
    '%',
    '%zz',
    '%ff',
    '_tx',
    '_',
    '\\',
    '#',
    '?',
    '//',
    '{',
    '}',
    '{t}',
    '*',
    ':',
    '@',
  ],
  ...['http://h', 'http://', '\u00e9', '"', '<', ' ', 'x'.repeat(600), '_tandem/status', 'livez', 'readyz', 'a'],
)
const target = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join('')),
  fc.array(piece, { maxLength: 5 }).map(pieces => `/v1/c/${pieces.join('')}`),
)
const header = fc.constantFrom(
  ...[
    'Host: h',
    'Host: a b',
    'Host:',
    'Host: h\r\nHost: i',
    'Content-Length: 3',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
  ],
  ...[
    'Content-Length: 3, 3',
    'Content-Length: 2\r\nContent-Length: 3',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
  ],
  ...[
    'Transfer-Encoding: x',
    'Connection: close',
    'Connection: upgrade\r\nUpgrade: websocket',
    'Connection: content-length',
    'Expect: 100-continue',
  ],
  ...[
    'Expect: x',
    'If-Match: *',
    'If-Match: "',
    'If-None-Match: W/"a"',
    'If-None-Match: ,,',
    'Content-Type: ',
    `Content-Type: ${'x'.repeat(300)}`,
  ],
  ...[
    'Tandem-Secret: x',
    'Tandem-Forwarded: 1',
    'X: \u0001',
    'no colon',
    ' folded',
    `Long: ${'y'.repeat(20_000)}`,
    ': empty',
    'Range: bytes=0-0',
  ],
)
const body = fc.constantFrom(
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  '0\r\n\r\n',
  'zz\r\n',
  '3\r\nab',
  'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  '\0\u00ff',
)
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', '')
const requestBytes = fc
  .tuple(method, target, version, fc.array(header, { maxLength: 5 }), fc.boolean(), body)
  .map(([verb, path, http, headers, host, rest]) =>
    Buffer.from(
      `${verb} ${path} ${http}\r\n${[...(host ? ['Host: h'] : []), ...headers].map(line => `${line}\r\n`).join('')}\r\n${rest}`,
      'latin1',
    ),
  )

describe('garbage', () => {
  it('of the shape of requests', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(requestBytes, { minLength: 8, maxLength: 8 }),
        fc.constantFrom(0, 1, 2, 3),
        async (list, port) => {
          // eight at a time: what only waits for more bytes costs the wait once
          const answers = await Promise.all(list.map(bytes => exchange(BASE + port, bytes, anything, 250)))
          for (const answer of answers) judge(answer)
        },
      ),
      { numRuns: 25, endOnFailure: true },
    )
    await aliveAndWell()
  })

  it('of any shape', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 8, maxLength: 8 }),
        async list => {
          const answers = await Promise.all(list.map(bytes => exchange(BASE, bytes, anything, 150)))
          for (const answer of answers) judge(answer)
        },
      ),
      { numRuns: 10, endOnFailure: true },
    )
    await aliveAndWell()
  })

  it('that is whole is answered, not waited with', async () => {
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      'GET * HTTP/1.1\r\nHost: h\r\n\r\n',
      'GET /v1/c/x HTTP/1.1\r\nHost: a b\r\n\r\n',
      'PUT /v1/c/x HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n',
      'PUT /v1/c/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'PUT /v1/c/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      `GET /v1/c/x HTTP/1.1\r\nHost: h\r\nLong: ${'y'.repeat(20_000)}\r\n\r\n`,
      'nonsense\r\n\r\n',
      '\r\n\r\n\0\0',
    ]) {
      const answer = await exchange(BASE, bytes, anything, BOUND_MS)
      judge(answer)
      expect(answer.closed || anything(answer), JSON.stringify(bytes.slice(0, 60))).toBe(true)
      if (answer.text.includes('\r\n\r\n{')) expect(answer.text).toContain('application/problem+json')
    }
  })

  it('in the middle of a body writes nothing', async () => {
    for (const shard of [BASE, BASE + 1]) {
      await exchange(
        shard,
        'PUT /v1/c/half HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz',
        anything,
        500,
      )
      await exchange(shard, 'PUT /v1/c/half HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc', anything, 100)
    }
    expect([...pair.rows.keys()]).not.toContain('c/half')
  })
})

async function aliveAndWell(): Promise<void> {
  for (const origin of [pair.a, pair.b]) {
    expect(await (await fetch(`${origin.url}/livez`)).json()).toEqual({ live: true })
    expect(origin.errors).toEqual([])
  }
}
