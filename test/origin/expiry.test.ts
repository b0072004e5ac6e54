// The sweep: what is due goes, in bounded steps, only where this origin serves, and a refusal is no end of it.
import { expect, onTestFinished, test, vi } from 'vitest'
import { EXPIRED_AT_ONCE, EXPIRY_LOOK_MS, Expiry } from '../../origin/expiry.ts'
import type { WriteAnswer } from '../../origin/http/ports.ts'
import type { WriteCommand } from '../../replicator/store/command.ts'
import type { ShardName } from '../../router/words.ts'

type Told = (shard: ShardName, command: WriteCommand & { readonly op: 'expire' }) => WriteAnswer | undefined

/** Documents of s0 that are due, and what a sweep of them asked for. */
function sweep(keys: string[], told?: Told) {
  const asked: string[][] = []
  const errors: unknown[] = []
  const serving = { s0: true, s1: true }
  const gone = (count: number): WriteAnswer => ({
    kind: 'outcome',
    outcome: { kind: 'expired', count },
    durability: 'mirrored',
    reign: 1,
  })
  const expiry = new Expiry({
    documents: {
      write: async (shard, command) => {
        if (command.op !== 'expire') throw new Error(command.op)
        asked.push([...command.keys])
        const answer = told?.(shard, command)
        if (answer !== undefined) return answer
        const due = command.keys.filter(key => keys.includes(key))
        keys = keys.filter(key => !due.includes(key))
        return gone(due.length)
      },
    },
    serves: shard => serving[shard],
    due: (shard, at, limit) => (shard === 's0' && at === 77 ? keys.slice(0, limit) : []),
    now: () => 77,
    onError: error => void errors.push(error),
  })
  return { expiry, asked, errors, serving, left: () => keys.length }
}

function clock(): void {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
}
const looks = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * EXPIRY_LOOK_MS)

test('all that is due goes with one look, in steps', async () => {
  clock()
  const { expiry, asked, left } = sweep(Array.from({ length: 2 * EXPIRED_AT_ONCE + 3 }, (_, n) => `c/${n}`))
  await looks(1)
  expect([asked.map(keys => keys.length), left()]).toEqual([[EXPIRED_AT_ONCE, EXPIRED_AT_ONCE, 3], 0])
  await looks(3)
  expect(asked.length).toBe(3)
  await expiry.close()
})

test('nothing is asked where another origin serves', async () => {
  clock()
  const { expiry, asked, serving } = sweep(['c/1'])
  serving.s0 = false
  await looks(2)
  expect(asked).toEqual([])
  serving.s0 = true
  await looks(1)
  expect(asked).toEqual([['c/1']])
  await expiry.close()
})

test('what is refused, or failed, is asked again with the next look, not at once', async () => {
  clock()
  const answers: WriteAnswer[] = [
    { kind: 'unavailable', why: 'the disk' },
    { kind: 'unknown', why: 'the reign is over', reign: 1 },
  ]
  const { expiry, asked, errors, left } = sweep(['c/1'], () => {
    const answer = answers.shift()
    if (asked.length === 3) throw new Error('a fault')
    return answer
  })
  await looks(3)
  expect([asked.length, errors.length, left()]).toEqual([3, 1, 1])
  await looks(1)
  expect(left()).toBe(0)
  await expiry.close()
})

test('after its end nothing is looked at', async () => {
  clock()
  const { expiry, asked } = sweep(['c/1'])
  await expiry.close()
  await looks(3)
  expect(asked).toEqual([])
})
