// The cluster secret on the private listener: `Tandem-Secret: SECRET` or `Authorization: Bearer SECRET`.
import { timingSafeEqual } from 'node:crypto'
import { SECRET_HEADER } from '../../router/private.ts'
import type { Incoming } from './answerheads.ts'

const BEARER = /^Bearer +(\S+)$/i

/** Compares in a time that depends on the length of what was given alone. */
export function secretCheck(secret: string): (incoming: Incoming) => boolean {
  const expected = Buffer.from(secret)
  const equals = (given: string): boolean => {
    const bytes = Buffer.from(given)
    const same = timingSafeEqual(bytes.length === expected.length ? bytes : Buffer.alloc(expected.length), expected)
    return same && bytes.length === expected.length
  }
  return incoming => {
    const named = incoming.headers[SECRET_HEADER]
    if (typeof named === 'string') return equals(named)
    const bearer = BEARER.exec(incoming.headers.authorization ?? '')?.[1]
    return bearer !== undefined && equals(bearer)
  }
}
