// The JSON that goes in and comes out, by name. From these come validation, the OpenAPI document and the client's types.
import { z } from 'zod'
import { parseKey } from '../../router/key.ts'
import { PATCH_OPS_MAX } from '../json/operations.ts'

/** What stands in a request as JSON: anything, but it must stand there. */
const json = z.unknown().refine(value => value !== undefined, 'a JSON value')

const etag = z
  .string()
  .regex(/^"[\x21\x23-\x7e\x80-\xff]*"$/)
  .describe('As in the header `ETag`: strong, in its quotes.')
/** One that is none of ours matches nothing, whatever it looks like. */
const matched = z.string().max(256).describe('An `ETag` that the document must have.')
const key = z
  .string()
  .refine(text => parseKey(text).kind === 'document', '`collection/id`')
  .describe('`collection/id`, not percent-encoded.')
const time = z.iso.datetime().describe('UTC, RFC 3339.')

export const MERGE_PATCH = json.describe(
  'RFC 7396: members replace those of the document, `null` removes one; anything but an object replaces all of it.',
)

const pointer = z
  .string()
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/)
  .describe('A JSON pointer (RFC 6901).')

export const JSON_PATCH = z
  .array(
    z.discriminatedUnion('op', [
      z.object({ op: z.literal('add'), path: pointer, value: json }),
      z.object({ op: z.literal('remove'), path: pointer }),
      z.object({ op: z.literal('replace'), path: pointer, value: json }),
      z
        .object({ op: z.literal('move'), from: pointer, path: pointer })
        .refine(({ from, path }) => !path.startsWith(`${from}/`), 'nothing can be moved into itself'),
      z.object({ op: z.literal('copy'), from: pointer, path: pointer }),
      z.object({ op: z.literal('test'), path: pointer, value: json }),
    ]),
  )
  .max(PATCH_OPS_MAX)
  .describe('RFC 6902: all of it, in order, or nothing.')

/** One transaction holds the writer for all of them. */
export const TX_OPS_MAX = 100

/** With JSON read in whatever way: the origin keeps numbers digit for digit, see origin/json/text.ts. */
export function transactionOf<Value extends z.ZodType>(value: Value) {
  const op = z.discriminatedUnion('op', [
    z.strictObject({
      op: z.literal('put'),
      key,
      value,
      etag: matched.nullable().optional().describe('As `If-Match`; null: only where there is no document.'),
    }),
    z.strictObject({ op: z.literal('patch'), key, patch: value, etag: matched.optional() }),
    z.strictObject({ op: z.literal('delete'), key, etag: matched.optional() }),
    z.strictObject({
      op: z.literal('check'),
      key,
      etag: matched.nullable().describe('Must be this; null: there must be no document.'),
    }),
  ])
  return z.strictObject({ ops: z.array(op).min(1).max(TX_OPS_MAX) })
}

export const TRANSACTION = transactionOf(json)

export const TRANSACTION_RESULTS = z.object({
  results: z.array(z.object({ key, etag: etag.nullable() })).describe('One for each op, in order.'),
})

export const LIST_PAGE = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      etag,
      size: z.int().min(0).describe('Bytes.'),
      type: z.string().describe('Content-Type.'),
      modified: time,
      value: z.unknown().optional().describe('With `values=true`: the document, where it is JSON.'),
      base64: z.base64().optional().describe('With `values=true`: the bytes of a document that is not JSON.'),
    }),
  ),
  next: z.string().nullable().describe('The cursor of the next page; null where this is the last one.'),
})

export const CHANGE = z.object({
  key,
  op: z.enum(['put', 'delete']),
  etag: etag.describe('Of what was written, or of the deletion.'),
  at: time,
})

export const CHANGES_PAGE = z.object({
  items: z.array(CHANGE),
  next: z.string().describe('Where to go on; good on either origin.'),
  more: z.boolean().describe('There were more already when this was answered.'),
})

export const OUTCOME = z.object({
  status: z.int().describe('Of the answer that the write got, or would have got.'),
  modified: time,
  etag: etag.optional().describe('Of a write of one document.'),
  location: z.string().optional().describe('Of what POST created.'),
  etags: z.array(etag.nullable()).optional().describe('Of a transaction: one for each op, null where nothing is left.'),
})

export const PROBLEM = z.looseObject({
  type: z.url(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  committed: z.enum(['yes', 'no', 'unknown']).optional().describe('Of a write: whether it took effect.'),
  retryable: z.boolean().optional().describe('Of a write: whether it may be sent again as it is.'),
})

export const LIVE = z.object({ live: z.literal(true) })
export const READY = z.object({ ready: z.literal(true) })

/** As the OpenAPI document calls them. */
export const BODIES = {
  MergePatch: MERGE_PATCH,
  JsonPatch: JSON_PATCH,
  Transaction: TRANSACTION,
  TransactionResults: TRANSACTION_RESULTS,
  ListPage: LIST_PAGE,
  Change: CHANGE,
  ChangesPage: CHANGES_PAGE,
  Outcome: OUTCOME,
  Problem: PROBLEM,
  Live: LIVE,
  Ready: READY,
} as const

export type BodyName = keyof typeof BODIES

export type JsonPatch = z.input<typeof JSON_PATCH>
export type TransactionOp = z.input<typeof TRANSACTION>['ops'][number]
export type TransactionResult = z.output<typeof TRANSACTION_RESULTS>['results'][number]
export type ListPage = z.output<typeof LIST_PAGE>
export type ChangesPage = z.output<typeof CHANGES_PAGE>
export type Change = z.output<typeof CHANGE>
export type Problem = z.output<typeof PROBLEM>
