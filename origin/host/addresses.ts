// Which floating addresses are on this host's cards now: what its kernel says, whatever keepalived or the origin believe.
import { networkInterfaces } from 'node:os'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import type { Floating } from '../config.ts'

export type AddressHere = {
  readonly address: string
  readonly home: OriginName
  /** by this host, now */
  readonly held: boolean
}

/** An address on a card that is down, or has no carrier, counts as none: nobody is reached by it. */
export const isHere = (address: string): boolean =>
  Object.values(networkInterfaces()).some(card => card?.some(each => each.address === address))

/** Both, in the same order on either host; none where none are configured. */
export const addressesHere = (floating: Floating | null, name: OriginName): readonly AddressHere[] =>
  floating === null
    ? []
    : ORIGINS.map(home => {
        const address = home === name ? floating.home : floating.guest
        return { address, home, held: isHere(address) }
      })
