// What origins and routers say to each other is believed of nobody else: a client that says it too is a client like any other.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostCallers } from '../../../origin/http/callers.ts'
import { hostMac } from '../../../origin/http/mac.ts'
import { CLIENT, EPOCH_HEADER, introduce, ROUTER_HEADER } from '../../../router/asked.ts'
import { encodeView, VIEW_HEADER } from '../../../router/viewheader.ts'
import { pathIn } from './keys.ts'
import { type Pair, SECRET, sealView, startPair, viewOf } from './pair.ts'
import { exchange } from './rawclient.ts'

const BASE = 26_560
const SIGNATURE = 'A'.repeat(43)

describe('a client that speaks like a router', () => {
  let pair: Pair
  beforeAll(async () => {
    pair = await startPair(BASE)
  })
  afterAll(() => pair.stop())

  const forged = [
    'Tandem-Forwarded: 1',
    'Tandem-Secret: guess',
    'Tandem-Secret: another',
    `Tandem-Router: 1;answer;0;${Date.now()};${SIGNATURE}`,
    `Tandem-Router: 1;relay;0;${Date.now()};${SIGNATURE}`,
    'Tandem-Epoch: 999999;test',
    'Tandem-Aimed: 0',
    `Tandem-Minted-Key: m0123456789ab-someone1-0.${SIGNATURE}`,
    `Tandem-Minted-Key: m0123456789ab-someone1-1.${SIGNATURE}`,
    `Tandem-View: ${encodeView(viewOf(900, 'b', 'a'))}`,
    'Tandem-Reign: 999999',
    'Tandem-Committed: unknown',
  ]
  const put = async (path: string, body: string): ReturnType<typeof exchange> =>
    exchange(
      pair.a.publicPort,
      [`PUT ${path} HTTP/1.1`, 'Host: h', `Content-Length: ${body.length}`, ...forged, '', body].join('\r\n'),
      answer => /\r\n\r\n/.test(answer.text),
    )

  it.each([
    ['here', 's0', 'a'],
    ['through the other origin', 's1', 'b'],
  ] as const)('is answered %s as any other', async (_, shard, origin) => {
    const path = pathIn(shard)
    for (const [body, status] of [
      ['first', 201],
      ['second', 200],
    ] as const) {
      const { statuses, text } = await put(path, body)
      expect(statuses).toEqual([status])
      expect(text).toMatch(new RegExp(`tandem-origin: ${origin}`, 'i'))
      expect(text).not.toMatch(/tandem-view|idempotency-replayed/i)
      expect(await (await fetch(pair.b.url + path)).text()).toBe(body)
    }
    expect([...pair.a.errors, ...pair.b.errors]).toEqual([])
  })
})

describe('the view that a caller claims to have', () => {
  const mac = hostMac(SECRET)
  const knows = { lineage: 'test', epoch: 7 }
  const wire = {
    target: '/v1/c/x',
    rawHeaders: [],
    client: { address: null, proto: 'http', proxy: null },
    traceparent: '',
  } as const
  const heard = (header: string, epoch: string): { readonly kind: string; readonly shown: unknown[] } => {
    const shown: unknown[] = []
    const callers = hostCallers({
      mac,
      view: () => viewOf(3, 'a', 'b'),
      sealView,
      shown: known => shown.push(known),
      now: () => 5,
    })
    const headers = { [ROUTER_HEADER]: header, [EPOCH_HEADER]: epoch, [VIEW_HEADER]: encodeView(viewOf(9, 'b', 'b')) }
    const { asked } = callers.recognise(new Request('http://h/v1/c/x', { headers }), wire)
    return { kind: asked.kind, shown }
  }
  const introduced = (): Promise<string> =>
    introduce(
      {
        asked: { kind: 'router', relay: false, parkMs: 0 },
        method: 'GET',
        target: '/v1/c/x',
        client: '',
        knows,
        at: 5,
      },
      mac,
    )

  it('fences an old primary where a router of this cluster says so, and nobody else', async () => {
    expect(heard(await introduced(), '7;test')).toEqual({ kind: 'router', shown: [knows] })
    // the signature is over the epoch too
    expect(heard(await introduced(), '8;test')).toEqual({ kind: CLIENT.kind, shown: [] })
    expect(heard(`1;answer;0;5;${SIGNATURE}`, '8;test')).toEqual({ kind: CLIENT.kind, shown: [] })
  })
})
