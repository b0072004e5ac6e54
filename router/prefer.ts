// The `Prefer` header (RFC 7240): a list of preferences, of which the first of each name counts; what is not understood is
// ignored, as the RFC wants it.

/** Preferences beyond this are ignored. */
const PREFERENCES_MAX = 32
/** `name`, `name=token` or `name="text"`, then its parameters, which are of no account here. */
const PREFERENCE =
  /[ \t,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]*)))?((?:[ \t]*;(?:[^",]|"(?:[^"\\]|\\.)*")*)*)[ \t]*(?:,|$)/y

/** The value of a preference in lower case where it has one, '' where it has none; null where it is not expressed. */
export function preference(header: string | null, name: string): string | null {
  if (header === null) return null
  let from = 0
  for (let count = 0; from < header.length && count < PREFERENCES_MAX; count++) {
    PREFERENCE.lastIndex = from
    const match = PREFERENCE.exec(header)
    if (match === null) {
      // up to the next comma it is nothing of this grammar
      const comma = header.indexOf(',', from)
      if (comma === -1) return null
      from = comma + 1
      continue
    }
    if (match[1]?.toLowerCase() === name) return (match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '').toLowerCase()
    from = PREFERENCE.lastIndex
  }
  return null
}

export const PREFER = 'prefer'
export const APPLIED = 'Preference-Applied'

/** A copy on this host is good enough, and no hop is wanted. */
export const prefersLocal = (headers: Headers): boolean => preference(headers.get(PREFER), 'consistency') === 'local'
export const APPLIED_LOCAL = 'consistency=local'
