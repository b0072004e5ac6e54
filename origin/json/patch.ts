// JSON Patch (RFC 6902), applied. Libraries for it were looked at: none bounds what `copy` and long arrays may cost, and
// this runs where a shard's writes wait for it.
import { equal } from './equal.ts'
import type { Operation, Pointer } from './operations.ts'
import { indexOf } from './pointer.ts'
import { isObject, JSON_DEPTH_MAX, type Json, type JsonObject, memberOf, setMember } from './text.ts'

/** Values and characters that the operations of one patch may copy or move: some 100 ms at most. */
const WORK_MAX = 1024 * 1024
/** Of a pointer, in what a client is told. */
const SHOWN_CHARS_MAX = 200

export type Patched =
  | { readonly kind: 'patched'; readonly value: Json }
  | { readonly kind: 'testFailed' | 'inapplicable' | 'tooLarge'; readonly detail: string }

type Failure = Exclude<Patched, { kind: 'patched' }>

/** Changes `document` in place; on a failure what is left of it is of no use. */
export function applyPatch(document: Json, operations: readonly Operation[]): Patched {
  const patching = new Patching(document)
  for (const [at, operation] of operations.entries()) {
    const failure = patching.apply(operation)
    if (failure !== null) return { kind: failure.kind, detail: `Operation ${at} (${operation.op}): ${failure.detail}` }
  }
  return { kind: 'patched', value: patching.root }
}

class Patching {
  root: Json
  #work = 0

  constructor(root: Json) {
    this.root = root
  }

  apply(operation: Operation): Failure | null {
    const { op, path } = operation
    switch (op) {
      case 'test': {
        const found = this.#at(path)
        if (found === undefined) return nothingAt(path)
        if (equal(found, operation.value)) return null
        return { kind: 'testFailed', detail: `the value at ${shown(path)} is another one.` }
      }
      case 'add':
        return this.#add(path, operation.value)
      case 'replace':
        return this.#replace(path, operation.value)
      case 'remove':
        return this.#remove(path) === undefined ? nothingAt(path) : null
      case 'copy': {
        const found = this.#at(operation.from)
        if (found === undefined) return nothingAt(operation.from)
        return this.#mayGrow(found) ? this.#add(path, copied(found)) : TOO_MUCH
      }
      case 'move': {
        const removed = this.#remove(operation.from)
        return removed === undefined ? nothingAt(operation.from) : this.#add(path, removed)
      }
    }
  }

  #at(path: Pointer): Json | undefined {
    let value: Json | undefined = this.root
    for (const token of path) {
      if (Array.isArray(value)) {
        const index = indexOf(token, value.length - 1)
        value = index === null ? undefined : value[index]
      } else value = isObject(value) ? memberOf(value, token) : undefined
    }
    return value
  }

  #add(path: Pointer, value: Json): Failure | null {
    const token = path.at(-1)
    if (!this.#fits(value, path.length)) return TOO_MUCH
    if (token === undefined) {
      this.root = value
      return null
    }
    const parent = this.#at(path.slice(0, -1))
    if (Array.isArray(parent)) {
      const index = token === '-' ? parent.length : indexOf(token, parent.length)
      if (index === null) return nothingAt(path)
      this.#work += parent.length - index
      if (this.#work > WORK_MAX) return TOO_MUCH
      parent.splice(index, 0, value)
      return null
    }
    if (!isObject(parent)) return nothingAt(path.slice(0, -1))
    setMember(parent, token, value)
    return null
  }

  #replace(path: Pointer, value: Json): Failure | null {
    const token = path.at(-1)
    const parent = this.#at(path.slice(0, -1))
    if (token === undefined || isObject(parent))
      return this.#at(path) === undefined ? nothingAt(path) : this.#add(path, value)
    const index = Array.isArray(parent) ? indexOf(token, parent.length - 1) : null
    if (!Array.isArray(parent) || index === null) return nothingAt(path)
    if (!this.#fits(value, path.length)) return TOO_MUCH
    parent[index] = value
    return null
  }

  /** What was there, undefined where there was nothing; the whole document stays. */
  #remove(path: Pointer): Json | undefined {
    const token = path.at(-1)
    if (token === undefined) return undefined
    const parent = this.#at(path.slice(0, -1))
    if (Array.isArray(parent)) {
      const index = indexOf(token, parent.length - 1)
      if (index === null) return undefined
      this.#work += parent.length - index
      return parent.splice(index, 1)[0]
    }
    if (!isObject(parent)) return undefined
    const value = memberOf(parent, token)
    if (value !== undefined) delete parent[token]
    return value
  }

  /** Nothing becomes deeper than what can be printed and compared. */
  #fits(value: Json, depth: number): boolean {
    this.#work += 1
    if (this.#work > WORK_MAX || depth > JSON_DEPTH_MAX) return false
    if (Array.isArray(value)) return value.every(each => this.#fits(each, depth + 1))
    return !isObject(value) || Object.values(value).every(each => this.#fits(each, depth + 1))
  }

  /** Counts what a copy adds to the text. */
  #mayGrow(value: Json): boolean {
    this.#work += JSON.stringify(value).length
    return this.#work <= WORK_MAX
  }
}

function copied(value: Json): Json {
  if (Array.isArray(value)) return value.map(copied)
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const [name, each] of Object.entries(value)) setMember(copy, name, copied(each))
  return copy
}

const TOO_MUCH: Failure = { kind: 'tooLarge', detail: 'it moves or copies too much, or makes the document too deep.' }

const nothingAt = (path: Pointer): Failure => ({ kind: 'inapplicable', detail: `there is no place ${shown(path)}.` })

function shown(path: Pointer): string {
  const text = path.map(token => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return JSON.stringify(text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text)
}
