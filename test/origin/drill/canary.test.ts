// What a drill's canaries tell of waits and failures: each belongs to what was going on when it was asked.
import { expect, it } from 'vitest'
import { Canary, type CanaryAnswer } from '../../../origin/drill/canary.ts'
import { until } from '../../cluster/cluster.ts'

it('a wait belongs to the moment at which it began, and is waited for', async () => {
  let clock = 0
  const held: (() => void)[] = []
  let holds = false
  const canary = new Canary(
    async (_method, shard, _id, body): Promise<CanaryAnswer> => {
      if (holds && shard === 's1') await new Promise<void>(resolve => held.push(resolve))
      return { status: 200, text: body ?? '' }
    },
    () => clock,
  )
  canary.start()
  clock = 10
  await until(() => canary.answeredSince(10), 5000, 'both shards answer')
  // a takeover of s1 begins
  holds = true
  clock = 20
  await until(() => held.length === 2, 5000, 'both writers of s1 wait')
  clock = 1500
  expect(canary.answeredSince(1500)).toBe(false)
  holds = false
  for (const go of held) go()
  await until(() => canary.answeredSince(1500), 5000, 'what waited is answered')
  await canary.stop()
  expect(canary.between(20, 1500).worstMs).toEqual({ s0: 0, s1: 1480 })
  expect(canary.between(1500, 9000).worstMs).toEqual({ s0: 0, s1: 0 })
})

it('what was acknowledged and reads otherwise is a failure', async () => {
  let clock = 0
  const canary = new Canary(
    async method => ({ status: 200, text: method === 'GET' ? 'older' : '' }),
    () => clock++,
  )
  canary.start()
  await until(() => canary.between(0, clock).failures.length > 0, 5000, 'a read back')
  await canary.stop()
  expect(canary.between(0, clock).failures[0]).toMatch(/value \d+ was acknowledged, read was 200 older/)
})
