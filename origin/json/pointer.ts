// JSON Pointer (RFC 6901).

/** Reference tokens; null where it is no pointer. */
export function parsePointer(text: string): readonly string[] | null {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return null
  return text
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const INDEX = /^(?:0|[1-9][0-9]{0,15})$/

/** The place in an array of that length, from 0 up to and including `max`; null where it names none. */
export function indexOf(token: string, max: number): number | null {
  const index = INDEX.test(token) ? Number(token) : -1
  return index >= 0 && index <= max ? index : null
}
