// The endpoints of one document.
import { type Endpoint, headOf } from './endpoint.ts'
import { WRITE_QUERY } from './queries.ts'

const PATH = '/v1/{collection}/{id}'

const read: Endpoint = {
  id: 'readDocument',
  group: 'documents',
  method: 'get',
  path: PATH,
  title: 'Read a document',
  text: 'The bytes as they were stored. Strong, unless `Prefer: consistency=local` asks for this host’s copy.',
  access: 'read',
  query: null,
  headers: ['If-None-Match', 'If-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'Prefer'],
  body: null,
  answers: [
    {
      status: 200,
      text: 'The document.',
      headers: ['ETag', 'Last-Modified', 'Expires', 'Preference-Applied', 'Tandem-Lag-Ms'],
      content: { '*/*': 'bytes' },
    },
    {
      status: 304,
      text: 'It is what the client has.',
      headers: ['ETag', 'Last-Modified', 'Expires', 'Preference-Applied', 'Tandem-Lag-Ms'],
      content: null,
    },
  ],
  problems: ['not-found', 'precondition-failed'],
  curl: ['curl http://127.0.0.1:8001/v1/notes/hello'],
}

export const DOCUMENT_ENDPOINTS: readonly Endpoint[] = [
  {
    id: 'writeDocument',
    group: 'documents',
    method: 'put',
    path: PATH,
    title: 'Write a document',
    text: 'Creates or replaces it. The answer comes when it is on the disks of both origins.',
    access: 'write',
    query: WRITE_QUERY,
    headers: ['Content-Type', 'If-Match', 'If-None-Match', 'Idempotency-Key', 'Prefer'],
    body: { text: 'Any bytes, up to 1 MiB.', required: false, content: { '*/*': 'bytes' } },
    answers: [
      {
        status: 200,
        text: 'Replaced.',
        headers: ['ETag', 'Last-Modified', 'Idempotency-Replayed', 'Preference-Applied'],
        content: null,
      },
      {
        status: 201,
        text: 'Created.',
        headers: ['ETag', 'Last-Modified', 'Location', 'Idempotency-Replayed', 'Preference-Applied'],
        content: null,
      },
    ],
    problems: [
      'precondition-failed',
      'payload-too-large',
      'idempotency-mismatch',
      'not-mirrored',
      'unavailable',
      'outcome-unknown',
      'not-replayable',
    ],
    curl: [
      `curl -X PUT http://127.0.0.1:8001/v1/notes/hello -H 'Content-Type: application/json' -d '{"text":"Hello"}'`,
    ],
  },
  read,
  headOf(read, 'headDocument'),
  {
    id: 'patchDocument',
    group: 'documents',
    method: 'patch',
    path: PATH,
    title: 'Change a part of a JSON document',
    text: 'Judged and done in one step on the primary: two patches at once are both in the outcome.',
    access: 'write',
    query: null,
    headers: ['If-Match', 'If-None-Match', 'Idempotency-Key', 'Prefer'],
    body: {
      text: 'A merge patch or a JSON patch, by its Content-Type.',
      required: true,
      content: { 'application/merge-patch+json': 'MergePatch', 'application/json-patch+json': 'JsonPatch' },
    },
    answers: [
      {
        status: 200,
        text: 'Changed.',
        headers: ['ETag', 'Last-Modified', 'Idempotency-Replayed', 'Preference-Applied'],
        content: null,
      },
    ],
    problems: [
      'malformed-patch',
      'not-found',
      'not-json',
      'patch-test-failed',
      'patch-inapplicable',
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
      `curl -X PATCH http://127.0.0.1:8001/v1/notes/hello -H 'Content-Type: application/merge-patch+json' -d '{"seen":true}'`,
      `curl -X PATCH http://127.0.0.1:8001/v1/notes/hello -H 'Content-Type: application/json-patch+json' -d '[{"op":"test","path":"/seen","value":true},{"op":"remove","path":"/seen"}]'`,
    ],
  },
  {
    id: 'deleteDocument',
    group: 'documents',
    method: 'delete',
    path: PATH,
    title: 'Delete a document',
    text: '404 where there is none.',
    access: 'write',
    query: null,
    headers: ['If-Match', 'If-None-Match', 'Idempotency-Key', 'Prefer'],
    body: null,
    answers: [
      {
        status: 204,
        text: 'Deleted.',
        headers: ['Idempotency-Replayed', 'Preference-Applied'],
        content: null,
      },
    ],
    problems: [
      'not-found',
      'precondition-failed',
      'idempotency-mismatch',
      'not-mirrored',
      'unavailable',
      'outcome-unknown',
    ],
    curl: ['curl -X DELETE http://127.0.0.1:8001/v1/notes/hello'],
  },
]
