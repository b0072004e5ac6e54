import { describe, expect, it } from 'vitest'
import { type Client, forwardedRequestHeaders, forwardedResponseHeaders } from '../../router/hopbyhop.ts'

const client: Client = { address: '192.0.2.7', proto: 'http', proxy: null }
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const asked = (...raw: string[]): Record<string, string> => askedBy(client, ...raw)

const askedBy = (from: Client, ...raw: string[]): Record<string, string> => {
  const out = forwardedRequestHeaders(raw, from, TRACE)
  const record: Record<string, string> = {}
  for (let i = 0; i < out.length; i += 2) record[(out[i] ?? '').toLowerCase()] = out[i + 1] ?? ''
  return record
}

describe('request headers', () => {
  it('drop what is of this hop alone, and what Connection names', () => {
    const headers = asked(
      ...[
        'Connection',
        'keep-alive, X-Own',
        'connection',
        'Other',
        'X-Own',
        '1',
        'other',
        '2',
        'Keep-Alive',
        'timeout=5',
      ],
      ...[
        'TE',
        'trailers',
        'Trailer',
        'X',
        'Transfer-Encoding',
        'chunked',
        'Upgrade',
        'h2c',
        'Proxy-Authorization',
        'x',
      ],
      ...[
        'Proxy-Connection',
        'x',
        'Expect',
        '100-continue',
        'Content-Length',
        '4',
        'HTTP2-Settings',
        'x',
        'Accept',
        '*/*',
      ],
    )
    expect(headers).toEqual({
      accept: '*/*',
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-proto': 'http',
      traceparent: TRACE,
    })
  })

  it('drop words that only the origins say to each other', () => {
    const headers = asked('Tandem-Forwarded', '1', 'TANDEM-SECRET', 'x', 'tandem-anything', 'y', 'X-Tandem', 'z')
    expect(Object.keys(headers)).toEqual(['x-tandem', 'x-forwarded-for', 'x-forwarded-proto', 'traceparent'])
  })

  it('extend what earlier proxies said, where they are trusted', () => {
    const proxied: Client = { ...client, address: '203.0.113.1', proxy: '192.0.2.7' }
    const chain = [
      'Host',
      'docs.example',
      'X-Forwarded-For',
      '203.0.113.1',
      'X-Forwarded-For',
      '203.0.113.2, 203.0.113.3',
    ]
    expect(askedBy(proxied, ...chain)).toMatchObject({
      'x-forwarded-for': '203.0.113.1, 203.0.113.2, 203.0.113.3, 192.0.2.7',
      'x-forwarded-host': 'docs.example',
      'x-forwarded-proto': 'http',
    })
    const named = ['Host', 'inner', 'X-Forwarded-Host', 'outer', 'X-Forwarded-Proto', 'https']
    expect(askedBy(proxied, ...named)).toMatchObject({ 'x-forwarded-host': 'outer', 'x-forwarded-proto': 'https' })
    expect(askedBy(proxied, 'Forwarded', 'for=203.0.113.1').forwarded).toBe('for=203.0.113.1, for=192.0.2.7')
    expect(askedBy({ ...proxied, proxy: '2001:db8::1' }, 'Forwarded', 'for=_x').forwarded).toBe(
      'for=_x, for="[2001:db8::1]"',
    )
    expect(askedBy(proxied, 'X-Forwarded-For', '9'.repeat(5_000))['x-forwarded-for']).toBe('192.0.2.7')
  })

  it('begin anew where a stranger says for whom it asks', () => {
    const claims = ['X-Forwarded-For', '10.0.0.1', 'X-Forwarded-Host', 'h', 'X-Forwarded-Proto', 'https']
    expect(asked('Host', 'docs.example', ...claims, 'Forwarded', 'for=10.0.0.1')).toEqual({
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-host': 'docs.example',
      'x-forwarded-proto': 'http',
      traceparent: TRACE,
    })
  })

  it('carry the trace of this request, whatever the client wrote', () => {
    expect(asked('traceparent', 'nonsense').traceparent).toBe(TRACE)
  })

  it('keep repeated headers apart and in order', () => {
    expect(forwardedRequestHeaders(['Accept', 'a', 'Accept', 'b'], client, TRACE).slice(0, 4)).toEqual([
      'Accept',
      'a',
      'Accept',
      'b',
    ])
  })
})

describe('response headers', () => {
  it('drop what is of this hop alone, and what Connection names', () => {
    expect(
      forwardedResponseHeaders({
        connection: 'close, x-own',
        'x-own': '1',
        'keep-alive': 'timeout=65',
        'transfer-encoding': 'chunked',
        trailer: 'x',
        upgrade: 'h2c',
        'proxy-authenticate': 'x',
        'content-length': '3',
        etag: '"1.1.0"',
        'set-cookie': ['a=1', 'b=2'],
        absent: undefined,
      }),
    ).toEqual({ 'content-length': '3', etag: '"1.1.0"', 'set-cookie': ['a=1', 'b=2'] })
  })
})
