import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { A_MS, BURST, Turns } from '../../router/turns.ts'

describe('turns', () => {
  it('lets a burst go at once, the others after one another, and nobody before an earlier one', () => {
    const turns = new Turns()
    const at = Array.from({ length: BURST + 10 * A_MS }, () => turns.take(1000))
    expect(at.filter(each => each === 1000)).toHaveLength(BURST)
    expect(at.at(-1)).toBeCloseTo(1010, 6)
    expect(at).toEqual([...at].sort((x, y) => x - y))
    expect([turns.pending(1009), turns.pending(1010.5)]).toEqual([true, false])
  })

  it('never lets more go within a time than burst and rate allow, in whatever order they come', () => {
    const steps = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 3000 })
    fc.assert(
      fc.property(steps, waits => {
        const turns = new Turns()
        let now = 0
        let last = Number.NEGATIVE_INFINITY
        const going: number[] = []
        for (const wait of waits) {
          if (wait > 17) now += wait
          const at = turns.take(now)
          expect(at).toBeGreaterThanOrEqual(Math.max(now, last))
          going.push(at)
          last = at
        }
        for (let from = 0; from + BURST + 1 < going.length; from++)
          expect((going[from + BURST + 1] ?? 0) - (going[from] ?? 0)).toBeGreaterThan(0)
      }),
      { numRuns: 20 },
    )
  })
})
