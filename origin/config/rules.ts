// What must hold between settings; each rule names the setting to change.
import { type Address, formatAddress, isLoopback, isWildcard, sameAddress } from './address.ts'
import type { Fields } from './fields.ts'
import type { Fault } from './sources.ts'

/** The standby's promise must outlast the primary's lease by as much as two clocks may drift apart, and more. */
const GRACE_TO_LEASE_MIN = 1.3
/** Two heartbeats may be lost before a lease is. */
const LEASE_TO_HEARTBEAT_MIN = 3

export function brokenRules(fields: Fields): Fault[] {
  return [
    ...addressRules(fields),
    ...registerRules(fields),
    ...timeRules(fields),
    ...secretRules(fields),
    ...togetherRules(fields),
    ...peerRules(fields),
  ]
}

function addressRules(fields: Fields): Fault[] {
  const { TANDEM_PUBLIC: publicly, TANDEM_PRIVATE: privately } = fields
  const fault = (name: string, value: Address, allowed: string): Fault => ({
    name,
    value: formatAddress(value),
    allowed,
  })
  const faults: Fault[] = []
  if (isWildcard(privately)) {
    faults.push(fault('TANDEM_PRIVATE', privately, 'the address of one internal card, not a wildcard'))
  } else if (sameAddress(publicly, privately) || (publicly.host === privately.host && !isLoopback(privately))) {
    faults.push(fault('TANDEM_PRIVATE', privately, 'another address than TANDEM_PUBLIC'))
  } else if (isWildcard(publicly) && publicly.port === privately.port) {
    faults.push(fault('TANDEM_PRIVATE', privately, 'another port than the one that TANDEM_PUBLIC takes on every card'))
  }
  if (fields.TANDEM_TOKENS === undefined && !isLoopback(publicly)) {
    faults.push(
      fault(
        'TANDEM_PUBLIC',
        publicly,
        'a loopback address while TANDEM_TOKENS is not set: without tokens all may write',
      ),
    )
  }
  if (peerIsSelf(fields.TANDEM_PEER, privately)) {
    faults.push({
      name: 'TANDEM_PEER',
      value: fields.TANDEM_PEER,
      allowed: "the peer's private address, not this origin's own",
    })
  }
  return faults
}

const peerIsSelf = (peer: string, privately: Address): boolean =>
  new URL(peer).origin === URL.parse(`http://${formatAddress(privately)}`)?.origin

/** Two votes on one disk would be no majority. */
function registerRules({ TANDEM_REGISTERS: registers }: Fields): Fault[] {
  const texts = registers.map(formatAddress)
  if (new Set(texts).size === texts.length) return []
  return [{ name: 'TANDEM_REGISTERS', value: texts.join(','), allowed: 'three different addresses' }]
}

/** One secret for both would make every viewer an operator. */
function secretRules({ TANDEM_SECRET: secret, TANDEM_VIEWER_SECRET: viewer }: Fields): Fault[] {
  if (viewer !== secret) return []
  return [{ name: 'TANDEM_VIEWER_SECRET', value: '(hidden)', allowed: 'another secret than TANDEM_SECRET' }]
}

/** Half of what belongs together would be taken for none of it. */
const TOGETHER = [
  // an address that nobody watches over would stay where nothing serves
  ['TANDEM_ADDRESSES', 'TANDEM_FIT_FILE', 'TANDEM_UNFIT_FILE'],
  ['TANDEM_TLS_CERT', 'TANDEM_TLS_KEY'],
  ['TANDEM_PRIVATE_TLS_CERT', 'TANDEM_PRIVATE_TLS_KEY', 'TANDEM_PRIVATE_TLS_CA'],
] as const

function togetherRules(fields: Fields): Fault[] {
  return TOGETHER.flatMap(names => {
    const unset = names.filter(name => fields[name] === undefined)
    if (unset.length === 0 || unset.length === names.length) return []
    const set = names.filter(name => fields[name] !== undefined).join(' and ')
    return unset.map(name => ({ name, value: '(not set)', allowed: `set where ${set} is` }))
  })
}

/** The peer's listener is as this one's: plain words to it would be refused. */
function peerRules({ TANDEM_PEER: peer, TANDEM_PRIVATE_TLS_CERT: cert }: Fields): Fault[] {
  if (cert === undefined || peer.startsWith('https://')) return []
  return [{ name: 'TANDEM_PEER', value: peer, allowed: 'https://, as TANDEM_PRIVATE_TLS_CERT is set' }]
}

function timeRules(fields: Fields): Fault[] {
  const {
    TANDEM_HEARTBEAT_MS: heartbeatMs,
    TANDEM_LEASE_MS: leaseMs,
    TANDEM_GRACE_MS: graceMs,
    TANDEM_PARK_MS: parkMs,
  } = fields
  const heartbeatMsMax = Math.floor(leaseMs / LEASE_TO_HEARTBEAT_MIN)
  const graceMsMin = Math.ceil((leaseMs * (GRACE_TO_LEASE_MIN * 10)) / 10)
  const faults: Fault[] = []
  const fault = (name: string, value: number, allowed: string): void => {
    faults.push({ name, value: String(value), allowed })
  }
  if (heartbeatMs > heartbeatMsMax) {
    fault('TANDEM_HEARTBEAT_MS', heartbeatMs, `at most ${heartbeatMsMax}: a third of TANDEM_LEASE_MS (${leaseMs})`)
  }
  if (graceMs < graceMsMin) {
    fault(
      'TANDEM_GRACE_MS',
      graceMs,
      `at least ${graceMsMin}: ${GRACE_TO_LEASE_MIN} times TANDEM_LEASE_MS (${leaseMs})`,
    )
  }
  if (parkMs <= graceMs + leaseMs) {
    fault(
      'TANDEM_PARK_MS',
      parkMs,
      `more than ${graceMs + leaseMs}: TANDEM_GRACE_MS + TANDEM_LEASE_MS, or a takeover outlasts it`,
    )
  }
  return faults
}
