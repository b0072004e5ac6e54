// How far a standby is behind, against a list of all that was appended.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LagMeter } from '../../../replicator/core/lag.ts'

it('is exact for what is remembered', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 200 }), fc.nat(), (sizes, where) => {
      const meter = new LagMeter()
      for (const [at, bytes] of sizes.entries()) meter.appended(10 + at, bytes, 100 * at)
      const last = 9 + sizes.length
      const there = 9 + (where % (sizes.length + 1))
      const missing = sizes.slice(there - 9)
      const now = 100 * sizes.length
      expect(meter.behind(there, last, now)).toEqual({
        entries: missing.length,
        bytes: missing.reduce((sum, bytes) => sum + bytes, 0),
        ms: missing.length === 0 ? 0 : now - 100 * (there - 9),
      })
    }),
  )
})

it('reckons what is older than it remembers, and keeps no more', () => {
  const meter = new LagMeter()
  for (let index = 1; index <= 100_000; index++) meter.appended(index, 10, index)
  expect(meter.behind(0, 100_000, 100_001)).toEqual({ entries: 100_000, bytes: 1_000_000, ms: 4096 })
})

it('forgets what another reign appended in between', () => {
  const meter = new LagMeter()
  for (let index = 1; index <= 5; index++) meter.appended(index, 1000, index)
  // indexes 6 to 9 are the other origin's
  meter.appended(10, 7, 50)
  expect(meter.behind(9, 10, 60)).toEqual({ entries: 1, bytes: 7, ms: 10 })
  expect(meter.behind(10, 10, 60)).toEqual({ entries: 0, bytes: 0, ms: 0 })
})
