// The live stream of a dashboard that is left open: bounded in memory and in time, whatever its browser does.
import { afterEach, expect, it } from 'vitest'
import { LiveEvents } from '../../../origin/dashboard/events.ts'
import { until } from '../../cluster/cluster.ts'

let clock = 0
let drawings = 0
const draw = async (): Promise<ReadonlyMap<string, string>> => new Map([['light', `<p>${++drawings}</p>`]])
const live = (drawn = draw) =>
  new LiveEvents(
    drawn,
    () => clock,
    error => {
      throw error
    },
  )
let events = live()
afterEach(() => {
  events.close()
  clock = 0
  drawings = 0
  events = live()
})

it('a browser that reads nothing is skipped: nothing piles up for it', async () => {
  const response = events.open(60_000, new Headers())
  await until(() => drawings >= 8, 15_000, 'it was drawn again and again')
  const reader = response?.body?.getReader()
  events.close()
  let chunks = 0
  while (!(await reader?.read())?.done) chunks++
  expect(chunks).toBeLessThanOrEqual(5)
})

it('a browser that is gone is forgotten, and nothing is drawn for nobody', async () => {
  const response = events.open(60_000, new Headers())
  await until(() => drawings > 0, 5000, 'it was drawn')
  await response?.body?.cancel()
  expect(events.watchers).toBe(0)
  const before = drawings
  // the tick that finds nobody ends the timer; the next one who opens is drawn for at once
  events.open(60_000, new Headers())
  await until(() => drawings > before, 5000, 'it was drawn again')
  expect(events.watchers).toBe(1)
})

it('only so many watch, and each stream ends so that its session is looked at again', async () => {
  const opened = Array.from({ length: 40 }, () => events.open(60_000, new Headers()))
  expect(opened.filter(each => each !== null)).toHaveLength(32)
  clock = 60_001
  await until(() => events.watchers === 0, 5000, 'all ended')
  expect(events.open(60_000, new Headers())).not.toBeNull()
})
