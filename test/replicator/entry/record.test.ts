// An idempotency record's body: what is written is read again, and what is damaged is no record.
import { expect, test } from 'vitest'
import { readRecord, recordBody } from '../../../replicator/entry/record.ts'
import type { Done } from '../../../replicator/store/outcome.ts'

const row = (body: Uint8Array) => ({ epoch: 3, index: 9, body })

test.each<Done>([
  { kind: 'created', etag: '"3.9.2"', modified: 77 },
  { kind: 'replaced', etag: '"3.9.2"', modified: 77 },
  { kind: 'deleted', etag: '"3.9.2"', modified: 77 },
  { kind: 'placed', key: 'c/é %{1}, x', etag: '"3.9.2"', modified: 77 },
  { kind: 'transacted', etags: ['"3.9.2"', null, '"1.1.0"'], modified: 77 },
  { kind: 'transacted', etags: [null], modified: 77 },
])('of $kind', done => {
  for (const fingerprint of ['', 'a0b1'])
    expect(readRecord(row(recordBody(done, 2, fingerprint)))).toEqual({ done, fingerprint })
})

test.each([
  '',
  'created',
  'created 1 2 zz',
  'created 1 2 aa more',
  'placed 1 2 aa',
  'placed 1 2 aa %zz',
  'transacted 1 2 aa',
  'spam 1 2 aa',
  'created 1 2 aa\nx',
])('%j is none', body => expect(readRecord(row(Buffer.from(body)))).toBe(null))
