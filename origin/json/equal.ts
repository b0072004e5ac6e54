// Whether two JSON values are equal, as RFC 6902 4.6 has it: numbers by their value, objects whatever their order.
import { isObject, isRaw, type Json, memberOf } from './text.ts'

export function equal(x: Json, y: Json): boolean {
  if (x === y) return true
  const [number, other] = [numberOf(x), numberOf(y)]
  if (number !== null || other !== null) return number === other
  if (Array.isArray(x))
    return Array.isArray(y) && x.length === y.length && x.every((each, at) => equal(each, y[at] ?? null))
  if (!isObject(x) || !isObject(y)) return false
  const names = Object.keys(x)
  if (names.length !== Object.keys(y).length) return false
  return names.every(name => {
    const [mine, theirs] = [memberOf(x, name), memberOf(y, name)]
    return mine !== undefined && theirs !== undefined && equal(mine, theirs)
  })
}

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/
/** Longer ones are equal only where they are written alike: to bring them into one form would cost more than they are worth. */
const NUMBER_CHARS_MAX = 1000

/** One text for each value: digits without zeros at their ends, and where the point stands. Null of what is no number. */
function numberOf(value: Json): string | null {
  const text = typeof value === 'number' ? String(value) : isRawNumber(value) ? value.rawJSON : null
  if (text === null || text.length > NUMBER_CHARS_MAX) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const kept = digits.replace(/0+$/, '')
  if (kept === '') return '0'
  return `${sign}${kept}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length)}`
}

const isRawNumber = (value: Json) => typeof value === 'object' && value !== null && isRaw(value)
