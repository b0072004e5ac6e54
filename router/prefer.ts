// `Prefer` (RFC 7240): wishes of a client. What is unknown or malformed is ignored, as section 2 wants it.

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const WORD = `(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`
/** Sticky: each match begins where the last one ended. */
const PREFERENCE = new RegExp(`[ \\t]*(${TOKEN})(?:[ \\t]*=[ \\t]*(${WORD}))?`, 'y')
const PARAMETER = new RegExp(`[ \\t]*;(?:[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*${WORD})?)?`, 'y')
const END = /[ \t]*(?:,|$)/y

/** By their names in lower case; '' is the value of one that has none. Of several of one name the first counts. */
export function preferencesOf(header: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  let at = 0
  /** where the match ended, null where there is none */
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const matched = pattern.exec(header)
    if (matched !== null) at = pattern.lastIndex
    return matched
  }
  while (at < header.length) {
    const [, name, word = ''] = match(PREFERENCE) ?? []
    if (name !== undefined) while (match(PARAMETER) !== null);
    if (match(END) === null) {
      // what is malformed ends at the next comma, and nothing of it counts
      const comma = header.indexOf(',', at)
      at = comma === -1 ? header.length : comma + 1
      continue
    }
    if (name !== undefined && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), unquoted(word))
  }
  return found
}

const unquoted = (word: string): string => (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word)

/** Nearly no request has such a header, and most that do have no such wish. */
export function prefers(headers: Pick<Headers, 'get'>, name: string, value: string): boolean {
  const header = headers.get('prefer')
  return header !== null && preferencesOf(header).get(name) === value
}

/** On the answer to a wish that was granted. */
export const PREFERENCE_APPLIED = 'Preference-Applied'
