import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../origin/config.ts'
import { proxyTrust } from '../../../origin/http/proxies.ts'
import type { Client } from '../../../router/hopbyhop.ts'

const clientOf = (trusted: readonly string[], remote: string, headers: Record<string, string> = {}): Client => {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: remote })
  const incoming = new IncomingMessage(socket)
  Object.assign(incoming.headers, headers)
  return proxyTrust(trusted)(incoming)
}

describe('who asks', () => {
  const claims = { 'x-forwarded-for': '203.0.113.1, 10.0.0.9', 'x-forwarded-proto': 'https' }

  it('is the other end of the connection, unless that is a trusted proxy', () => {
    expect(clientOf([], '192.0.2.1', claims)).toEqual({ address: '192.0.2.1', proto: 'http', proxy: null })
    expect(clientOf(['10.0.0.0/8'], '192.0.2.1', claims)).toEqual({ address: '192.0.2.1', proto: 'http', proxy: null })
    expect(clientOf(['10.0.0.0/8'], '::ffff:10.0.0.1', claims)).toEqual({
      address: '203.0.113.1',
      proto: 'https',
      proxy: '10.0.0.1',
    })
    expect(clientOf(['2001:db8::/32'], '2001:db8::1').proxy).toBe('2001:db8::1')
  })

  it('is the first that is no proxy of ours, from the nearest hop on: what stands before is a claim', () => {
    const via = (chain: string): string | null =>
      clientOf(['10.0.0.0/8'], '10.0.0.1', { 'x-forwarded-for': chain }).address
    expect(via('1.1.1.1, 203.0.113.1')).toBe('203.0.113.1')
    expect(via('1.1.1.1, 203.0.113.1, 10.2.0.1')).toBe('203.0.113.1')
    expect(via('10.3.0.1, 10.2.0.1')).toBe('10.3.0.1')
    expect(via('1.1.1.1, nonsense, 10.2.0.1')).toBe('10.2.0.1')
    expect(via('nonsense')).toBe('10.0.0.1')
  })
})

describe('TANDEM_TRUSTED_PROXIES', () => {
  const faultsOf = (value: string): string[] => {
    const loaded = loadConfig({ TANDEM_TRUSTED_PROXIES: value }, () => ({ kind: 'absent' }))
    return loaded.kind === 'faults' ? loaded.faults.map(fault => fault.name) : []
  }

  it('takes addresses and networks, and nothing else', () => {
    expect(faultsOf('10.0.0.1, 10.0.0.0/8,2001:db8::/32')).not.toContain('TANDEM_TRUSTED_PROXIES')
    for (const bad of ['proxy.example', '10.0.0.0/33', '10.0.0', '2001:db8::/129', '10.0.0.1/']) {
      expect(faultsOf(bad), bad).toContain('TANDEM_TRUSTED_PROXIES')
    }
  })
})
