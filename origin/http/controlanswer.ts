// How the private side answers an action, and how it reads one.
import { problem } from '../../router/problem.ts'
import type { Done } from '../operate.ts'

export const answerOf = ({ ok, detail }: Done): Response =>
  ok ? Response.json({ ok, detail }) : problem('conflict', { detail })

/** Null where it is no JSON. */
export async function jsonOf(request: Request): Promise<unknown> {
  try {
    return await request.json()
  } catch {
    return null
  }
}
