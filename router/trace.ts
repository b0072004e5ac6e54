// W3C Trace Context: a valid `traceparent` is kept as it came, else one is begun.

export const TRACE_HEADER = 'traceparent'

/** Version 00, neither id all zero (W3C Trace Context 3.2.2). Later versions may have more behind it. */
const VALID = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/

const ID_BYTES = 24
/** Chance is drawn for so many at once: one call for each would cost more than all the rest here. */
const DRAWN = 64
const drawn = new Uint8Array(ID_BYTES * DRAWN)
let left = 0

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export const traceOf = (given: string | null | undefined): string =>
  given !== null && given !== undefined && given.length <= 256 && VALID.test(given) ? given : beginTrace()

/** Not sampled: who wants a trace begins one. */
export function beginTrace(): string {
  if (left === 0) {
    crypto.getRandomValues(drawn)
    left = DRAWN
  }
  left -= 1
  const from = left * ID_BYTES
  let hex = ''
  for (let at = from; at < from + ID_BYTES; at++) hex += HEX[drawn[at] ?? 0]
  // bit 0x02: the id is random (Trace Context level 2)
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-02`
}
