// The endpoints beside documents: transactions, changes, what became of a write, and the service itself.
import { type Endpoint, headOf } from './endpoint.ts'
import { CHANGES_QUERY, OUTCOME_QUERY } from './queries.ts'

const changes: Endpoint = {
  id: 'readChanges',
  group: 'changes',
  method: 'get',
  path: '/v1/_changes',
  title: 'Read, or follow, what changes',
  text: 'Committed changes, oldest first, each at least once, those of a key in order; older changes of a key may be left out. A cursor is good on either origin and across takeovers.',
  access: 'read',
  query: CHANGES_QUERY,
  headers: ['Accept', 'Last-Event-ID'],
  body: null,
  answers: [
    {
      status: 200,
      text: 'Changes: a page of them, or as events while they happen (`data` is a `Change`, `id` a cursor).',
      headers: [],
      content: { 'application/json': 'ChangesPage', 'text/event-stream': 'text' },
    },
  ],
  problems: ['cursor-gone'],
  curl: [
    `curl 'http://127.0.0.1:8001/v1/_changes?collection=notes&limit=10'`,
    `curl -N --max-time 2 'http://127.0.0.1:8001/v1/_changes' -H 'Accept: text/event-stream'`,
  ],
}

const outcome: Endpoint = {
  id: 'readOutcome',
  group: 'outcomes',
  method: 'get',
  path: '/v1/_ops/{idempotencyKey}',
  title: 'Ask what became of a write',
  text: 'By its `Idempotency-Key`, with the very token that it was sent with.',
  access: 'write',
  query: OUTCOME_QUERY,
  headers: [],
  body: null,
  answers: [{ status: 200, text: 'It took effect.', headers: [], content: { 'application/json': 'Outcome' } }],
  problems: ['not-found'],
  curl: [
    `curl -X PUT http://127.0.0.1:8001/v1/notes/once -H 'Idempotency-Key: k1' -d 'once'`,
    `curl 'http://127.0.0.1:8001/v1/_ops/k1?method=PUT&target=%2Fv1%2Fnotes%2Fonce'`,
  ],
}

/** Open to all, and the same for every path. */
const OPEN = { group: 'service', method: 'get', access: null, query: null, headers: [], body: null } as const

const OPEN_ENDPOINTS: readonly Endpoint[] = [
  {
    ...OPEN,
    id: 'live',
    path: '/livez',
    title: 'Is the process there',
    text: 'Nothing else is judged.',
    answers: [{ status: 200, text: 'It is.', headers: [], content: { 'application/json': 'Live' } }],
    problems: [],
    curl: ['curl http://127.0.0.1:8001/livez'],
  },
  {
    ...OPEN,
    id: 'ready',
    path: '/readyz',
    title: 'Can this host serve its share',
    text: 'Strongly, and now.',
    answers: [{ status: 200, text: 'It can.', headers: [], content: { 'application/json': 'Ready' } }],
    problems: ['not-ready'],
    curl: ['curl http://127.0.0.1:8001/readyz'],
  },
  {
    ...OPEN,
    id: 'openapi',
    path: '/openapi.json',
    title: 'This description, for programs',
    text: 'OpenAPI 3.1.',
    answers: [{ status: 200, text: 'The document.', headers: [], content: { 'application/json': 'object' } }],
    problems: ['no-primary'],
    curl: ['curl http://127.0.0.1:8001/openapi.json'],
  },
  {
    ...OPEN,
    id: 'docs',
    path: '/docs',
    title: 'This description, for people',
    text: 'One page that needs nothing from elsewhere.',
    answers: [{ status: 200, text: 'The page.', headers: [], content: { 'text/html': 'text' } }],
    problems: ['no-primary'],
    curl: ['curl http://127.0.0.1:8001/docs'],
  },
]

export const SERVICE_ENDPOINTS: readonly Endpoint[] = [
  {
    id: 'transact',
    group: 'transactions',
    method: 'post',
    path: '/v1/_tx',
    title: 'Change several documents, all or none',
    text: 'Their ids share one `{tag}`, or they are one key: so they lie in one shard.',
    access: 'write',
    query: null,
    headers: ['Idempotency-Key', 'Prefer'],
    body: { text: 'The ops, in order.', required: true, content: { 'application/json': 'Transaction' } },
    answers: [
      {
        status: 200,
        text: 'All of it took effect.',
        headers: ['Idempotency-Replayed', 'Preference-Applied'],
        content: { 'application/json': 'TransactionResults' },
      },
    ],
    problems: [
      'invalid-key',
      'not-found',
      'cross-shard',
      'not-json',
      'precondition-failed',
      'payload-too-large',
      'unsupported-media-type',
      'idempotency-mismatch',
      'result-too-large',
      'not-mirrored',
      'unavailable',
      'outcome-unknown',
    ],
    curl: [
      `curl http://127.0.0.1:8001/v1/_tx -H 'Content-Type: application/json' -d '{"ops":[{"op":"put","key":"carts/{ann}","value":{"apples":2}},{"op":"put","key":"orders/{ann}-1","value":{"total":0}}]}'`,
    ],
  },
  changes,
  headOf(changes, 'headChanges'),
  outcome,
  headOf(outcome, 'headOutcome'),
  ...OPEN_ENDPOINTS.flatMap(endpoint => [endpoint, headOf(endpoint, `${endpoint.id}Head`)]),
]
