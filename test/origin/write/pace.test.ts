// When a group goes, judged by numbers alone.
import { expect, test } from 'vitest'
import { Pace, WAIT_MS_MAX } from '../../../origin/write/pace.ts'

/** A pace at which so many writes came together, and groups took so long. */
function paceOf(together: number, tookMs: number): Pace {
  const pace = new Pace()
  pace.waitMs(together, 0)
  pace.goes(together)
  for (let n = 0; n < 50; n++) pace.took(tookMs)
  return pace
}

test('no wait is longer than its bound, though a group waited for a takeover', () => {
  expect(paceOf(100, 5).waitMs(1, 0)).toBe(2)
  expect(paceOf(100, 5000).waitMs(1, 0)).toBeLessThanOrEqual(WAIT_MS_MAX)
})

test('where groups are quick nobody waits: there is nothing to save', () => {
  expect(paceOf(100, 1.9).waitMs(1, 0)).toBe(0)
})

test('a burst is forgotten: who then is alone waits only a few times', () => {
  const pace = paceOf(100, 10)
  let waits = 0
  for (let n = 0; n < 50; n++) {
    if (pace.waitMs(1, 0) !== 0) waits++
    pace.goes(1)
  }
  expect(waits).toBeLessThan(20)
  expect(pace.waitMs(1, 0)).toBe(0)
})

test('two clients that take turns are two: the one that is there goes as soon as it is most of them', () => {
  const pace = paceOf(2, 11)
  expect(pace.waitMs(1, 0)).toBe(5)
  expect(pace.waitMs(2, 0)).toBe(0)
})

test('beside a group that is on its way waits whatever is smaller, or not twice as large where groups take their time', () => {
  const quick = paceOf(8, 1.9)
  expect(quick.waitMs(3, 4)).toBeNull()
  expect(quick.waitMs(4, 4)).toBe(0)
  const pace = paceOf(8, 10)
  expect(pace.waitMs(7, 4)).toBeNull()
  expect(pace.waitMs(8, 4)).toBe(0)
})
