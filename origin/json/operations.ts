// The operations of a JSON Patch (RFC 6902 3 and 4), parsed.
import { parsePointer } from './pointer.ts'
import { isObject, type Json, type JsonObject, memberOf } from './text.ts'

/** One patch: each may move a long array's members, or copy. */
export const PATCH_OPS_MAX = 1000

export type Pointer = readonly string[]

export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: Pointer; readonly value: Json }
  | { readonly op: 'remove'; readonly path: Pointer }
  | { readonly op: 'move' | 'copy'; readonly path: Pointer; readonly from: Pointer }

export type ParsedPatch =
  | { readonly kind: 'parsed'; readonly operations: readonly Operation[] }
  | { readonly kind: 'malformed'; readonly detail: string }

export function parsePatch(patch: Json): ParsedPatch {
  if (!Array.isArray(patch)) return { kind: 'malformed', detail: 'A JSON patch is an array of operations.' }
  if (patch.length > PATCH_OPS_MAX)
    return { kind: 'malformed', detail: `A JSON patch has up to ${PATCH_OPS_MAX} operations.` }
  const operations: Operation[] = []
  for (const [at, each] of patch.entries()) {
    const operation = parseOne(each)
    if (typeof operation === 'string') return { kind: 'malformed', detail: `Operation ${at}: ${operation}` }
    operations.push(operation)
  }
  return { kind: 'parsed', operations }
}

function parseOne(json: Json): Operation | string {
  if (!isObject(json)) return 'it is no object.'
  const op = memberOf(json, 'op')
  const path = pointerIn(json, 'path')
  if (path === null) return '"path" is no JSON pointer.'
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = memberOf(json, 'value')
      return value === undefined ? '"value" is missing.' : { op, path, value }
    }
    case 'remove':
      return { op, path }
    case 'move':
    case 'copy': {
      const from = pointerIn(json, 'from')
      if (from === null) return '"from" is no JSON pointer.'
      const inside = from.length < path.length && from.every((token, at) => token === path[at])
      return op === 'move' && inside ? 'nothing can be moved into itself.' : { op, path, from }
    }
    default:
      return '"op" is none of add, remove, replace, move, copy, test.'
  }
}

function pointerIn(json: JsonObject, name: string): Pointer | null {
  const text = memberOf(json, name)
  return typeof text === 'string' ? parsePointer(text) : null
}
