import { describe, expect, it } from 'vitest'
import { hostMac } from '../../origin/http/mac.ts'
import { Minter, sealed, unsealed } from '../../router/minted.ts'
import { createSeal } from '../../router/seal.ts'

describe('a minted key', () => {
  it('is unique, and in the order of time', () => {
    let now = 1_700_000_000_000
    const minter = new Minter('0123456789abcdef', () => now)
    const keys = Array.from({ length: 100 }, (_, n) => {
      if (n % 10 === 9) now += 1.5
      return minter.mint()
    })
    expect(new Set(keys.map(key => key.scope)).size).toBe(100)
    const times = keys.map(key => key.scope.slice(0, 13))
    expect(times).toEqual([...times].sort())
    expect(keys[0]).toEqual({ scope: 'm018bcfe56800-0123456789abcdef-0', mintedAt: 1_700_000_000_000 })
  })

  it('is believed under the seal of the cluster alone', async () => {
    const seal = createSeal(hostMac('secret'))
    const key = new Minter('0123456789abcdef', () => 1_700_000_000_000).mint()
    const header = await sealed(key, seal)
    expect(await unsealed(header, seal)).toEqual(key)
    expect(await unsealed(header, createSeal(hostMac('another')))).toBeNull()
    const flipped = header.replace('m018', 'm019')
    const bad = ['', '.', 'x', key.scope, `${key.scope}.`, `${header}x`, header.slice(0, -1), ` ${header}`, flipped]
    for (const text of bad) expect([text, await unsealed(text, seal)]).toEqual([text, null])
  })

  it('needs a proper name of its router', () => {
    for (const name of ['', 'short', 'with space', 'x'.repeat(65)])
      expect(() => new Minter(name, Date.now)).toThrow(RangeError)
  })
})
