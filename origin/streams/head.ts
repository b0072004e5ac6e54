// Heads as lines of text, and as the little of a Request that an answer needs.

/** What no HTTP/1.1 head may hold (RFC 9110 5.5); a line break would begin another field. */
const ILLEGAL = /[^\t\x20-\x7e\x80-\xff]/

/** Null where no head can be made of it. */
export function linesOf(parts: readonly string[]): string | null {
  let text = ''
  for (const part of parts) {
    if (ILLEGAL.test(part)) return null
    text += text === '' ? part : `\n${part}`
  }
  return text
}

/** Names are lower-case, as Headers have them; repeated ones are joined. Read once, at the first question. */
export class HeadFields {
  readonly #lines: readonly string[]
  readonly #from: number
  #fields: Map<string, string> | null = null

  /** @param lines name, value, name, value… from `from` on */
  constructor(lines: readonly string[], from: number) {
    this.#lines = lines
    this.#from = from
  }

  get(name: string): string | null {
    return this.#read().get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#read().has(name.toLowerCase())
  }

  #read(): ReadonlyMap<string, string> {
    if (this.#fields !== null) return this.#fields
    const fields = new Map<string, string>()
    for (let at = this.#from; at + 1 < this.#lines.length; at += 2) {
      const name = (this.#lines[at] ?? '').toLowerCase()
      const value = this.#lines[at + 1] ?? ''
      const earlier = fields.get(name)
      fields.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
    }
    this.#fields = fields
    return fields
  }
}

/** The record that forwarding speaks of; a repeated field becomes a list. Null where the lines are no fields. */
export function recordOf(head: string): Record<string, string | string[]> | null {
  const record: Record<string, string | string[]> = {}
  if (head === '') return record
  const lines = head.split('\n')
  if (lines.length % 2 !== 0) return null
  for (let at = 0; at < lines.length; at += 2) {
    const name = (lines[at] ?? '').toLowerCase()
    const value = lines[at + 1] ?? ''
    const earlier = record[name]
    if (earlier === undefined) record[name] = value
    else if (typeof earlier === 'string') record[name] = [earlier, value]
    else earlier.push(value)
  }
  return record
}
