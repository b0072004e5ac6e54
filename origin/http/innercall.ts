// An action asked for within the process: the same request to /_tandem/ that the command line makes, so that both do the same.
import { beginTrace } from '../../router/trace.ts'
import type { Done } from '../operate.ts'
import { ACTOR_HEADER, type PrivateEnv } from './caller.ts'

export type Control = {
  readonly fetch: (request: Request, env: PrivateEnv['Bindings']) => Response | Promise<Response>
}

/** @param path below /_tandem/; @param actor for the audit log */
export async function innerAct(control: Control, path: string, body: object, actor: string): Promise<Done> {
  const target = `/_tandem/${path}`
  const request = new Request(`http://private${target}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', [ACTOR_HEADER]: actor },
    body: JSON.stringify(body),
  })
  const client = { address: null, proto: 'http', proxy: null } as const
  const wire = { target, rawHeaders: [], client, traceparent: beginTrace() }
  const response = await control.fetch(request, { wire, caller: { via: 'secret', role: 'operator' } })
  return doneOf(response.ok, await response.json())
}

/** What an answer of /_tandem/ says became of it. */
export function doneOf(ok: boolean, answer: unknown): Done {
  const told = typeof answer === 'object' && answer !== null && 'detail' in answer
  return { ok, detail: told ? String(answer.detail) : 'no detail given' }
}
