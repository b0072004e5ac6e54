// What a client of the matrix asks, and what an answer says about it.
import { z } from 'zod'
import type { Ask, Told } from '../sim/history.ts'
import type { Answer, Connection, Question } from './connection.ts'

const TEXT = { 'content-type': 'text/plain' }

/** `path`: where it was said to be */
export type Created = { readonly path: string; readonly etag: string; readonly value: string }

/** A document whose id the service makes: a second one with the same bytes could only be this request's own doing. */
export function creation(collection: string, value: string, keyed: boolean): Question {
  const key: Record<string, string> = keyed ? { 'idempotency-key': value } : {}
  return { url: `/v1/${collection}`, method: 'POST', headers: { ...TEXT, ...key }, body: value }
}

const page = z.object({ items: z.array(z.object({ base64: z.string() })), next: z.string().nullable() })

/** How often each text is in the collection, through this host. */
export async function countsIn(reader: Connection, base: string, collection: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const url = `${base}/v1/${collection}?limit=1000&values=true${from}`
    const { items, next } = page.parse(
      JSON.parse((await reader.ask({ url, method: 'GET', headers: {}, body: null })).body),
    )
    for (const { base64 } of items) {
      const value = Buffer.from(base64, 'base64').toString()
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    cursor = next
  }
  return counts
}

/** Reads by half; else writes without a condition, onto what was seen last, onto nothing; and a few that remove. */
export function chosen(
  dice: number,
  value: string,
  seen: { readonly etag: string; readonly value: string } | undefined,
): readonly [Ask, Readonly<Record<string, string>>] {
  if (dice < 0.5) return [{ op: 'get' }, {}]
  if (dice < 0.55)
    return [
      { op: 'put', value, match: null, expires: null },
      { ...TEXT, 'if-none-match': '*' },
    ]
  if (dice < 0.7 || seen === undefined) return [{ op: 'put', value, match: undefined, expires: null }, TEXT]
  if (dice < 0.95)
    return [
      { op: 'put', value, match: seen.value, expires: null },
      { ...TEXT, 'if-match': seen.etag },
    ]
  return [{ op: 'delete', match: seen.value }, { 'if-match': seen.etag }]
}

/** Null where it is no answer to that. */
export function toldBy({ op }: Ask, { status, body }: Answer): Told | null {
  if (op === 'get') return status === 200 ? { kind: 'found', value: body } : status === 404 ? { kind: 'missing' } : null
  if (status === 412) return { kind: 'refused', value: undefined }
  if (op === 'put') return status === 201 ? { kind: 'created' } : status === 200 ? { kind: 'replaced' } : null
  return status === 204 ? { kind: 'deleted' } : status === 404 ? { kind: 'missing' } : null
}
