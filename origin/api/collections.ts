// The endpoints of a collection: create under an id of the service's own, and list.
import { type Endpoint, headOf } from './endpoint.ts'
import { LIST_QUERY, WRITE_QUERY } from './queries.ts'

const PATH = '/v1/{collection}'

const list: Endpoint = {
  id: 'listDocuments',
  group: 'collections',
  method: 'get',
  path: PATH,
  title: 'List a collection',
  text: 'In the order of the ids’ bytes, over both shards. A page shows each shard as of one committed moment.',
  access: 'read',
  query: LIST_QUERY,
  headers: ['Prefer'],
  body: null,
  answers: [
    {
      status: 200,
      text: 'A page.',
      headers: ['Link', 'Preference-Applied', 'Tandem-Lag-Ms'],
      content: { 'application/json': 'ListPage' },
    },
  ],
  problems: [],
  curl: [`curl 'http://127.0.0.1:8001/v1/notes?prefix=h&limit=10&values=true'`],
}

export const COLLECTION_ENDPOINTS: readonly Endpoint[] = [
  {
    id: 'createDocument',
    group: 'collections',
    method: 'post',
    path: PATH,
    title: 'Create a document',
    text: 'Under a new UUIDv7. With `Idempotency-Key` a repeat gets the same one.',
    access: 'write',
    query: WRITE_QUERY,
    headers: ['Content-Type', 'Idempotency-Key', 'Prefer'],
    body: { text: 'Any bytes, up to 1 MiB.', required: false, content: { '*/*': 'bytes' } },
    answers: [
      {
        status: 201,
        text: 'Created.',
        headers: ['ETag', 'Last-Modified', 'Location', 'Idempotency-Replayed', 'Preference-Applied'],
        content: null,
      },
    ],
    problems: [
      'payload-too-large',
      'idempotency-mismatch',
      'not-mirrored',
      'unavailable',
      'outcome-unknown',
      'not-replayable',
    ],
    curl: [
      `curl -i -X POST 'http://127.0.0.1:8001/v1/notes?ttl=3600' -H 'Idempotency-Key: first-try' -H 'Content-Type: text/plain' -d 'gone in an hour'`,
    ],
  },
  list,
  headOf(list, 'headList'),
]
