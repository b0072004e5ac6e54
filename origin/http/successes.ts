// What a client is told of a write that took effect, now or at its first try: status, headers and body are the same.
import type { Done } from '../../replicator/store/outcome.ts'
import { pathOfKey } from '../../router/key.ts'
import { responseOf } from '../../router/parts.ts'

export const statusOf = (done: Done): 200 | 201 | 204 => {
  switch (done.kind) {
    case 'created':
    case 'placed':
      return 201
    case 'replaced':
    case 'transacted':
      return 200
    case 'deleted':
      return 204
  }
}

/**
 * Its head is whole: see parts.ts.
 * @param keys of the operations that were asked for: one, or those of a transaction
 */
export function success(done: Done, keys: readonly string[], headers: Record<string, string>): Response {
  const status = statusOf(done)
  switch (done.kind) {
    case 'deleted':
      return responseOf({ status, headers, body: null })
    case 'transacted': {
      const results = keys.map((key, at) => ({ key, etag: done.etags[at] ?? null }))
      return Response.json({ results }, { status, headers: { ...headers, 'Cache-Control': 'no-store' } })
    }
    default:
      headers.ETag = done.etag
      headers['Last-Modified'] = new Date(done.modified).toUTCString()
      headers['Content-Length'] = '0'
      if (status === 201) headers.Location = pathOfKey(done.kind === 'placed' ? done.key : (keys[0] ?? ''))
      return responseOf({ status, headers, body: null })
  }
}

/** The same, as its record tells it. */
export function told(done: Done): Record<string, unknown> {
  const common = { status: statusOf(done), modified: new Date(done.modified).toISOString() }
  switch (done.kind) {
    case 'transacted':
      return { ...common, etags: done.etags }
    case 'placed':
      return { ...common, etag: done.etag, location: pathOfKey(done.key) }
    default:
      return { ...common, etag: done.etag }
  }
}
