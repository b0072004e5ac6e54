// Query parameters, by endpoint: what is allowed, what holds where nothing is said, and what each means. Texts in, values
// out; parameters that are not listed here are ignored.
import { z } from 'zod'
import { decodeCursor } from '../../router/changes.ts'
import { afterOf } from '../../router/listing.ts'
import { OPAQUE_CHARS_MAX } from '../../router/opaque.ts'
import { OPERATIONS, parseOperation } from '../../router/operation.ts'
import { LIMIT_DEFAULT, LIMIT_MAX } from '../../router/query.ts'

/** Ten years: who wants to keep a document longer sets none. */
export const TTL_SECONDS_MAX = 10 * 365 * 24 * 3600

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))

const limit = wholeNumber(1, LIMIT_MAX).default(LIMIT_DEFAULT).describe(`At most so many items: 1 to ${LIMIT_MAX}.`)

export const LIST_QUERY = z.object({
  prefix: z.string().default('').describe('Only ids that begin with this.'),
  limit,
  cursor: z
    .string()
    .max(OPAQUE_CHARS_MAX)
    .refine(text => afterOf(text) !== null)
    .optional()
    .describe('`next` of the page before; opaque. Good for the same collection and prefix.'),
  values: z.enum(['true', 'false']).default('false').describe('`true`: each item has its document.'),
})

export const CHANGES_QUERY = z.object({
  since: z
    .string()
    .max(OPAQUE_CHARS_MAX)
    .refine(text => text === '' || text === 'now' || decodeCursor(text) !== null)
    .default('')
    .describe('`next` of the answer before, or the `id` of an event; `now` begins here. Without it: from the oldest.'),
  collection: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .optional()
    .describe('Only changes of this collection.'),
  limit,
})

export const OUTCOME_QUERY = z
  .object({
    method: z.enum(['PUT', 'PATCH', 'POST', 'DELETE']).describe('The method of the write.'),
    target: z.string().describe('The target of the write, percent-encoded: `%2Fv1%2Fnotes%2Fhello`.'),
  })
  // PUT of a collection, say, was no write
  .refine(query => typeof parseOperation(`${OPERATIONS}k?${new URLSearchParams(query)}`, '') === 'object')

export const WRITE_QUERY = z.object({
  ttl: wholeNumber(1, TTL_SECONDS_MAX)
    .optional()
    .describe('The document expires after so many seconds. Without it a document that is written expires never.'),
})
