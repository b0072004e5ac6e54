import { expect, test } from 'vitest'
import { Waiters } from '../../replicator/waiters.ts'

test('those up to an index are told, in the order of their indexes', async () => {
  const waiters = new Waiters()
  const told: number[] = []
  for (const index of [3, 1, 2]) void waiters.wait(index).then(reached => told.push(reached ? index : -index))
  waiters.reached(2)
  await Promise.resolve()
  expect(told).toEqual([1, 2])
  waiters.settle(false)
  await Promise.resolve()
  expect(told).toEqual([1, 2, -3])
})

test('a bounded wait ends and leaves nothing behind', async () => {
  const waiters = new Waiters()
  expect(await waiters.within(1, 5)).toBe(false)
  expect(waiters.size).toBe(0)
  const reached = waiters.within(2, 60_000)
  waiters.reached(2)
  expect(await reached).toBe(true)
})
