// Request target → resource. Works on the raw target: every URL parser rewrites dot segments, so a parsed URL can no
// longer tell `/v1/c/%2e%2e/x` from `/v1/x`.

export const COLLECTION_CHARS_MAX = 64
export const ID_BYTES_MAX = 512

/** A document: `key` is what it is stored and hashed by. */
export type DocumentResource = {
  readonly kind: 'document'
  readonly collection: string
  readonly id: string
  readonly key: string
}

/** `/v1/{collection}` */
export type CollectionResource = { readonly kind: 'collection'; readonly collection: string }

export type Invalid = { readonly kind: 'invalid'; readonly detail: string }

export type Resource =
  | DocumentResource
  | CollectionResource
  /** `/v1/_tx`, `/v1/_changes`, `/v1/_ops/…`: names that start with `_` are the service's own */
  | { readonly kind: 'reserved'; readonly name: string }
  /** not below `/v1/` */
  | { readonly kind: 'outside' }
  | Invalid

const invalid = (detail: string): Invalid => ({ kind: 'invalid', detail })

const COLLECTION = /^[A-Za-z0-9-]{1,64}$/
/** What RFC 9112 lets stand in an origin-form target, plus what browsers leave raw; no `#`, no `\`, no controls, ASCII only. */
const TARGET = /^\/[!"$-[\]-~]*$/
/** A segment that URL parsers remove: `.` or `..`, each dot raw or as `%2e` (WHATWG URL, "single-dot" and "double-dot"). */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i

/** Where the path ends and the query begins. */
export const pathOf = (target: string): string => {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}

/**
 * The origin form of a target that a server must accept in absolute form too (RFC 9112 3.2.2); null where it is
 * neither, or where a URL parser on the way would make another path of it: such a request is refused, never guessed at.
 */
export function originForm(target: string): string | null {
  let form = target
  if (form.charCodeAt(0) !== 0x2f) {
    const absolute = /^https?:\/\/[^/?#]+(.*)$/is.exec(form)
    if (absolute === null) return null
    const rest = absolute[1] ?? ''
    form = rest.startsWith('/') ? rest : `/${rest}`
  }
  if (!TARGET.test(form)) return null
  const path = pathOf(form)
  // most paths have no dot at all: look closer only at those that do
  if ((path.includes('.') || path.includes('%')) && DOT_SEGMENT.test(path)) return null
  return form
}

/** Parses a target in origin form. Percent-encoding is undone exactly once. */
export function parseTarget(target: string): Resource {
  if (originForm(target) !== target) return invalid('The request target is malformed or holds dot segments.')
  const path = pathOf(target)
  if (!path.startsWith('/v1/') || path.length === 4) return { kind: 'outside' }
  const slash = path.indexOf('/', 4)
  const rawCollection = slash === -1 ? path.slice(4) : path.slice(4, slash)
  const collection = decoded(rawCollection)
  if (collection === null) return invalid('The collection is not percent-encoded UTF-8.')
  if (collection.startsWith('_')) return { kind: 'reserved', name: collection }
  if (!COLLECTION.test(collection)) return invalid(NO_COLLECTION)
  if (slash === -1) return { kind: 'collection', collection }
  const id = decoded(path.slice(slash + 1))
  return id === null ? invalid('The id is not percent-encoded UTF-8.') : documentOf(collection, id)
}

const NO_COLLECTION = 'A collection is 1 to 64 of A-Z, a-z, 0-9 and "-".'

/** A key as it is stored: nothing in it is percent-encoded. */
export function parseKey(key: string): DocumentResource | Invalid {
  const slash = key.indexOf('/')
  if (slash === -1) return invalid('A key is a collection, a slash, an id.')
  const collection = key.slice(0, slash)
  if (!COLLECTION.test(collection)) return invalid(NO_COLLECTION)
  const id = key.slice(slash + 1)
  // percent-encoding cannot spell half of a surrogate pair, JSON can
  return id.isWellFormed() ? documentOf(collection, id) : invalid('The id is not Unicode.')
}

function documentOf(collection: string, id: string): DocumentResource | Invalid {
  if (id.length === 0) return invalid('The id is empty.')
  if (utf8Exceeds(id, ID_BYTES_MAX)) return invalid('The id is longer than 512 bytes.')
  if (id.startsWith('_')) return invalid('An id must not start with "_".')
  if (id === '.' || id === '..') return invalid('An id must not be "." or "..".')
  return { kind: 'document', collection, id, key: `${collection}/${id}` }
}

/** The path under which a document is found again by every client, whatever its URL parser does. */
export function pathOfDocument(collection: string, id: string): string {
  const whole = encodeURIComponent(id)
  const readable = whole.replaceAll('%2F', '/')
  return `/v1/${collection}/${DOT_SEGMENT.test(readable) ? whole : readable}`
}

/** The same of a key. */
export function pathOfKey(key: string): string {
  const slash = key.indexOf('/')
  return pathOfDocument(key.slice(0, slash), key.slice(slash + 1))
}

/** decodeURIComponent is strict about UTF-8 (no surrogates, nothing overlong), keeps a byte order mark, and decodes once. */
function decoded(raw: string): string | null {
  if (!raw.includes('%')) return raw
  try {
    return decodeURIComponent(raw)
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}

const encoder = new TextEncoder()

/** One UTF-16 unit is one to three bytes, so only lengths between need a count. */
const utf8Exceeds = (text: string, max: number): boolean =>
  text.length > max || (text.length * 3 > max && encoder.encode(text).length > max)
