// Preconditions of a request (RFC 9110 13): parsed strictly, judged here for reads, handed to the writer for writes.
import type { Condition } from '../../replicator/store/command.ts'
import type { Document } from './ports.ts'

/** Tags in one header beyond this are an attack or a mistake. */
const ETAGS_MAX = 256

export type Preconditions = {
  readonly match: Condition
  readonly noneMatch: Condition
  /** milliseconds; null where absent or not a date (RFC 9110 13.1.3: then it is ignored) */
  readonly modifiedSince: number | null
  readonly unmodifiedSince: number | null
}

const NONE: Condition = { kind: 'none' }
const NO_PRECONDITIONS: Preconditions = { match: NONE, noneMatch: NONE, modifiedSince: null, unmodifiedSince: null }

export type ParsedPreconditions =
  | { readonly kind: 'parsed'; readonly preconditions: Preconditions }
  | { readonly kind: 'malformed'; readonly header: string }

const PARSED_NONE: ParsedPreconditions = { kind: 'parsed', preconditions: NO_PRECONDITIONS }

export function preconditionsOf(headers: Pick<Headers, 'get'>): ParsedPreconditions {
  const ifMatch = headers.get('if-match')
  const ifNoneMatch = headers.get('if-none-match')
  const ifModifiedSince = headers.get('if-modified-since')
  const ifUnmodifiedSince = headers.get('if-unmodified-since')
  if (ifMatch === null && ifNoneMatch === null && ifModifiedSince === null && ifUnmodifiedSince === null)
    return PARSED_NONE
  const match = ifMatch === null ? null : etagList(ifMatch)
  if (ifMatch !== null && match === null) return { kind: 'malformed', header: 'If-Match' }
  const noneMatch = ifNoneMatch === null ? null : etagList(ifNoneMatch)
  if (ifNoneMatch !== null && noneMatch === null) return { kind: 'malformed', header: 'If-None-Match' }
  return {
    kind: 'parsed',
    preconditions: {
      // strong comparison: a weak tag matches nothing (RFC 9110 13.1.1)
      match: match === null ? NONE : { kind: 'match', etags: match === '*' ? '*' : strong(match) },
      // weak comparison: W/ is of no account (RFC 9110 13.1.2)
      noneMatch: noneMatch === null ? NONE : { kind: 'noneMatch', etags: noneMatch === '*' ? '*' : any(noneMatch) },
      modifiedSince: httpDate(ifModifiedSince),
      unmodifiedSince: httpDate(ifUnmodifiedSince),
    },
  }
}

/** The conditions that a writer judges, in the order of RFC 9110 13.2.2. */
export function conditionsOf(preconditions: Preconditions): readonly Condition[] {
  const { match, noneMatch } = preconditions
  if (match.kind === 'none') return noneMatch.kind === 'none' ? [] : [noneMatch]
  return noneMatch.kind === 'none' ? [match] : [match, noneMatch]
}

/** What becomes of a GET or HEAD of an existing document (RFC 9110 13.2.2). */
export function judgeRead(preconditions: Preconditions, document: Document): 'proceed' | 'notModified' | 'failed' {
  if (preconditions === NO_PRECONDITIONS) return 'proceed'
  const { match, noneMatch, modifiedSince, unmodifiedSince } = preconditions
  if (match.kind === 'match') {
    if (match.etags !== '*' && !match.etags.includes(document.etag)) return 'failed'
  } else if (unmodifiedSince !== null && wholeSeconds(document.modified) > unmodifiedSince) return 'failed'
  if (noneMatch.kind === 'noneMatch') {
    return noneMatch.etags === '*' || noneMatch.etags.includes(document.etag) ? 'notModified' : 'proceed'
  }
  return modifiedSince !== null && wholeSeconds(document.modified) <= modifiedSince ? 'notModified' : 'proceed'
}

type Tag = { readonly weak: boolean; readonly opaque: string }

const strong = (tags: readonly Tag[]): string[] => tags.filter(tag => !tag.weak).map(tag => tag.opaque)
const any = (tags: readonly Tag[]): string[] => tags.map(tag => tag.opaque)

/** RFC 9110 8.8.3, the opaque tag with its quotes, as documents have them. Sticky: each match begins where the last one ended. */
const ENTITY_TAG = /[ \t]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)/y
/** Lists may hold empty elements (RFC 9110 5.6.1.2). */
const EMPTY_ELEMENT = /[ \t]*,/y

/** Null where it is no list of entity tags. */
function etagList(text: string): '*' | readonly Tag[] | null {
  if (text.trim() === '*') return '*'
  const tags: Tag[] = []
  let at = 0
  while (at < text.length) {
    ENTITY_TAG.lastIndex = at
    const tag = ENTITY_TAG.exec(text)
    if (tag !== null) {
      if (tags.push({ weak: tag[1] !== undefined, opaque: tag[2] ?? '' }) > ETAGS_MAX) return null
      at = ENTITY_TAG.lastIndex
      continue
    }
    EMPTY_ELEMENT.lastIndex = at
    if (!EMPTY_ELEMENT.test(text)) return text.slice(at).trim() === '' && tags.length > 0 ? tags : null
    at = EMPTY_ELEMENT.lastIndex
  }
  return tags.length === 0 ? null : tags
}

/** IMF-fixdate only among what Date.parse takes: it also reads things that are no HTTP date. */
const IMF_FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

function httpDate(text: string | null): number | null {
  if (text === null || !IMF_FIXDATE.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : at
}

/** Last-Modified has seconds only, and so has what is compared with it. */
const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000
