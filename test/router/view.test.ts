// I8: whatever views arrive in whatever order, within a lineage they only move forward.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EdgeViews } from '../../router/edgeviews.ts'
import { newerView, type View } from '../../router/view.ts'

/** One record decided for each epoch of a lineage: two views that share both are equal. */
const viewOf = (lineage: string, epoch: number): View => ({
  lineage,
  epoch,
  primaries: { s0: epoch % 2 === 0 ? 'a' : 'b', s1: epoch % 3 === 0 ? 'a' : 'b' },
})
const view = fc
  .record({ lineage: fc.constantFrom('one', 'two'), epoch: fc.integer({ min: 1, max: 12 }) })
  .map(({ lineage, epoch }) => viewOf(lineage, epoch))
const sameLineage = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 })

test('the newest of a lineage wins, in whatever order and however often they come', () => {
  fc.assert(
    fc.property(sameLineage, sameLineage, (epochs, again) => {
      const fold = (list: readonly number[]): View | null =>
        list.reduce<View | null>((known, epoch) => newerView(known, viewOf('one', epoch)), null)
      const newest = Math.max(...epochs)
      expect(fold(epochs)).toEqual(viewOf('one', newest))
      expect(fold([...epochs, ...epochs.toReversed()])).toEqual(fold(epochs))
      expect(fold([...again, ...epochs])).toEqual(fold([...epochs, ...again]))
    }),
  )
})

test('a view never goes back and is never replaced by one of another lineage', () => {
  fc.assert(
    fc.property(fc.array(view, { minLength: 1 }), views => {
      let known: View | null = null
      for (const offered of views) {
        const next: View = newerView(known, offered)
        if (known !== null) expect([next.lineage, next.epoch >= known.epoch]).toEqual([known.lineage, true])
        known = next
      }
    }),
  )
})

test('an isolate changes the lineage only when nobody has spoken for the known one for five seconds', () => {
  const quietMs = 5000
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 8000 }), learns: fc.option(view) })
  fc.assert(
    fc.property(fc.array(step), steps => {
      const views = new EdgeViews()
      let now = 0
      let spokenAt = 0
      for (const { afterMs, learns } of steps) {
        now += afterMs
        const before = views.knows
        if (learns === null) views.confirmed(now)
        else views.learn(learns, now)
        const { knows } = views
        const changed = before !== null && knows?.lineage !== before.lineage
        if (changed) expect(now - spokenAt).toBeGreaterThanOrEqual(quietMs)
        else if (before !== null) expect(knows?.epoch).toBeGreaterThanOrEqual(before.epoch)
        if (learns === null || knows?.lineage === learns.lineage) spokenAt = now
      }
    }),
  )
})
