// JSON as documents hold it: read and printed again without a number losing a digit on the way (RFC 8259 lets numbers be
// longer than JavaScript's; a patch of one member must not round another).

export type Json = null | boolean | number | string | RawNumber | Json[] | JsonObject
/** A number as it was written, where JavaScript would print another text. Made by JSON.rawJSON. */
export interface RawNumber {
  readonly rawJSON: string
}
export type JsonObject = { [name: string]: Json }

/** ECMAScript's "JSON.parse source text access", which the compiler's library does not know. */
declare global {
  interface JSON {
    parse(text: string, reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown): Json
    rawJSON(text: string): RawNumber
    isRawJSON(value: unknown): boolean
  }
}

/** Arrays and objects within each other: what is deeper is refused, so that no walk through a value needs a bound of its own. */
export const JSON_DEPTH_MAX = 512

/** Strict: bytes that are no UTF-8 are no JSON text (RFC 8259 8.1). A byte order mark is skipped. */
const decoder = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/** Where such a text stands in it, some number may be odd; a string that looks alike costs time only. */
const ODD_NUMBER = /[0-9]{16}|[0-9][.eE]|-0/

/** Undefined where it is no JSON text, or too deep. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    return parseText(decoder.decode(bytes))
  } catch (error) {
    // what is no UTF-8 is a TypeError, what is no JSON a SyntaxError
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined
    throw error
  }
}

function parseText(text: string): Json | undefined {
  if (isDeeperThan(text, JSON_DEPTH_MAX)) return undefined
  return ODD_NUMBER.test(text) ? JSON.parse(text, keepNumber) : JSON.parse(text)
}

function keepNumber(_name: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined || context.source === String(value)) return value
  return JSON.rawJSON(context.source)
}

export const printJson = (value: Json): Uint8Array => encoder.encode(JSON.stringify(value))

export const isRaw = (value: Json): value is RawNumber => JSON.isRawJSON(value)

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRaw(value)

/** An own member: what objects inherit is none of theirs. */
export const memberOf = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined

/** `__proto__` is a name like any other. */
export function setMember(object: JsonObject, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

/** Brackets outside of strings, counted before anything recursive sees the text. */
function isDeeperThan(text: string, max: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (inString) {
      if (unit === BACKSLASH) at++
      else if (unit === QUOTE) inString = false
    } else if (unit === QUOTE) inString = true
    else if (unit === OPEN_ARRAY || unit === OPEN_OBJECT) {
      if (++depth > max) return true
    } else if (unit === CLOSE_ARRAY || unit === CLOSE_OBJECT) depth--
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
