// A page of a collection, in the order of the ids' bytes: one range of the primary key, from where the last page ended.
import { isUtf8 } from 'node:buffer'
import { etagOf } from '../../replicator/entry/row.ts'
import { afterAllOf, compareBytes } from '../../router/order.ts'
import { lineOf } from '../../router/part.ts'
import { blob, type Column, type Db, int, type Statement, text } from '../store/sqlite.ts'
import { PAGE_BYTES_MAX } from './limits.ts'
import type { ListPage, ListQuestion } from './question.ts'

const HEAD = 'key, type, length(body) AS size, epoch, idx, n, modified'
const RANGE = 'FROM documents WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3'
export const LIST = `SELECT ${HEAD} ${RANGE}`
export const LIST_VALUES = `SELECT ${HEAD}, body ${RANGE}`

/** What an item's JSON has beside the document: names, quotes, numbers. */
const ITEM_BYTES = 160

export class ListScan {
  readonly #plain: Statement
  readonly #values: Statement

  constructor(db: Db) {
    this.#plain = db.prepare(LIST)
    this.#values = db.prepare(LIST_VALUES)
  }

  /** In a transaction, whose last entry is `seen`. */
  page(question: ListQuestion, seen: number): ListPage {
    const { collection, limit, values } = question
    const start = `${collection}/`
    const { from, to } = rangeOf(question)
    const lines: string[] = []
    let stepped = 0
    let bytes = 0
    let more = false
    for (const row of (values ? this.#values : this.#plain).iterate(from, to, limit + 1)) {
      stepped += 1
      if (lines.length === limit || bytes >= PAGE_BYTES_MAX) {
        more = true
        break
      }
      const id = text(row.key).slice(start.length)
      lines.push(lineOf(id, itemOf(id, row, values)))
      bytes += ITEM_BYTES + id.length + (values ? int(row.size) : 0)
    }
    return { kind: 'list', seen, stepped, more, lines: lines.join('\n') }
  }
}

/** Keys from `from` on, before `to`. */
export function rangeOf({ collection, prefix, after }: ListQuestion): { readonly from: string; readonly to: string } {
  const first = `${collection}/${prefix}`
  // nothing lies between a text and the same one with a zero behind it
  const next = after === null ? first : `${collection}/${after}\0`
  return { from: compareBytes(next, first) > 0 ? next : first, to: afterAllOf(first) ?? first }
}

function itemOf(id: string, row: Record<string, Column>, values: boolean): string {
  const type = text(row.type)
  const head = JSON.stringify({
    id,
    etag: etagOf(int(row.epoch), int(row.idx), int(row.n)),
    size: int(row.size),
    type,
    modified: new Date(int(row.modified)).toISOString(),
  })
  if (!values) return head
  return `${head.slice(0, -1)},${valueJson(type, blob(row.body))}}`
}

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json(?:[ \t]*;|$)/i

/** JSON goes out as it came in, digit for digit; what is none is `base64`. */
function valueJson(type: string, body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (JSON_TYPE.test(type) && isUtf8(bytes)) {
    const json = bytes.toString('utf8')
    if (isJson(json)) return `"value":${json}`
  }
  return `"base64":"${bytes.toString('base64')}"`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
