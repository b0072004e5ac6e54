// `GET /v1/{collection}`: which documents are asked for, and where the next page goes on.
import { ID_BYTES_MAX } from './key.ts'
import { fromOpaque, toOpaque } from './opaque.ts'
import { LIMIT_DETAIL, limitOf, queryOf, queryText } from './query.ts'

export type Listing = {
  readonly kind: 'listing'
  readonly collection: string
  /** of the id */
  readonly prefix: string
  readonly limit: number
  /** with the documents themselves */
  readonly values: boolean
  /** the last id of the page before, null at the beginning */
  readonly after: string | null
}

/** The form of a cursor; another form would be another number. */
const FORM = 'list1'

/** A text says what is wrong with it. */
export function parseListing(collection: string, target: string): Listing | string {
  const query = queryOf(target)
  if (query.kind === 'invalid') return query.detail
  const limit = limitOf(query.get('limit'))
  if (limit === null) return LIMIT_DETAIL
  const wanted = query.get('values') ?? 'false'
  if (wanted !== 'true' && wanted !== 'false') return 'values is true or false.'
  const cursor = query.get('cursor')
  const after = cursor === null ? null : afterOf(cursor)
  if (cursor !== null && after === null) return 'cursor is none that this service gave.'
  return { kind: 'listing', collection, prefix: query.get('prefix') ?? '', limit, values: wanted === 'true', after }
}

const encoder = new TextEncoder()

/** The last id of the page that this is the cursor of; null where it is none. */
export function afterOf(cursor: string): string | null {
  const [form, id, ...more] = fromOpaque(cursor) ?? []
  if (form !== FORM || typeof id !== 'string' || more.length > 0) return null
  return id.isWellFormed() && encoder.encode(id).length <= ID_BYTES_MAX ? id : null
}

export const cursorAfter = (id: string): string => toOpaque([FORM, id])

/** The query by which the same documents are asked for, from there on. */
export const listingQuery = ({ prefix, limit, values, after }: Listing): string =>
  queryText({
    prefix: prefix === '' ? null : prefix,
    limit,
    values: values ? 'true' : null,
    cursor: after === null ? null : cursorAfter(after),
  })
