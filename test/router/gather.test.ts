// One page out of two parts that come over a network: a part that breaks off midway is asked for again.
import { describe, expect, it } from 'vitest'
import { type GatherCall, gather } from '../../router/gather.ts'
import type { Listing } from '../../router/listing.ts'
import { lineOf, partText } from '../../router/part.ts'

const LISTING: Listing = { kind: 'listing', collection: 'c', prefix: '', limit: 10, values: false, after: null }
const call: GatherCall = {
  request: new Request('http://x/v1/c'),
  target: '/v1/c',
  rawHeaders: [],
  client: { address: null, proto: 'http', proxy: null },
  traceparent: '',
  asked: { kind: 'client' },
}
const part = (id: string): Response => new Response(partText({ more: false }, lineOf(id, `{"id":"${id}"}`)))

/** Its head has arrived, and some of it; then its origin is gone. */
function broken(): Response {
  let sent = false
  return new Response(
    new ReadableStream<Uint8Array>({
      pull: out => {
        if (sent) out.error(new Error('the peer broke off'))
        else out.enqueue(new TextEncoder().encode('{"more":false}\n"a"\t{"id"'))
        sent = true
      },
    }),
  )
}

describe('a part that breaks off', () => {
  it('is asked for again, and the other one is not', async () => {
    const asked: string[] = []
    const answer = await gather(call, LISTING, {
      name: 'a',
      route: async ({ shard, target }) => {
        asked.push(target)
        if (shard === 's1') return part('b')
        return asked.filter(one => one === target).length < 3 ? broken() : part('a')
      },
    })
    expect(await answer.json()).toEqual({ items: [{ id: 'a' }, { id: 'b' }], next: null })
    const [s0, s1] = ['/v1/_shards/s0/c?limit=10', '/v1/_shards/s1/c?limit=10']
    expect(asked.sort()).toEqual([s0, s0, s0, s1])
  })

  it('again and again is a refusal that may be repeated', async () => {
    const answer = await gather(call, LISTING, {
      name: 'a',
      route: async ({ shard }) => (shard === 's0' ? broken() : part('b')),
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await answer.json()).toMatchObject({ type: 'https://tandem.dev/problems/no-primary', instance: '/v1/c' })
  })
})
