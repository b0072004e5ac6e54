import { describe, expect, test } from 'vitest'
import { mayRebuild, NO_FAILURES, oneMore, type Pulse, suspect, WEDGED_MS } from '../../../replicator/queue/watchdog.ts'

const NOW = 100_000
const healthy: Pulse = {
  now: NOW,
  workerBuiltAt: 0,
  workerProgressAt: NOW - 1000,
  beatWaitsSince: null,
  queues: [NO_FAILURES, NO_FAILURES],
}
const silent: Pulse = { ...healthy, workerProgressAt: NOW - WEDGED_MS, beatWaitsSince: NOW - WEDGED_MS }

describe('the watchdog', () => {
  test('suspects a worker that takes no beat for long enough', () => {
    expect(suspect(healthy)).toBe('none')
    expect(suspect(silent)).toBe('worker')
    expect(suspect({ ...silent, now: NOW - 1 })).toBe('none')
  })

  test('gives a new worker, a new beat and any progress their time', () => {
    expect(suspect({ ...silent, workerBuiltAt: NOW - WEDGED_MS + 1 })).toBe('none')
    expect(suspect({ ...silent, beatWaitsSince: NOW - WEDGED_MS + 1 })).toBe('none')
    expect(suspect({ ...silent, workerProgressAt: NOW - WEDGED_MS + 1 })).toBe('none')
  })

  test('without a beat that waits there is nothing to be late: Redis may be gone', () => {
    expect(suspect({ ...silent, beatWaitsSince: null })).toBe('none')
  })

  test('suspects a queue whose adds fail in a row for long enough', () => {
    const first = oneMore(NO_FAILURES, 1000)
    const second = oneMore(first, 1000 + WEDGED_MS)
    const third = oneMore(second, 1001 + WEDGED_MS)
    expect(suspect({ ...healthy, queues: [NO_FAILURES, second] })).toBe('none')
    expect(suspect({ ...healthy, queues: [NO_FAILURES, third] })).toBe('queue')
    expect(suspect({ ...healthy, queues: [oneMore(oneMore(first, 1001), 1002), NO_FAILURES] })).toBe('none')
  })

  test('rebuilds what is suspected twice in a row', () => {
    expect(mayRebuild('none', 'worker')).toBe(false)
    expect(mayRebuild('worker', 'worker')).toBe(true)
    expect(mayRebuild('queue', 'worker')).toBe(false)
    expect(mayRebuild('none', 'none')).toBe(false)
  })
})
