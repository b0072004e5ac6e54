// The canaries' requests: handed to this host's router as if they had come in at its public listener.
import { CLIENT } from '../../router/asked.ts'
import { NO_BODY } from '../../router/body.ts'
import { shardOf } from '../../router/hash.ts'
import { parseTarget } from '../../router/key.ts'
import { Minter } from '../../router/minted.ts'
import type { Router } from '../../router/route.ts'
import { beginTrace } from '../../router/trace.ts'
import type { ShardName } from '../../router/words.ts'
import type { Request as Ask } from './canary.ts'

/** A collection of its own, which nobody else uses. */
export const COLLECTION = 'tandem-drill'

/** @param router digits of this life, for keys that make a second try safe */
export function routedCanary(router: Pick<Router, 'route'>, life: string): Ask {
  const minter = new Minter(life, Date.now)
  return async (method, shard, id, body) => {
    const target = `/v1/${COLLECTION}/${idOn(shard, id)}`
    const resource = parseTarget(target)
    if (resource.kind !== 'document') throw new Error(`${target} names no document`)
    const rawHeaders = body === null ? [] : ['Content-Type', 'text/plain', 'Content-Length', String(body.length)]
    const headers = body === null ? {} : { 'Content-Type': 'text/plain' }
    const minted = method === 'GET' ? null : await minter.mint()
    const response = await router.route({
      request: new Request(`http://tandem${target}`, { method, headers, body }),
      target,
      resource,
      shard,
      body: body === null ? NO_BODY : { kind: 'bytes', bytes: new TextEncoder().encode(body) },
      once: minted !== null,
      minted,
      rawHeaders,
      client: { address: null, proto: 'http', proxy: null },
      traceparent: beginTrace(),
      asked: CLIENT,
      aimed: undefined,
    })
    return { status: response.status, text: await response.text() }
  }
}

/** The first id of that beginning whose key is of the shard. */
function idOn(shard: ShardName, id: string): string {
  for (let n = 0; ; n++) if (shardOf(`${COLLECTION}/${id}-${n}`) === shard) return `${id}-${n}`
}
