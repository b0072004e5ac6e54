// What a sender says of a catch-up while it goes on: how far it is, how long it still takes, what the other disk lacks.
import { expect, it } from 'vitest'
import type { Effect } from '../../../replicator/core/events.ts'
import { Sender } from '../../../replicator/core/sender.ts'
import { GENESIS, type Position } from '../../../replicator/entry/position.ts'

const at = (index: number): Position => ({ epoch: 1, index, hash: String(index).padStart(32, '0') })
const entry = (index: number) => ({ position: at(index), bytes: new Uint8Array(10) })

function behindBy(count: number): Sender {
  const effects: Effect[] = []
  const sender = new Sender('s0', effect => void effects.push(effect))
  for (let index = 1; index <= count; index++) sender.onAppended(entry(index), index)
  sender.start('session', count, false)
  sender.onTail(1, [GENESIS])
  sender.onLocated(1, GENESIS, GENESIS, 1000)
  const read = effects.find(effect => effect.type === 'readLog')
  const entries = Array.from({ length: count }, (_, n) => entry(n + 1))
  sender.onLogRead(read?.type === 'readLog' ? read.read : 0, entries, 1000)
  return sender
}

it('tells how far a catch-up is, and how long it takes if it goes on as it went', () => {
  const sender = behindBy(100)
  expect([sender.progress, sender.leftMs(1000)]).toEqual([0, null])
  sender.onAck(at(25))
  expect([sender.progress, sender.leftMs(2000)]).toEqual([25, 3000])
  sender.onAck(at(100))
  expect([sender.progress, sender.leftMs(3000)]).toEqual([null, null])
})

it('knows what the other disk lacks, also once its origin is gone; not what it had in another reign', () => {
  const sender = behindBy(100)
  sender.onAck(at(40))
  expect(sender.lag(0, 200)).toEqual({ entries: 60, bytes: 600, ms: 159 })
  sender.stop()
  sender.onAppended(entry(101), 150)
  expect(sender.lag(0, 200)).toEqual({ entries: 61, bytes: 610, ms: 159 })
  sender.renew(101)
  expect(sender.lag(101, 300)).toEqual({ entries: 0, bytes: 0, ms: 0 })
})

it('ships an entry while our own disk is busy with it, once, and takes an acknowledgement that is ahead of our disk', () => {
  const effects: Effect[] = []
  const sender = new Sender('s0', effect => void effects.push(effect))
  sender.startLevel('session', at(7), 0)
  const shipped = () =>
    effects.flatMap(effect => (effect.type === 'sendEntries' ? effect.entries.map(one => one.position.index) : []))
  sender.onPrepared(entry(8), 1)
  expect(shipped()).toEqual([8])
  sender.onAck(at(8))
  expect(sender.acked).toBe(8)
  sender.onAppended(entry(8), 2)
  expect(shipped()).toEqual([8])
  // nobody sent it
  sender.onAck(at(9))
  expect(sender.acked).toBe(8)
  // what was sent ahead and lost goes again, from our disk, when it has it
  sender.onPrepared(entry(9), 3)
  sender.tick(3000)
  sender.onAppended(entry(9), 3001)
  expect(shipped()).toEqual([8, 9, 9])
})
