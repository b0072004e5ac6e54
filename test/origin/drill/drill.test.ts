// What a drill refuses before it touches anything.
import { expect, it } from 'vitest'
import { Canary } from '../../../origin/drill/canary.ts'
import { type DrillPorts, drill, type Sight } from '../../../origin/drill/drill.ts'

const whole: Sight = {
  canLoseAHost: true,
  why: [],
  members: ['a', 'b'],
  shards: [
    { shard: 's0', primary: 'a', serving: true },
    { shard: 's1', primary: 'b', serving: true },
  ],
}
const never = async (): Promise<never> => {
  throw new Error('nothing may be done')
}

async function refused(over: Partial<DrillPorts>): Promise<string> {
  const ports: DrillPorts = {
    name: 'a',
    own: () => whole,
    peer: async () => whole,
    peerDrills: async () => false,
    handover: never,
    peerHandover: never,
    pausePeer: never,
    canary: new Canary(never, () => 0),
    graceMs: 1300,
    now: () => 0,
    ...over,
  }
  const { ok, detail, result } = await drill(ports, () => {})
  expect([ok, result]).toEqual([false, null])
  return detail
}

it('while the other origin drills: both would stand still at once', async () => {
  expect(await refused({ peerDrills: async () => true })).toContain('the other origin drills')
})

it('where a host may not be lost, the other one is silent, or a shard is away', async () => {
  const lame: Sight = { ...whole, canLoseAHost: false, why: ['only one copy is a member'] }
  expect(await refused({ own: () => lame })).toContain('only one copy is a member')
  expect(await refused({ peer: async () => lame })).toContain('only one copy is a member')
  expect(await refused({ peer: async () => null })).toContain('origin b does not answer')
  const away: Sight = { ...whole, shards: [{ shard: 's0', primary: 'b', serving: false }] }
  expect(await refused({ own: () => away })).toContain('s0 is not at home')
})
