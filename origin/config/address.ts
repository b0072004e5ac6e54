// A listening address: host:port, [v6]:port.
import { isIP, isIPv4 } from 'node:net'

export type Address = { readonly host: string; readonly port: number }

const PATTERN = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+|\*)):(\d{1,5})$/
const PORT_MAX = 65535

/** Null where the text is no host:port. */
export function parseAddress(text: string): Address | null {
  const match = PATTERN.exec(text)
  if (match === null) return null
  const [, v6, name, digits] = match
  const port = Number(digits)
  if (port < 1 || port > PORT_MAX) return null
  if (v6 !== undefined) return isIP(v6) === 6 ? { host: v6.toLowerCase(), port } : null
  return { host: (name ?? '').toLowerCase(), port }
}

export const formatAddress = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

export const sameAddress = (x: Address, y: Address): boolean => x.host === y.host && x.port === y.port

const WILDCARDS = new Set(['0.0.0.0', '::', '*', '::0', '0'])
export const isWildcard = ({ host }: Address): boolean => WILDCARDS.has(host)

export const isLoopback = ({ host }: Address): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))

const NETWORK = /^([0-9a-fA-F:.]+)(?:\/(0|[1-9][0-9]{0,2}))?$/

/** An IP address, or a network as ADDRESS/BITS. */
export function isNetwork(text: string): boolean {
  const match = NETWORK.exec(text)
  const version = isIP(match?.[1] ?? '')
  return version !== 0 && Number(match?.[2] ?? 0) <= (version === 4 ? 32 : 128)
}
