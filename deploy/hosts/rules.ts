// What must hold between the settings of a cluster file; each rule names the setting to change.
import type { Fault } from '../../origin/config/sources.ts'
import type { CardAddress, ClusterFile } from './clusterfile.ts'

export function brokenRules(cluster: ClusterFile): Fault[] {
  return [...differentAddresses(cluster), ...oneNetworkEach(cluster), ...cardRules(cluster), ...numberRules(cluster)]
}

type Named = readonly [name: string, host: string]

function differentAddresses({ a, b, w, gateway }: ClusterFile): Fault[] {
  const all: Named[] = [
    ['a.external', a.external.address.host],
    ['a.internal', a.internal.address.host],
    ['a.vip', a.vip],
    ['b.external', b.external.address.host],
    ['b.internal', b.internal.address.host],
    ['b.vip', b.vip],
    ['w.internal', w.internal.address.host],
    ...(gateway === null ? [] : [['gateway', gateway] as const]),
  ]
  return all.flatMap(([name, host], at) => {
    const first = all.slice(0, at).find(([, other]) => other === host)
    return first === undefined ? [] : [{ name, value: host, allowed: `another address than ${first[0]}` }]
  })
}

/** Floating addresses and both external ones in one network, the internal ones in another. */
function oneNetworkEach({ a, b, w, gateway }: ClusterFile): Fault[] {
  const external = a.external.address
  const internal = a.internal.address
  const within = (name: string, host: string, network: CardAddress, whose: string): Fault[] =>
    inNetwork(host, network) ? [] : [{ name, value: host, allowed: `an address in the network of ${whose}` }]
  const apart = inNetwork(internal.host, external) || inNetwork(external.host, internal)
  return [
    ...within('b.external', b.external.address.host, external, 'a.external'),
    ...within('a.vip', a.vip, external, 'a.external'),
    ...within('b.vip', b.vip, external, 'a.external'),
    ...(gateway === null ? [] : within('gateway', gateway, external, 'a.external')),
    ...within('b.internal', b.internal.address.host, internal, 'a.internal'),
    ...within('w.internal', w.internal.address.host, internal, 'a.internal'),
    ...(apart
      ? [{ name: 'a.internal', value: internal.host, allowed: 'another network than that of a.external' }]
      : []),
  ]
}

/** One card for both would end mirror and service together. */
const cardRules = (cluster: ClusterFile): Fault[] =>
  (['a', 'b'] as const).flatMap(name => {
    const { internal, external } = cluster[name]
    if (internal.name !== external.name) return []
    return [{ name: `${name}.internal_card`, value: internal.name, allowed: `another card than ${name}.external_card` }]
  })

function numberRules({ ports, vrrp }: ClusterFile): Fault[] {
  const names = Object.entries(ports)
  const same = names.flatMap(([name, port], at) => {
    const first = names.slice(0, at).find(([, other]) => other === port)
    return first === undefined
      ? []
      : [{ name: `ports.${name}`, value: String(port), allowed: `another port than ports.${first[0]}` }]
  })
  const [a, b] = vrrp
  return a === b ? [...same, { name: 'vrrp', value: `${a}, ${b}`, allowed: 'two different numbers' }] : same
}

const toNumber = (host: string): number => host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

function inNetwork(host: string, { host: other, bits }: CardAddress): boolean {
  const size = 2 ** (32 - bits)
  return Math.floor(toNumber(host) / size) === Math.floor(toNumber(other) / size)
}
