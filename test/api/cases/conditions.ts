// Every conditional header on every method: on a document that is there, and on one that is not.
import { expect } from 'vitest'
import type { Ask, Talk } from '../talk.ts'

/** What each method answers where nothing hinders it, on a document that is there and on one that is not. */
const FREE: Readonly<Record<string, readonly [number, number]>> = {
  GET: [200, 404],
  HEAD: [200, 404],
  PUT: [200, 201],
  DELETE: [204, 404],
  PATCH: [200, 404],
}
/** What they are sent with. */
const SENT: Readonly<Record<string, Ask>> = {
  PUT: { body: 'y' },
  PATCH: { body: '{}' },
}
const headersOf = (method: string, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json', ...headers } : headers
const DOCUMENT: Ask = { body: '{}', headers: { 'Content-Type': 'application/json' } }
const METHODS = Object.keys(FREE)
const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

const PAST = 'Thu, 01 Jan 2015 00:00:00 GMT'
const FUTURE = 'Thu, 01 Jan 2099 00:00:00 GMT'

type Header = 'If-Match' | 'If-None-Match'
/** TAG is the document's own. `met`: true where the header names a document that is there. */
const VALUES: readonly { readonly value: string; readonly names: Readonly<Record<Header, boolean>> }[] = [
  { value: 'TAG', names: { 'If-Match': true, 'If-None-Match': true } },
  { value: '"other"', names: { 'If-Match': false, 'If-None-Match': false } },
  // strong comparison, weak comparison (RFC 9110 13.1.1, 13.1.2)
  { value: 'W/TAG', names: { 'If-Match': false, 'If-None-Match': true } },
  { value: '"a", W/"b" ,TAG', names: { 'If-Match': true, 'If-None-Match': true } },
  { value: ', ,"a,b",, TAG,', names: { 'If-Match': true, 'If-None-Match': true } },
  { value: '"a", "b"', names: { 'If-Match': false, 'If-None-Match': false } },
  { value: '*', names: { 'If-Match': true, 'If-None-Match': true } },
]

function expected(method: string, header: Header, isThere: boolean, isNamed: boolean): number {
  const free = FREE[method]?.[isThere ? 0 : 1] ?? 0
  if (!isThere && method !== 'PUT') return free
  if (header === 'If-Match') return isThere && isNamed ? free : 412
  if (!isThere || !isNamed) return free
  return isRead(method) ? 304 : 412
}

export const CONDITIONS: Readonly<Record<string, (talk: Talk) => Promise<void>>> = Object.fromEntries([
  ...(['If-Match', 'If-None-Match'] as const).flatMap(header =>
    METHODS.map(method => [
      `${header} on ${method}`,
      async ({ ask }: Talk) => {
        for (const { value, names } of VALUES) {
          for (const isThere of [true, false]) {
            await ask('DELETE', '/v1/:c/x')
            const tag = isThere ? (await ask('PUT', '/v1/:c/x', DOCUMENT)).headers.get('etag') : '"none"'
            const text = value.replaceAll('TAG', tag ?? '')
            const headers = headersOf(method, { [header]: text })
            const answer = await ask(method, '/v1/:c/x', { ...SENT[method], headers })
            expect([value, isThere, answer.status]).toEqual([
              value,
              isThere,
              expected(method, header, isThere, names[header]),
            ])
            if (answer.status === 412 || answer.status === 304) expect(answer.headers.get('etag') ?? '"none"').toBe(tag)
            // what was refused changed nothing
            if (answer.status === 412 && isThere) expect((await ask('GET', '/v1/:c/x')).body).toBe('{}')
          }
        }
      },
    ]),
  ),
  [
    'what is no list of tags',
    async ({ ask }: Talk) => {
      await ask('PUT', '/v1/:c/x', { body: 'x' })
      for (const method of METHODS) {
        for (const header of ['If-Match', 'If-None-Match']) {
          for (const value of ['x', '"', '"a" "b"', '*, "a"', 'w/"a"', 'W/ "a"', ',', '"a", b', `"${'a'.repeat(4)}`]) {
            const headers = headersOf(method, { [header]: value })
            const answer = await ask(method, '/v1/:c/x', { ...SENT[method], headers })
            expect([method, header, value, answer.status]).toEqual([method, header, value, 400])
          }
        }
      }
      expect((await ask('GET', '/v1/:c/x')).body).toBe('x')
    },
  ],
  [
    'two headers of one name are one list',
    async ({ ask }: Talk) => {
      const tag = (await ask('PUT', '/v1/:c/x', { body: 'x' })).headers.get('etag') ?? ''
      const twice = await ask('PUT', '/v1/:c/x', { body: 'y', headers: ['If-Match', '"a"', 'If-Match', tag] })
      expect(twice.status).toBe(200)
      const none = await ask('GET', '/v1/:c/x', { headers: ['If-None-Match', '"a"', 'If-None-Match', '"b"'] })
      expect(none.status).toBe(200)
    },
  ],
  [
    'dates, on reads',
    async ({ ask }: Talk) => {
      const tag = (await ask('PUT', '/v1/:c/x', { body: 'x' })).headers.get('etag') ?? ''
      for (const method of ['GET', 'HEAD']) {
        const status = async (headers: Record<string, string>): Promise<number> =>
          (await ask(method, '/v1/:c/x', { headers })).status
        expect(await status({ 'If-Modified-Since': FUTURE })).toBe(304)
        expect(await status({ 'If-Modified-Since': PAST })).toBe(200)
        expect(await status({ 'If-Modified-Since': 'yesterday' })).toBe(200)
        expect(await status({ 'If-Unmodified-Since': PAST })).toBe(412)
        expect(await status({ 'If-Unmodified-Since': FUTURE })).toBe(200)
        // tags go before dates (RFC 9110 13.2.2)
        expect(await status({ 'If-None-Match': '"a"', 'If-Modified-Since': FUTURE })).toBe(200)
        expect(await status({ 'If-Match': tag, 'If-Unmodified-Since': PAST })).toBe(200)
        expect(await status({ 'If-Match': tag, 'If-None-Match': tag })).toBe(304)
      }
    },
  ],
  [
    'dates, on writes: a second is too coarse',
    async ({ ask }: Talk) => {
      const tag = (await ask('PUT', '/v1/:c/x', { body: 'x' })).headers.get('etag') ?? ''
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const headers = headersOf(method, { 'If-Unmodified-Since': FUTURE })
        expect((await ask(method, '/v1/:c/x', { ...SENT[method], headers })).status).toBe(400)
      }
      // only for reads (RFC 9110 13.1.3)
      expect((await ask('PUT', '/v1/:c/x', { body: 'y', headers: { 'If-Modified-Since': FUTURE } })).status).toBe(200)
      const both = { 'If-Match': tag, 'If-None-Match': '"a"' }
      expect((await ask('PUT', '/v1/:c/x', { body: 'z', headers: both })).status).toBe(412)
    },
  ],
])
