// What keeps a host from being ready: nobody may be told that all is well while a shard has no primary.
import { describe, expect, it } from 'vitest'
import { stateOf, whyNotReady } from '../../origin/status.ts'
import type { Pair } from '../../replicator/core/pair.ts'
import { answered, decided, HELLO_OF_B, mirroredPair, reigns, says } from '../replicator/core/mirrored.ts'

/** Both members are there, each reigns over its half, a within its lease. */
function whole(): Pair {
  const pair = mirroredPair()
  answered(pair, 0, 5, { granted: true, reads: false })
  expect(whyNotReady(pair.state, 10)).toEqual([])
  return pair
}

const STARTED_AGAIN = 'has started again: who reigns is not decided yet'

describe('a host is not ready while the record names a process that is gone', () => {
  it('its peer that has started again, though the peer answers', () => {
    const pair = whole()
    pair.step(10, { type: 'linkDown', session: 'one', why: 'closed' })
    pair.step(10, { type: 'linkUp', session: 'one' })
    says(pair, 10, { ...HELLO_OF_B, incarnation: 'b-next-life' })
    expect(stateOf(pair.state, 10)).toBe('serving')
    expect(whyNotReady(pair.state, 10)).toEqual([`s1: its primary, b, ${STARTED_AGAIN}`])
    const { record } = pair.state
    if (record === null) throw new Error('no record')
    const s1 = { ...record.primaries.s1, incarnation: 'b-next-life', since: 6 }
    decided(pair, 20, { ...record, epoch: 6, primaries: { ...record.primaries, s1 }, why: 'recover' })
    expect(whyNotReady(pair.state, 20)).toEqual([])
  })

  it('itself that has started again, though its peer answers', () => {
    const ofTheFormerLife = { ...reigns('a', 'b').s0, incarnation: 'a-former-life' }
    const pair = mirroredPair({ ...reigns('a', 'b'), s0: ofTheFormerLife })
    pair.state.shards.s0.reign = null
    expect(whyNotReady(pair.state, 10)).toEqual([`s0: its primary, a, ${STARTED_AGAIN}`])
  })

  it('its peer that is silent', () => {
    const pair = whole()
    pair.step(10, { type: 'linkDown', session: 'one', why: 'closed' })
    expect(whyNotReady(pair.state, 10)).toEqual(['s1: its primary, b, does not answer'])
  })
})
