// What each problem means to the one who meets it, and what to do. The types and statuses are router/problem.ts's.
import type { ProblemName } from '../../router/problem.ts'

export const PROBLEM_TEXTS: Readonly<Record<ProblemName, string>> = {
  'bad-request':
    'A header, a parameter, the body or the path cannot be read as what it should be. `detail` says which.',
  'malformed-patch': 'The body is no merge patch (RFC 7396) or JSON patch (RFC 6902). `detail` says where.',
  'invalid-key':
    'A collection is 1 to 64 of `A-Z a-z 0-9 -`; an id is 1 to 512 bytes of UTF-8, percent-encoded, does not start with `_` and is not `.` or `..`.',
  unauthorized: 'A bearer token is needed, or the one that was sent is not known: `Authorization: Bearer TOKEN`.',
  forbidden: 'The token has not this scope, or does not open this collection.',
  conflict: 'What is there does not allow it. `detail` says why.',
  'cross-shard': 'Keys lie together where their ids share one `{tag}`, or where they are one key.',
  'not-json': 'Only a document whose `Content-Type` is JSON, and whose bytes are, can be patched.',
  'patch-test-failed': 'A `test` of the JSON patch does not hold. Nothing was changed.',
  'patch-inapplicable': 'The patch is about something that the document does not have. Nothing was changed.',
  'not-found': 'There is no such document, record or path.',
  'method-not-allowed': 'The header `Allow` lists the methods that there are.',
  'request-timeout': 'The head of a request must arrive within 10 s, all of it within 60 s.',
  'minted-key-outdated': 'Between routers only: a second try that came too late. A router deals with it.',
  'cursor-gone':
    'What came after the cursor is no longer kept, or it is of another history (a restore). Begin anew, without `since`.',
  'precondition-failed':
    'The document is not, or no longer, the one that `If-Match` or `If-None-Match` asks for. `ETag` is its present tag.',
  'payload-too-large': 'A body may have 1 MiB. The rest of it was not read.',
  'unsupported-media-type':
    'The header `Accept-Patch` lists the types that PATCH takes; a transaction is `application/json`.',
  'expectation-failed': 'The header `Expect` has one value that means something here: `100-continue`.',
  misdirected: 'Between routers only: the origin is not the primary of the key. A router asks elsewhere.',
  'idempotency-mismatch': 'The same `Idempotency-Key` was used for another body, type or condition. Take another key.',
  'result-too-large': 'What the patch makes of the document would be longer than a body may be. Nothing was changed.',
  'rate-limited': 'Ask again after `Retry-After` seconds. `RateLimit` says how much is left in every answer.',
  'headers-too-large': 'The head of a request may have 16 KiB.',
  'client-closed': 'The client went away; nobody reads this.',
  internal: 'A fault of ours: it is in the log. Of a write, read the document to know what became of it.',
  'upgrade-refused': 'WebSockets are not spoken. Changes are followed with `Accept: text/event-stream`.',
  'no-primary': 'The wait for a takeover was longer than the parking time. Nothing took effect: ask again.',
  overloaded: 'Too many requests wait already. Nothing took effect: ask again, a little later.',
  'outcome-unknown':
    'The primary was lost after the write was sent. Repeat it with the same `Idempotency-Key`, or read the document.',
  'not-replayable': 'The primary moved while a long body was on its way. Nothing took effect: send it again.',
  'not-mirrored':
    'The write asked for two disks (`Prefer: durability=mirrored`). `committed: "yes"` where the pair became one while it was under way: it is on one disk.',
  unavailable: 'The write was not taken: the disk refuses, or too many writes wait.',
  'not-ready': '`why` lists what is missing.',
  'gateway-timeout': 'The primary is connected and silent. Of a write, repeat it with the same `Idempotency-Key`.',
}
