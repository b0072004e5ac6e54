// Each fault once, under clients that come in through the surviving host and through the edge; `npm run matrix` does it all.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Matrix } from '../matrix/matrix.ts'
import { table } from '../matrix/window.ts'
import { startTestCluster, type TestCluster } from './cluster.ts'

const RUN_MS = 200_000

let cluster: TestCluster | null = null
let matrix: Matrix | null = null

beforeAll(async () => {
  cluster = await startTestCluster(30_500, { edge: true })
  matrix = new Matrix(cluster, () => {})
  try {
    await matrix.fairWeather()
    await matrix.kill('a')
    await matrix.freeze('b')
    await matrix.drain('a')
    await matrix.rollingRestart(1)
    await matrix.killQueueMaster()
  } finally {
    await matrix.close()
    process.stdout.write(`${table(matrix.windows)}\n`)
  }
}, RUN_MS)
afterAll(() => cluster?.close())

test('no client sees an error, every history is linearizable, every creation is there once', () => {
  expect(matrix?.faults).toEqual([])
})

test('nobody waits longer than the design says', context => {
  const busy = matrix?.tooBusy ?? null
  if (busy !== null) context.skip(busy)
  expect(matrix?.late).toEqual([])
})
