// A query string, parsed strictly: names and values are form-encoded UTF-8 (`+` is a space), each name stands once.
import { pathOf } from './key.ts'

export type Query =
  | { readonly kind: 'query'; readonly get: (name: string) => string | null }
  | { readonly kind: 'invalid'; readonly detail: string }

const invalid = (detail: string): Query => ({ kind: 'invalid', detail })

export function queryOf(target: string): Query {
  const values = new Map<string, string>()
  for (const pair of target.slice(pathOf(target).length + 1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decoded(pair.slice(equals + 1))
    if (name === null || value === null) return invalid('The query is not percent-encoded UTF-8.')
    if (values.has(name)) return invalid(`The query names ${JSON.stringify(name)} twice.`)
    values.set(name, value)
  }
  return { kind: 'query', get: name => values.get(name) ?? null }
}

function decoded(raw: string): string | null {
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}

/** What queryOf reads again; names that have no value are left out. */
export function queryText(values: Readonly<Record<string, string | number | null>>): string {
  const pairs: string[] = []
  for (const name in values) {
    const value = values[name]
    if (value !== null && value !== undefined) pairs.push(`${name}=${encodeURIComponent(value)}`)
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

export const LIMIT_DEFAULT = 100
/** Items of one page: with the longest ids some 2 MiB of JSON. */
export const LIMIT_MAX = 1000

/** Null where it is no number of items. */
export function limitOf(text: string | null): number | null {
  if (text === null) return LIMIT_DEFAULT
  const limit = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= LIMIT_MAX ? limit : null
}

export const LIMIT_DETAIL = `limit is a whole number, 1 to ${LIMIT_MAX}.`
