// TANDEM_READS=both: a host that leaves is waited for by nobody, although it was promised that nothing is committed without it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from './cluster.ts'
import { type Answered, Load } from './load.ts'

/** The design's bound for what is planned. */
const PLANNED_MS = 200
/** Where a write takes longer without any fault, the machine is too busy for the bound to say something. */
const USUAL_MS_MAX = 60
/** Until programs are compiled and connections are open, all takes longer than it will. */
const WARM = 600
const SOME = 300

let cluster: TestCluster | null = null
let load: Load | null = null
const longest = { usual: 0, leaving: 0 }

const longestOf = (answers: readonly Answered[]): number => Math.ceil(Math.max(...answers.map(({ ms }) => ms)))

beforeAll(async () => {
  const both = { TANDEM_READS: 'both' }
  cluster = await startTestCluster(29_150, { originEnv: { a: both, b: both } })
  await cluster.untilWhole()
  load = new Load({ urls: [cluster.origins.a.public], clients: 4 })
  await load.more(WARM)
  const warm = load.acked
  await load.more(SOME)
  const fair = load.acked
  await cluster.stop('origin.b')
  await load.more(SOME)
  await load.stop()
  longest.usual = longestOf(load.answers.slice(warm, fair))
  longest.leaving = longestOf(load.answers.slice(fair))
})
afterAll(() => cluster?.close())

test('every write was acknowledged, and every read showed what was acknowledged before it', async () => {
  expect(load?.failures).toEqual([])
  expect(load?.anomalies).toEqual([])
  expect(load?.answers.at(-1)?.durability).toBe('solo')
  expect(await load?.verify()).toEqual([])
})

test('no write waited for the host that left', context => {
  if (longest.usual > USUAL_MS_MAX)
    context.skip(`the machine is too busy: without any fault a write took ${longest.usual} ms`)
  expect(longest.leaving).toBeLessThanOrEqual(PLANNED_MS + longest.usual)
})
