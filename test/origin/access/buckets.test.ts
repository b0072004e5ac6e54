// Buckets against what they promise: never more than the quota at once, never more than the rate in the long run, and
// what they say of the next moment is true.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Buckets } from '../../../origin/access/buckets.ts'
import { networkOf } from '../../../origin/access/network.ts'

describe('Buckets', () => {
  it('admits the quota at once, and then as they fill', () => {
    let now = 0
    const buckets = new Buckets({ quota: 3, windowMs: 1_000 }, () => now)
    expect([1, 2, 3].map(() => buckets.take('x').admitted)).toEqual([true, true, true])
    const refused = buckets.take('x')
    expect([refused.admitted, refused.remaining]).toEqual([false, 0])
    expect(buckets.take('y').admitted).toBe(true)
    now += refused.nextMs - 1
    expect(buckets.take('x').admitted).toBe(false)
    now += 1.001
    expect(buckets.take('x').admitted).toBe(true)
  })

  it('never admits more than quota and rate allow, whatever the times', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (quota, waits) => {
        let now = 0
        const buckets = new Buckets({ quota, windowMs: 2_000 }, () => now)
        let admitted = 0
        for (const waitMs of waits) {
          now += waitMs
          const taken = buckets.take('x')
          if (taken.admitted) admitted += 1
          expect(taken.remaining).toBeLessThanOrEqual(quota)
          expect(taken.nextMs).toBeGreaterThan(0)
        }
        expect(admitted).toBeLessThanOrEqual(quota + (now * quota) / 2_000 + 1e-6)
      }),
    )
  })

  it('remembers no more clients than it has room for: the one unused for longest goes', () => {
    const buckets = new Buckets({ quota: 1, windowMs: 60_000 }, () => 0, 3)
    for (const client of ['a', 'b', 'c', 'a', 'd']) buckets.take(client)
    expect(buckets.clients).toBe(3)
    expect(buckets.take('a').admitted).toBe(false)
    expect(buckets.take('b').admitted).toBe(true)
  })
})

describe('networkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:DB8::9', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0'],
    [null, 'unknown'],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
