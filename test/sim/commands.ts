// What a simulated client asks for, as a command. A pair lies in two documents that are only written together, by one
// transaction: whoever reads either has read the pair, so its history is checked like that of one document.
import type { Change, Condition, WriteCommand } from '../../replicator/store/command.ts'
import type { Ask } from './history.ts'

/** What a client has seen: the conditions of its writes name it. */
export type Seen = { readonly document: string; readonly etag: string; readonly value: string }
export type AskedCommand = Exclude<WriteCommand, { op: 'expire' }>
export type Write = Exclude<Ask, { op: 'get' | 'expire' }>

export const PAIR = 'pair'

export const documentsOf = (key: string): readonly [string, ...string[]] =>
  key.endsWith(`/${PAIR}`) ? [`${key}.0`, `${key}.1`] : [key]

/** The key in whose history a document stands. */
export const keyOf = (document: string): string => document.replace(/\.[01]$/, '')

const TYPE = 'application/json'
const BYTES_MAX = 1024 * 1024
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export function commandOf(key: string, ask: Write, seen: Seen | null, at: number): AskedCommand {
  const documents = documentsOf(key)
  if (documents.length === 1) return { ...changeOf(key, ask, seen), at }
  return { op: 'tx', ops: documents.map(document => changeOf(document, ask, seen)), at }
}

function changeOf(document: string, ask: Write, seen: Seen | null): Change {
  const conditions: Condition[] = []
  if (seen?.document === document) conditions.push({ kind: 'match', etags: [seen.etag] })
  else if (ask.op === 'put' && ask.match === null) conditions.push({ kind: 'noneMatch', etags: '*' })
  switch (ask.op) {
    case 'put':
      return { op: 'put', key: document, type: TYPE, body: bytes(ask.value), expires: ask.expires, conditions }
    case 'append': {
      const body = bytes(JSON.stringify([{ op: 'add', path: '/-', value: ask.more }]))
      return { op: 'patch', key: document, form: 'json', body, bytesMax: BYTES_MAX, conditions }
    }
    case 'delete':
      return { op: 'delete', key: document, conditions }
  }
}
