// Copies for a rejoin: given by their hash alone, counted while they go, and deleted once they were taken or replaced.
import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Sendings } from '../../origin/sendings.ts'
import { GENESIS } from '../../replicator/entry/position.ts'
import type { SnapshotFile } from '../../replicator/store/shardstore.ts'
import { temporaryDirectory } from './store/fixture.ts'

const BYTES = 400_000

function copyNamed(name: string): SnapshotFile {
  const path = join(temporaryDirectory(), name)
  const bytes = Buffer.alloc(BYTES, name)
  writeFileSync(path, bytes)
  return { path, position: GENESIS, bytes: BYTES, sha256: createHash('sha256').update(bytes).digest('hex') }
}

it('a copy is deleted once it was taken whole, and its progress is told until then', async () => {
  let clock = 0
  const sendings = new Sendings(() => clock)
  const file = copyNamed('one')
  sendings.keep('s0', file)
  expect(sendings.of('s0', clock)).toBeNull()
  expect(sendings.send('s0', 'another hash')).toBeNull()
  expect(sendings.send('s1', file.sha256)).toBeNull()
  const sending = sendings.send('s0', file.sha256)
  let taken = 0
  for await (const chunk of sending?.chunks ?? []) {
    if (taken > BYTES / 4 && taken < BYTES / 2) {
      clock = 1000
      const sent = sendings.of('s0', clock)
      expect(sent?.progress).toBe(Math.floor((100 * taken) / BYTES))
      expect(sent?.leftMs).toBe(Math.round((1000 * (BYTES - taken)) / taken))
    }
    taken += chunk.length
  }
  expect([taken, existsSync(file.path), sendings.of('s0', clock)]).toEqual([BYTES, false, null])
})

it('one that breaks off may be asked for again; one that is replaced is deleted', async () => {
  const sendings = new Sendings(() => 0)
  const first = copyNamed('first')
  sendings.keep('s1', first)
  for await (const _chunk of sendings.send('s1', first.sha256)?.chunks ?? []) break
  expect(existsSync(first.path)).toBe(true)
  expect(sendings.send('s1', first.sha256)).not.toBeNull()
  const second = copyNamed('second')
  sendings.keep('s1', second)
  expect([existsSync(first.path), existsSync(second.path)]).toEqual([false, true])
})
