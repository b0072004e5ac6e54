// The page at /docs: every endpoint with a line to type, every problem with what to do. Drawn from the same table as the
// OpenAPI document.
import { readFileSync } from 'node:fs'
import { html, raw } from 'hono/html'
import { PROBLEM_NAMES, type ProblemName, problemStatus, problemTitle, problemType } from '../../router/problem.ts'
import type { Endpoint } from './endpoint.ts'
import { ENDPOINTS, PATH_PARAMETERS, problemsByStatus } from './endpoints.ts'
import { ANSWER_HEADERS, REQUEST_HEADERS } from './headers.ts'
import { PROBLEM_TEXTS } from './problems.ts'

type Html = ReturnType<typeof html>

/** Stands in the page, so that it needs nothing else. */
export const STYLE = readFileSync(new URL('./docs.css', import.meta.url), 'utf8')

export const docsPage = (version: string): string =>
  String(html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>HTTP API · Tandem</title>
  <link rel="icon" href="data:,">
  <style>${raw(STYLE)}</style>
</head>
<body>
<header>
  <h1>Tandem: the HTTP API</h1>
  <p>Version ${version}. Both origins and the edge answer alike. For programs: <a href="/openapi.json">openapi.json</a>.</p>
</header>
<nav aria-label="Contents">
  <ul>
    ${ENDPOINTS.map(({ id, method, path }) => html`<li><a href="#${id}">${method.toUpperCase()} ${path}</a></li>`)}
    <li><a href="#problems">Problems</a></li>
  </ul>
</nav>
<main>
  <h2>Endpoints</h2>
  ${ENDPOINTS.map(endpointOf)}
  <h2>Headers of answers</h2>
  <section>${table('Header', Object.entries(ANSWER_HEADERS))}</section>
  <h2 id="problems">Problems</h2>
  <p>Every refusal is <code>application/problem+json</code> (RFC 9457); of a write it says whether it took effect
    (<code>committed</code>) and whether it may be sent again as it is (<code>retryable</code>).</p>
  ${PROBLEM_NAMES.map(problemOf)}
</main>
</body>
</html>`)

const endpointOf = (endpoint: Endpoint): Html => html`<section id="${endpoint.id}">
  <h3>${endpoint.title}</h3>
  <p><code>${endpoint.method.toUpperCase()} ${endpoint.path}</code>${scopeOf(endpoint)}</p>
  <p>${prose(endpoint.text)}</p>
  <pre tabindex="0" aria-label="To type: ${endpoint.title}"><code>${endpoint.curl.join('\n')}</code></pre>
  ${block('Parameters', parametersOf(endpoint))}
  ${endpoint.body === null ? '' : html`<h4>Body</h4><p>${prose(endpoint.body.text)}</p>`}
  <h4>Answers</h4>
  ${table(
    'Status',
    endpoint.answers.map(({ status, text }) => [String(status), text]),
  )}
  ${endpoint.problems.length === 0 ? '' : html`<h4>Problems</h4><p>${refusalsOf(endpoint)}</p>`}
</section>`

const scopeOf = ({ access }: Endpoint): Html | string => (access === null ? '' : html`, scope <code>${access}</code>`)

const parametersOf = ({ path, query, headers }: Endpoint): [string, string][] => [
  ...[...path.matchAll(/\{(\w+)\}/g)].map(([whole, name = '']): [string, string] => [
    whole,
    PATH_PARAMETERS[name]?.text ?? '',
  ]),
  ...Object.entries(query?.shape ?? {}).map(([name, schema]): [string, string] => [
    `?${name}=`,
    schema.description ?? '',
  ]),
  ...headers.map((name): [string, string] => [name, REQUEST_HEADERS[name]]),
]

const refusalsOf = (endpoint: Endpoint): Html[] =>
  [...problemsByStatus(endpoint)].map(
    ([status, names]) => html`${status}: ${names.map(name => html`<a href="#problem-${name}">${name}</a> `)}`,
  )

const problemOf = (name: ProblemName): Html => html`<section id="problem-${name}">
  <h3>${problemStatus(name)} ${name}</h3>
  <p>${problemTitle(name)}. ${prose(PROBLEM_TEXTS[name])}</p>
  <p><code>${problemType(name)}</code></p>
</section>`

const block = (title: string, rows: readonly (readonly [string, string])[]): Html | string =>
  rows.length === 0 ? '' : html`<h4>${title}</h4>${table('Name', rows)}`

const table = (first: string, rows: readonly (readonly [string, string])[]): Html => html`<div class="scroll"><table>
  <thead><tr><th scope="col">${first}</th><th scope="col">Meaning</th></tr></thead>
  <tbody>${rows.map(([name, text]) => html`<tr><th scope="row"><code>${name}</code></th><td>${prose(text)}</td></tr>`)}</tbody>
</table></div>`

/** Backticks are code. */
const prose = (text: string): (string | Html)[] =>
  text.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`))
