// Who holds which floating address, and what is wrong with that.
import { describe, expect, it } from 'vitest'
import { complaint, holdings, type Trouble } from '../../../origin/dashboard/holders.ts'

const [OF_A, OF_B] = ['192.0.2.21', '192.0.2.22']

/** What an origin says that holds these. */
const account = (name: 'a' | 'b', held: readonly string[], state = 'serving') => ({
  name,
  state,
  addresses: [
    { address: OF_A, home: 'a' as const, held: held.includes(OF_A) },
    { address: OF_B, home: 'b' as const, held: held.includes(OF_B) },
  ],
})
type Account = ReturnType<typeof account>

describe("a's address", () => {
  it.each<[string, Trouble | null, Account[]]>([
    ['at home', null, [account('a', [OF_A]), account('b', [OF_B])]],
    ['on both', 'held twice', [account('a', [OF_A]), account('b', [OF_A, OF_B])]],
    ['on both, one of them fenced', 'held twice', [account('a', [OF_A], 'fenced'), account('b', [OF_A, OF_B])]],
    ['on none', 'held by nobody', [account('a', []), account('b', [OF_B])]],
    ['on a host without a lease', 'holder cannot serve', [account('a', [OF_A], 'fenced'), account('b', [OF_B])]],
    ['on a copy that is behind', 'holder cannot serve', [account('a', []), account('b', [OF_A], 'rejoining')]],
    ['on the other host', 'away from home', [account('a', []), account('b', [OF_A, OF_B])]],
    ['on the other host, the only one that answers', 'away from home', [account('b', [OF_A, OF_B])]],
    ['on no host that answers: the silent one may hold it', null, [account('b', [OF_B])]],
  ])('%s', (_, trouble, accounts) => {
    const [first] = holdings(accounts)
    expect(first).toMatchObject({ address: OF_A, home: 'a', trouble })
    if (first !== undefined) expect(complaint(first) === null).toBe(trouble === null || trouble === 'away from home')
  })
})

it('a complaint names the address and its holders', () => {
  const told = (...accounts: Account[]) => holdings(accounts).flatMap(each => complaint(each) ?? [])
  expect(told(account('a', [OF_A]), account('b', [OF_A]))).toEqual([
    `${OF_A} is held twice, by a and b: its clients lose packets.`,
    `${OF_B} is held by nobody: its clients reach no host.`,
  ])
  expect(told(account('a', [OF_A], 'isolated'), account('b', [OF_B]))).toEqual([
    `${OF_A} is held by a, which is isolated.`,
  ])
})

it('says nothing where none are configured', () => {
  const none = { name: 'a', state: 'serving', addresses: [] }
  expect(holdings([none, { ...none, name: 'b' }])).toEqual([])
})
