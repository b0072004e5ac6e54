// `?ttl=SECONDS` of a write: when its document expires.
import { pathOf } from '../../router/key.ts'
import { TTL_SECONDS_MAX, WRITE_QUERY } from '../api/queries.ts'

export type Ttl =
  /** `expires` in wall-clock milliseconds, null where the write says nothing of it */
  { readonly kind: 'ttl'; readonly expires: number | null } | { readonly kind: 'malformed'; readonly detail: string }

const NEVER: Ttl = { kind: 'ttl', expires: null }

/** @param at wall-clock milliseconds of the write */
export function ttlOf(target: string, at: number): Ttl {
  const path = pathOf(target)
  if (path.length === target.length) return NEVER
  const given = new URLSearchParams(target.slice(path.length)).getAll('ttl')
  const [seconds] = given
  if (seconds === undefined) return NEVER
  const parsed = WRITE_QUERY.shape.ttl.safeParse(seconds)
  if (given.length > 1 || parsed.data === undefined)
    return { kind: 'malformed', detail: `ttl is a number of seconds from 1 to ${TTL_SECONDS_MAX}, once.` }
  return { kind: 'ttl', expires: at + parsed.data * 1000 }
}
