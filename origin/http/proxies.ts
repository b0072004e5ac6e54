// Which proxies in front of an origin are believed when they say for whom they ask (TANDEM_TRUSTED_PROXIES).

import { BlockList, isIP } from 'node:net'
import type { Client } from '../../router/hopbyhop.ts'
import type { Incoming } from './answerheads.ts'

/** A chain of more hops is a loop or a forgery. */
const HOPS_MAX = 16

export type ProxyTrust = (incoming: Incoming) => Client

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** `list` holds addresses and networks (CIDR), as the configuration has checked. @param spoken on this listener */
export function proxyTrust(list: readonly string[], spoken: 'http' | 'https' = 'http'): ProxyTrust {
  const trusted = new BlockList()
  for (const one of list) {
    const [address = '', bits] = one.split('/')
    if (bits === undefined) trusted.addAddress(address, familyOf(address))
    else trusted.addSubnet(address, Number(bits), familyOf(address))
  }
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, familyOf(address))

  return incoming => {
    const remote = plain(incoming.socket.remoteAddress ?? null)
    if (list.length === 0 || remote === null || !isTrusted(remote))
      return { address: remote, proto: spoken, proxy: null }
    const said = incoming.headers['x-forwarded-proto']
    const proto = said === 'https' || said === 'http' ? said : spoken
    return { address: firstStranger(incoming.headers['x-forwarded-for'], isTrusted) ?? remote, proto, proxy: remote }
  }
}

/** From the nearest hop on, the first that is no proxy of ours: what stands before it is that one's own claim. */
function firstStranger(header: string | string[] | undefined, isTrusted: (address: string) => boolean): string | null {
  const hops = (typeof header === 'string' ? header : (header ?? []).join(',')).split(',').slice(-HOPS_MAX)
  let found: string | null = null
  for (const hop of hops.reverse()) {
    const address = plain(hop.trim())
    if (address === null || isIP(address) === 0) return found
    found = address
    if (!isTrusted(address)) return found
  }
  return found
}

/** An IPv4 client of a socket that listens on IPv6 too. */
const plain = (address: string | null): string | null =>
  address?.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
