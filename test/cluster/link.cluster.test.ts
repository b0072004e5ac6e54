// Only the link is cut, while both origins see the registers: one serves both shards, the other is not ready.
import { afterEach, expect, test } from 'vitest'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { startWire, type Wire } from './cuttable.ts'
import { Load } from './load.ts'

let cluster: TestCluster | null = null
let wires: Wire[] = []
afterEach(async () => {
  await cluster?.close()
  for (const wire of wires) await wire.close()
  cluster = null
  wires = []
})

test('the link is cut, then healed', async () => {
  wires = [await startWire(22895, 22901), await startWire(22896, 22902)]
  cluster = await startTestCluster(22800, { peerUrl: { a: wires[1]?.url, b: wires[0]?.url } })
  const c = cluster
  const load = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 8 })
  await load.more(200)
  for (const wire of wires) wire.cut()
  const found: { winner: OriginName | null } = { winner: null }
  await until(
    async () => {
      const both = await Promise.all(ORIGINS.map(name => c.statusOf(name)))
      const ready = await Promise.all(
        ORIGINS.map(async name => (await fetch(`${c.origins[name].public}/readyz`)).status),
      )
      const sole = both.find(one => one?.members.join() === one?.name)
      found.winner = sole?.name ?? null
      return (found.winner !== null && ready.toSorted().join() === '200,503') || ready.join()
    },
    10_000,
    'one has recorded itself alone and is ready, the other is not',
  )
  const { winner } = found
  if (winner === null) throw new Error('nobody won')
  await until(
    async () => (await c.statusOf(winner))?.shards.every(shard => shard.serving) ?? false,
    5_000,
    'it serves both shards',
  )
  // Through the loser nothing reaches the winner now: its requests park, and are refused in the end.
  await load.stop()
  const through = new Load({ urls: [c.origins[winner].public], clients: 4, collection: 'cut' })
  await through.more(200)
  await through.stop()
  expect(through.failures).toEqual([])
  expect(through.answers.every(one => one.origin === winner && one.durability === 'solo')).toBe(true)
  const loser = peerOf(winner)
  const refused = await (await fetch(`${c.origins[loser].public}/readyz`)).text()
  expect(refused).toMatch(/not a member/)

  for (const wire of wires) wire.heal()
  await c.untilWhole()
  expect(await load.verify()).toEqual([])
  expect(await through.verify(ORIGINS.map(name => c.origins[name].public))).toEqual([])
  await c.compareCopies()
})
