// The order of ids: by their UTF-8 bytes, as SQLite orders text. JavaScript's own order, by UTF-16 units, is another one.

/** Negative, zero or positive, as sorting wants it. Both texts are well-formed. */
export function compareBytes(x: string, y: string): number {
  const length = Math.min(x.length, y.length)
  for (let at = 0; at < length; at++) {
    const [mine, theirs] = [x.charCodeAt(at), y.charCodeAt(at)]
    if (mine !== theirs) return rank(mine) - rank(theirs)
  }
  return x.length - y.length
}

/** Bytes order as code points do, and those beyond U+FFFF are made of surrogates: these go after all other units. */
const rank = (unit: number): number => ((unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit)

const POINT_MAX = 0x10ffff

/** The least text that is greater than everything that begins with `prefix`; null where there is none. */
export function afterAllOf(prefix: string): string | null {
  const points = [...prefix]
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? POINT_MAX
    // the surrogates between are no characters
    if (point < POINT_MAX) return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return null
}
