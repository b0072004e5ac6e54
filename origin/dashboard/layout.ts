// What all pages share: the frame, the headers that keep everything at home, and the two files beside them.
import { readFileSync } from 'node:fs'
import { html } from 'hono/html'

export type Html = ReturnType<typeof html>

/** Nothing from outside, no inline script or style, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
}

/** Two riders on one machine; in the page itself, so that a browser asks for no other. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='4.5' cy='8' r='3' fill='none' stroke='%23168' stroke-width='2'/%3E%3Ccircle cx='11.5' cy='8' r='3' fill='none' stroke='%23168' stroke-width='2'/%3E%3C/svg%3E"

export function document(parts: { title: string; body: Html; live: boolean }): Html {
  const { title, body, live } = parts
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Tandem</title>
  <link rel="icon" href="${ICON}">
  <link rel="stylesheet" href="/dashboard/style.css">
  ${live ? html`<script src="/dashboard/live.js" defer></script>` : ''}
</head>
<body>${body}</body>
</html>`
}

export function page(text: string | { toString(): string }, status = 200): Response {
  return new Response(String(text), {
    status,
    headers: { ...SAFE_HEADERS, 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY },
  })
}

const ASSETS: Readonly<Record<string, string>> = {
  '/dashboard/style.css': 'text/css; charset=utf-8',
  '/dashboard/live.js': 'text/javascript; charset=utf-8',
}
const read = new Map<string, string>()

/** The two files of the pages; they hold no secret, and the sign-in page needs one before anybody is known. */
export function asset(path: string): Response | null {
  const type = ASSETS[path]
  if (type === undefined) return null
  const text = read.get(path) ?? readFileSync(new URL(`./${path.slice('/dashboard/'.length)}`, import.meta.url), 'utf8')
  read.set(path, text)
  return new Response(text, {
    headers: { ...SAFE_HEADERS, 'Cache-Control': 'private, max-age=60', 'Content-Type': type },
  })
}
