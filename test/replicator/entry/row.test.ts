import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestRow, etagOf, NO_ROW_HASH, type Row, rowHash } from '../../../replicator/entry/row.ts'

const row: Row = {
  key: 'c/1',
  type: 'text/plain',
  body: Buffer.from('body'),
  epoch: 3,
  index: 9,
  n: 2,
  modified: 77,
  expires: null,
}

test('every column of a row is in its hash', () => {
  const others: Row[] = [
    { ...row, key: 'c/2' },
    { ...row, type: 'text/html' },
    { ...row, body: Buffer.from('bodz') },
    { ...row, epoch: 4 },
    { ...row, index: 10 },
    { ...row, n: 3 },
    { ...row, modified: 78 },
    { ...row, expires: 77 },
    { ...row, key: 'c/1t', type: 'ext/plain' },
  ]
  const hashes = new Set([NO_ROW_HASH, rowHash(row), ...others.map(rowHash)])
  expect(hashes.size).toBe(others.length + 2)
})

test('short and long rows are hashed over the same bytes', () => {
  for (const length of [0, 300, 65_536, 1_000_000]) {
    const long = { ...row, body: Buffer.alloc(length, 'x') }
    const digest = createHash('sha256')
    digestRow(digest, long)
    expect(rowHash(long)).toBe(digest.digest('hex').slice(0, 32))
  }
})

test('is fixed by a golden vector', () => {
  expect(rowHash(row)).toMatchInlineSnapshot(`"df7d8f76eaa6dfb6056a248e16f8834a"`)
  expect(etagOf(3, 9, 2)).toBe('"3.9.2"')
})
