// What counts as one client among addresses: an IPv4 address, or the /64 that one IPv6 subscriber is given.
import { isIPv6 } from 'node:net'

const HALVES = 4

/** A text for each; all that is no address is one client. */
export function networkOf(address: string | null): string {
  if (address === null) return 'unknown'
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const before = groups(head)
  const missing = tail === undefined ? 0 : 8 - before.length - groups(tail).length
  const all = [...before, ...Array<string>(missing).fill('0'), ...groups(tail ?? '')]
  return all
    .slice(0, HALVES)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}

/** The last one may be an IPv4 address, worth two; it is in the half that does not count. */
const groups = (text: string): string[] =>
  text === '' ? [] : text.split(':').flatMap(group => (group.includes('.') ? ['0', '0'] : [group]))
