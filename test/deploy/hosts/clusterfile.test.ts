// A cluster file is read whole: what is right is understood, and everything that is wrong is listed at once.
import { expect, test } from 'vitest'
import { readCluster } from '../../../deploy/hosts/clusterfile.ts'
import { originFaults } from '../../../deploy/hosts/originenv.ts'
import { CLUSTER, cluster, SECRETS } from './material.ts'

const faultsOf = (text: string): readonly string[] => {
  const read = readCluster(text)
  return read.kind === 'faults' ? read.faults.map(({ name, value, allowed }) => `${name}: ${value}: ${allowed}`) : []
}

test('a right one is read, with what it leaves out', () => {
  expect(cluster()).toMatchObject({
    name: 'tandem',
    secrets: 'secrets',
    gateway: '192.0.2.1',
    addresses: 'keepalived',
    a: { external: { name: 'ext', address: { host: '192.0.2.11', bits: 24 } }, vip: '192.0.2.21' },
    w: { internal: { name: 'int', address: { host: '10.77.0.13', bits: 24 } } },
    ports: { public: 80, private: 7101, queue: 7201, register: 7221, sentinel: 7301 },
    vrrp: [51, 52],
    origin: {},
  })
})

test('every fault of form is listed at once, with its place and what is allowed', () => {
  const wrong = CLUSTER.replace('"192.0.2.11/24"', '"192.0.2.11"')
    .replace('vip = "192.0.2.22"', 'vip = "here"\nvips = 3')
    .replace('tokens = "tokens.json"\n', '')
  const listed = faultsOf(`addresses = "ucarp"\n${wrong}\n[ports]\npublic = 0\n`)
  expect(listed).toEqual(
    expect.arrayContaining([
      'tokens: (not set): a path',
      'addresses: ucarp: keepalived or pacemaker',
      'a.external: 192.0.2.11: an IPv4 address with the length of its network, like 192.0.2.11/24',
      'b.vip: here: an IPv4 address',
      'b.vips: (hidden): no setting has this name',
      'ports.public: 0: a port, 1 to 65535',
    ]),
  )
  expect(listed).toHaveLength(6)
})

test('what does not fit together is listed at once', () => {
  const wrong = CLUSTER.replace('vip = "192.0.2.22"', 'vip = "198.51.100.22"')
    .replace('vip = "192.0.2.21"', 'vip = "192.0.2.12"')
    .replace('10.77.0.13/24', '10.78.0.13/24')
    .replace('internal_card = "int"', 'internal_card = "ext"')
  expect(faultsOf(`vrrp = [7, 7]\n${wrong}\n[ports]\nqueue = 7221\n`).map(line => line.split(':')[0])).toEqual([
    'b.external',
    'b.vip',
    'w.internal',
    'a.internal_card',
    'ports.register',
    'vrrp',
  ])
})

test('what is no TOML is told by its line', () => {
  expect(faultsOf('[a\n')).toEqual([expect.stringMatching(/^cluster file: line 1, column \d+: valid TOML$/)])
})

test('settings of the origin are checked by its own rules', () => {
  const wrong = cluster(`${CLUSTER}\n[origin]\nTANDEM_GRACE_MS = 900\nTANDEM_LEESE = 1\n`)
  expect(originFaults(cluster(), 'a', SECRETS)).toEqual([])
  expect(originFaults(wrong, 'a', SECRETS).map(fault => fault.name)).toEqual([
    'origin.TANDEM_LEESE of a',
    'origin.TANDEM_GRACE_MS of a',
  ])
})
