// Requests that are nearly right, or not at all: every part of them drawn from what has broken servers before.
import fc from 'fast-check'
import { problemNamed } from '../../router/problem.ts'
import type { RawAnswer } from '../origin/http/rawclient.ts'

const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS', 'QUERY', 'get']
const PIECES = [
  ...[
    '/',
    '//',
    '.',
    '..',
    '%2e%2e',
    '%2F',
    '%5c',
    '%00',
    '%',
    '%zz',
    '%ff',
    '%ed%a0%80',
    '%25',
    '+',
    '*',
    ';',
    ':',
    '@',
    '~',
  ],
  ...[
    'a',
    'x'.repeat(513),
    '{t}',
    '%7Bt%7D',
    '_x',
    '_tandem',
    '_shards/s0/fuzz',
    '\u00fc',
    'metrics',
    'dashboard',
    '__proto__',
  ],
]
const QUERY = [
  ...[
    'limit=1',
    'limit=0',
    'limit=99999999999',
    'values=true',
    'prefix=%ff',
    'prefix=a',
    'cursor=AAAA',
    'cursor=WyJsaXN0MSIsImEiXQ',
  ],
  ...[
    'since=now',
    'since=',
    'since=WzFd',
    'collection=fuzz',
    'ttl=1',
    'ttl=-1',
    'ttl=1e9',
    'method=PUT',
    'method=POST',
    '&',
    '=',
    '%',
  ],
  ...['target=%2Fv1%2Ffuzz%2Fa', 'target=%2Fv1%2F_tx', '__proto__=1', 'x=%00'],
]
const HEADERS = [
  ...['If-Match: *', 'If-Match: "', 'If-None-Match: W/"a", "b"', 'If-None-Match: ,', 'If-Modified-Since: yesterday'],
  ...[
    'If-Unmodified-Since: Thu, 01 Jan 2099 00:00:00 GMT',
    'Idempotency-Key: k',
    'Idempotency-Key: a b',
    `Idempotency-Key: ${'k'.repeat(256)}`,
  ],
  ...[
    'Prefer: consistency=local',
    'Prefer: durability=mirrored',
    'Prefer: ,;="',
    'Accept: text/event-stream;q=0, */*',
    'Accept: ,',
  ],
  ...[
    'Content-Type: application/json',
    'Content-Type: application/merge-patch+json',
    'Content-Type: application/json-patch+json',
  ],
  ...[
    'Content-Type: ',
    `Content-Type: ${'x'.repeat(300)}`,
    'Last-Event-ID: x',
    'Range: bytes=0-0',
    'Expect: 100-continue',
    'Expect: more',
  ],
  ...[
    'Tandem-Router: 1;answer;0;0;x',
    'Tandem-Forwarded: 1',
    'Tandem-Secret: x',
    'Tandem-Minted-Key: x',
    'Tandem-Aimed: 1',
    'Tandem-View: x',
  ],
  ...[
    'X-Forwarded-For: 1.2.3.4',
    'Forwarded: for="[::1]"',
    'Via: 1.1 x',
    'Cookie: a=b',
    'Upgrade: h2c',
    'TE: trailers',
    'X: \u00fc',
  ],
  ...[
    'traceparent: 00-x',
    'Authorization: Bearer wrong',
    'Transfer-Encoding: identity',
    'Accept-Encoding: gzip',
    `Long: ${'y'.repeat(20_000)}`,
  ],
]
const deep = '['.repeat(3_000) + ']'.repeat(3_000)
const BODIES = [
  ...[
    '',
    '{}',
    '[]',
    'null',
    '{',
    '\u00ff\u0000',
    deep,
    '"\\ud800"',
    '1e999',
    '{"__proto__":{"x":1}}',
    '{"ops":[]}',
    '{"ops":{}}',
  ],
  ...[
    '{"ops":[{"op":"put","key":"fuzz/a","value":1}]}',
    '{"ops":[{"op":"put","key":"fuzz/../a","value":1}]}',
    '{"ops":[{"op":"put","key":"fuzz/a"}]}',
  ],
  ...[
    '{"ops":[{"op":"put","key":"fuzz/{t}1","value":1},{"op":"delete","key":"fuzz/{t}2"}]}',
    `{"ops":[${'1,'.repeat(200)}1]}`,
  ],
  ...[
    '{"ops":[{"op":"patch","key":"fuzz/a","patch":{"a":null}}]}',
    '{"ops":[{"op":"check","key":"fuzz/a","etag":null}]}',
  ],
  ...[
    '[{"op":"add","path":"/a","value":1}]',
    '[{"op":"copy","from":"","path":"/a"}]',
    '[{"op":"test","path":"","value":{}}]',
  ],
  ...[
    '[{"op":"add","path":"/__proto__/x","value":1}]',
    '[{"op":"move","from":"/constructor","path":"/a"}]',
    '[{"op":"remove","path":"/~2"}]',
  ],
]

