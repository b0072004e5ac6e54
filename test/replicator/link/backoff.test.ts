// When to dial again, and how seldom to complain.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redialDelayMs } from '../../../replicator/link/backoff.ts'
import { createComplaints } from '../../../replicator/link/complaints.ts'
import { memoryLog } from './hosts.ts'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('redialDelayMs', () => {
  it('is none at first, then within 100 ms to 1 s', () => {
    fc.assert(
      fc.property(fc.nat(), chance, (failures, drawn) => {
        const delayMs = redialDelayMs(failures + 1, drawn)
        expect(delayMs).toBeGreaterThanOrEqual(100)
        expect(delayMs).toBeLessThanOrEqual(1000)
        expect(redialDelayMs(0, drawn)).toBe(0)
      }),
    )
  })

  it('grows, whatever chance says', () => {
    for (const failures of [1, 2]) expect(redialDelayMs(failures, 0.999)).toBeLessThan(redialDelayMs(failures + 1, 0))
  })
})

describe('complaints', () => {
  it('are made once in 30 s for each kind, and count what they withheld', () => {
    const { log, lines } = memoryLog()
    let nowMs = 0
    const complaints = createComplaints(log, () => nowMs)
    for (nowMs = 0; nowMs < 30_000; nowMs += 500) complaints.make('secret', {}, 'no')
    complaints.make('version', {}, 'no')
    complaints.make('secret', {}, 'no')
    expect(lines.map(line => [line.fields.complaint, line.fields.withheld])).toEqual([
      ['secret', 0],
      ['version', 0],
      ['secret', 59],
    ])
  })

  it('are news again soon after a success', () => {
    const { log, lines } = memoryLog()
    let nowMs = 0
    const complaints = createComplaints(log, () => nowMs)
    for (nowMs = 0; nowMs < 10_000; nowMs += 100) {
      complaints.make('unreachable', {}, 'no')
      complaints.settle()
    }
    expect(lines).toHaveLength(5)
  })
})
