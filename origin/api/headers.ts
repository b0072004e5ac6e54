// Headers that mean something here, each described once. What is not listed passes without effect, and no answer has a
// `Tandem-*` header that is not listed.

export const REQUEST_HEADERS = {
  'If-Match':
    'Entity tags, or `*`: acts only where the document has one of these. Strong comparison: weak tags match nothing.',
  'If-None-Match':
    'Entity tags, or `*`: acts only where the document has none of these. A read answers 304 then, a write 412.',
  'If-Modified-Since': 'A date: 304 where the document is not newer. Only without `If-None-Match`.',
  'If-Unmodified-Since': 'A date: 412 where the document is newer. For reads, and only without `If-Match`.',
  'Content-Type': 'What the body is.',
  'Idempotency-Key':
    '1 to 255 visible ASCII characters: with the same token, method and target the write takes effect once, and a repeat gets its answer.',
  Prefer:
    '`consistency=local` on reads: this host’s copy, without a hop, perhaps behind. `durability=mirrored` on writes: 503 rather than one disk (RFC 7240).',
  Accept: '`text/event-stream` follows live.',
  'Last-Event-ID': 'Where to go on: the `id` of the last event. It goes before `since`.',
  traceparent: 'W3C Trace Context: kept, or begun.',
} as const

export type RequestHeader = keyof typeof REQUEST_HEADERS

export const ANSWER_HEADERS = {
  ETag: 'Of the document as it is now: strong, `"EPOCH.INDEX.N"`, never given to other bytes of the same key.',
  'Last-Modified': 'When it was written.',
  Expires: 'When it expires, where it does.',
  Location: 'The path of what was created.',
  'Content-Type': 'As it was stored.',
  'Idempotency-Replayed': '`true`: this is the answer of the first request with that key.',
  'Accept-Patch': 'Media types of patches that are taken (RFC 5789).',
  Allow: 'Methods that there are.',
  Link: '`rel="next"`: the next page.',
  'Preference-Applied': 'The preference that was honoured (RFC 7240).',
  'Tandem-Lag-Ms': 'How far this copy may be behind, in milliseconds.',
  'Tandem-Durability': '`mirrored`: on both disks. `solo`: on one, the other origin being away.',
  'Tandem-Origin': 'Who answered: `a`, `b` or `edge`; of a list or a page of changes both, as `a, b`.',
  'Tandem-Shard': 'The shard of the key: `s0` or `s1`; both, as `s0, s1`.',
  'Tandem-Committed': '`unknown`: as in the problem.',
  'Tandem-Reign': 'For routers: since which epoch the one that refuses has been primary.',
  'Proxy-Status': 'What routers did on the way: forwarded, retried, parked (RFC 9209).',
  'Server-Timing': 'How long it took there.',
  'Retry-After': 'Seconds.',
  'WWW-Authenticate': 'What is missing (RFC 6750).',
  RateLimit: 'What is left of the quota, and the seconds until there is more.',
  'RateLimit-Policy': 'The quota, and its window in seconds.',
} as const

export type AnswerHeader = keyof typeof ANSWER_HEADERS

/** On every answer below /v1, whatever it is. `Tandem-Shard` where the request had one. */
export const COMMON_HEADERS: readonly AnswerHeader[] = [
  'Tandem-Origin',
  'Tandem-Shard',
  'Proxy-Status',
  'Server-Timing',
  'RateLimit',
  'RateLimit-Policy',
]

/** On the others: what describes the service, and what monitors ask. */
export const OPEN_HEADERS: readonly AnswerHeader[] = ['Tandem-Origin', 'Proxy-Status', 'Server-Timing']

/** Beside these, on refusals of a status. */
export const PROBLEM_HEADERS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate'],
  405: ['Allow'],
  412: ['ETag'],
  415: ['Accept-Patch'],
  429: ['Retry-After'],
  503: ['Retry-After', 'Tandem-Committed'],
}
