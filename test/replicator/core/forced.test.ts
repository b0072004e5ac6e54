// Who may be made primary by force: what forbids it, and what is told where it needs no force.
import { expect, test } from 'vitest'
import { whyNotForced } from '../../../replicator/core/forced.ts'
import { NEWS_MS } from '../../../replicator/core/limits.ts'
import type { State } from '../../../replicator/core/state.ts'
import { alonePair, RECORD } from './alone.ts'

const MEMBERS = [
  { name: 'a', store: 'store-a' },
  { name: 'b', store: 'store-b' },
] as const

function stateWith(members: readonly (typeof MEMBERS)[number][]): State {
  const { state } = alonePair()
  state.record = { ...RECORD, members: [...members] }
  return state
}

test('a member takes over by itself, and the only one has nothing to take: neither is forced', () => {
  expect(whyNotForced(stateWith(MEMBERS))).toMatch(/takes over by itself/)
  expect(whyNotForced(alonePair().state)).toMatch(/only member already/)
})

test('a store that is no member may be, unless its peer was heard of by a register of late', () => {
  const state = stateWith([MEMBERS[1]])
  expect(whyNotForced(state)).toBeNull()
  state.registers.calls.set('w', { at: 0, ago: { a: 0, b: NEWS_MS } })
  expect(whyNotForced(state)).toMatch(/lives: it called register w/)
  state.now = 1
  expect(whyNotForced(state)).toBeNull()
})
