// What came in frames, answered by the same handler as what came by HTTP: without a parser, a Request, or a Response that
// has to be taken apart.
import { originForm } from '../../router/key.ts'
import { partsOf } from '../../router/parts.ts'
import { problem } from '../../router/problem.ts'
import type { ForwardedHandler } from '../http/forwarded.ts'
import type { Reception, Reply } from './answerer.ts'

/** @param timing what Server-Timing calls the time spent here */
export function receptionOf(forwarded: ForwardedHandler, timing: string): Reception {
  return async ({ request, target }) => {
    const since = performance.now()
    const response =
      originForm(target) === target ? await forwarded(request, target) : problem('bad-request', { instance: target })
    return replyOf(request.method, response, `${timing};dur=${(performance.now() - since).toFixed(2)}`)
  }
}

function replyOf(method: string, response: Response, took: string): Reply {
  const parts = partsOf(response)
  if (parts !== null) {
    const { status, headers, body } = parts
    const fields: string[] = []
    for (const name in headers) fields.push(name, headers[name] ?? '')
    fields.push('server-timing', took)
    return { status, fields, body }
  }
  const fields = [...response.headers].flat()
  const body = method === 'HEAD' ? null : response.body
  return { status: response.status, fields: [...fields, 'server-timing', took], body }
}