const path = fc.oneof(
  fc.constantFrom(
    '/v1/fuzz',
    '/v1/fuzz/a',
    '/v1/_tx',
    '/v1/_changes',
    '/v1/_ops/k',
    '/docs',
    '/openapi.json',
    '/livez',
  ),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 4 }).map(pieces => `/v1/fuzz/${pieces.join('')}`),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 4 }).map(pieces => `/v1/${pieces.join('')}`),
)
const query = fc
  .array(fc.constantFrom(...QUERY), { maxLength: 3 })
  .map(parts => (parts.length ? `?${parts.join('&')}` : ''))
const body = fc.oneof(fc.constantFrom(...BODIES), fc.string({ maxLength: 40 }), fc.json({ maxDepth: 2 }))

/** Whole requests, the length of whose bodies is said: each must be answered. */
export const requests = (token: string): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      method: fc.constantFrom(...METHODS),
      path,
      query,
      headers: fc.array(fc.constantFrom(...HEADERS), { maxLength: 3 }),
      body,
      known: fc.boolean(),
    })
    .map(({ method, path: at, query: search, headers, body: text, known }) => {
      const bytes = Buffer.from(text, 'utf8')
      const lines = [
        `${method} ${at}${search} HTTP/1.1`,
        'Host: h',
        'Connection: close',
        ...(known ? [`Authorization: Bearer ${token}`] : []),
        ...(bytes.length > 0 || method === 'PUT' ? [`Content-Length: ${bytes.length}`] : []),
        ...headers,
      ]
      return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
    })

/** No stack, path, address or secret. */
const LEAKS =
  /node_modules|node:internal|\.ts:\d|\bat [\w.]+ \(|ECONN|UND_ERR|SQLITE|\/tmp\/|:\d{5}\b|SyntaxError|TypeError/

/** What is wrong with an answer; null where nothing is. `ours` is false where something before the service may have spoken. */
export function faultOf(answer: RawAnswer, secrets: readonly string[], ours: boolean): string | null {
  const status = answer.statuses.find(one => one >= 200)
  const isStream = answer.text.includes('text/event-stream')
  if (status === undefined) return answer.closed && !ours ? null : 'no answer'
  if (!answer.closed && !isStream) return 'answered, and did not end'
  if (status === 500) return 'status 500'
  if (secrets.some(secret => answer.text.includes(secret))) return 'it says a secret'
  if (status < 400) return null
  if (LEAKS.test(answer.text)) return 'it says too much'
  const type = /"type":"([^"]+)"/.exec(answer.text)?.[1]
  const isOurs = /^tandem-origin:/im.test(answer.text)
  const final = answer.text.replace(/^HTTP\/1\.1 100 (?:.|\r\n)*?\r\n\r\n/, '')
  const hasBody = !/^content-length: 0\r$/im.test(final) && /\r\n\r\n./.test(final)
  if (!hasBody || (!ours && !isOurs)) return null
  return type !== undefined && problemNamed(type) !== null ? null : 'a refusal that is no problem of ours'
}
