// What a host answers at /openapi.json and /docs. Both are made once.
import { hash } from 'node:crypto'
import type { ApiPage } from '../../router/app.ts'
import type { OriginName } from '../../router/words.ts'
import { docsPage, STYLE } from './docspage.ts'
import { openApi } from './openapi.ts'

/** Nothing from outside, no script, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** They change with the version alone. */
const CACHED = 'public, max-age=60'

export function apiPages(name: OriginName, version: string): (page: ApiPage) => Response {
  const served = { 'Tandem-Origin': name, 'Cache-Control': CACHED, 'X-Content-Type-Options': 'nosniff' }
  const texts: Readonly<Record<ApiPage, string>> = {
    '/openapi.json': JSON.stringify(openApi(version)),
    '/docs': docsPage(version),
  }
  const headers: Readonly<Record<ApiPage, Readonly<Record<string, string>>>> = {
    // readers of API descriptions run in browsers, on pages of their own
    '/openapi.json': { ...served, 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' },
    '/docs': { ...served, 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY },
  }
  return page => new Response(texts[page], { headers: headers[page] })
}
