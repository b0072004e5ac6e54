// Who holds which floating address, by both hosts' own accounts, and what is wrong with that. Pure; the command line shows it too.
import { ORIGINS } from '../../router/words.ts'
import type { AddressHere } from '../host/addresses.ts'

export type Trouble = 'held twice' | 'held by nobody' | 'holder cannot serve' | 'away from home'

export type Holding = {
  readonly address: string
  readonly home: string
  /** those who say that they hold it */
  readonly holders: readonly { readonly name: string; readonly state: string }[]
  /** null also where a host that may hold it is silent */
  readonly trouble: Trouble | null
}

type Account = { readonly name: string; readonly state: string; readonly addresses: readonly AddressHere[] }

export function holdings(accounts: readonly Account[]): readonly Holding[] {
  const told = accounts.flatMap(({ name, state, addresses }) => addresses.map(each => ({ ...each, name, state })))
  return [...new Set(told.map(({ address }) => address))].flatMap(address => {
    const of = told.filter(each => each.address === address)
    const holders = of.filter(({ held }) => held).map(({ name, state }) => ({ name, state }))
    const [first] = of
    return first === undefined
      ? []
      : [{ address, home: first.home, holders, trouble: troubleOf(first.home, holders, of.length === ORIGINS.length) }]
  })
}

/** The worst of it. */
function troubleOf(home: string, holders: Holding['holders'], allSpoke: boolean): Trouble | null {
  const [holder, ...more] = holders
  if (holder === undefined) return allSpoke ? 'held by nobody' : null
  if (more.length > 0) return 'held twice'
  // Rejoining, fenced or isolated: clients come to a host that has no lease, and asks or waits for the other one.
  if (holder.state !== 'serving') return 'holder cannot serve'
  return holder.name === home ? null : 'away from home'
}

/** For a person; of an address that is merely away from home its host tells. */
export function complaint({ address, holders, trouble }: Holding): string | null {
  switch (trouble) {
    case 'held twice':
      return `${address} is held twice, by ${holders.map(({ name }) => name).join(' and ')}: its clients lose packets.`
    case 'held by nobody':
      return `${address} is held by nobody: its clients reach no host.`
    case 'holder cannot serve':
      return `${address} is held by ${holders.map(({ name, state }) => `${name}, which is ${state}`).join()}.`
    case 'away from home':
    case null:
      return null
  }
}
