// One page out of two shards: asks both primaries for their parts, each routed as any read is, and merges the answers.
// The same code on hosts and on the edge.
import type { Wire } from './app.ts'
import type { Asked } from './asked.ts'
import { NO_BODY } from './body.ts'
import type { Inbound } from './call.ts'
import { encodeCursor } from './changes.ts'
import type { RouterName } from './journey.ts'
import { pathOf } from './key.ts'
import { cursorAfter, listingQuery } from './listing.ts'
import { changesPart, listingPart, mergeChanges, mergeListing } from './merge.ts'
import { type Part, readPart } from './part.ts'
import { problem } from './problem.ts'
import { type Spread, targetOfPart } from './spread.ts'
import { SHARDS, type ShardName } from './words.ts'

export type GatherCall = Pick<Wire, 'target' | 'rawHeaders' | 'client' | 'traceparent'> & {
  readonly request: Request
  readonly asked: Asked
}

export type GatherOptions = {
  readonly name: RouterName
  /** answers a part, here or wherever its primary is */
  readonly route: (inbound: Inbound) => Promise<Response>
}

/** A long part may break off when its origin dies: it is asked for again, of whoever is primary then. */
const TRIES_MAX = 4

type Had = { readonly answer: Response; readonly part: Part | null }

export async function gather(call: GatherCall, asked: Spread, { name, route }: GatherOptions): Promise<Response> {
  const fault = (detail: string): Response =>
    problem('no-primary', { instance: call.target, headers: { 'Tandem-Origin': name }, detail })
  const [x, y] = await Promise.all(SHARDS.map(shard => partOf(call, shard, asked, route)))
  if (x === undefined || y === undefined) throw new Error('there are two shards')
  const refused = [x, y].find(({ answer }) => answer.status !== 200)
  if (refused !== undefined) return refusal(refused.answer, call)
  if (x.part === null || y.part === null) return fault('The primary of a shard was lost again and again.')
  const page = pageOf(x.part, y.part, asked, pathOf(call.target))
  if (page === null) return fault('The pair was restored from a backup just now.')
  const headers = headersOf([x.answer, y.answer])
  const bytes = new TextEncoder().encode(page.text)
  headers['Content-Length'] = String(bytes.length)
  if (page.link !== null) headers.Link = page.link
  return new Response(call.request.method === 'HEAD' ? null : bytes, { status: 200, headers })
}

async function partOf(call: GatherCall, shard: ShardName, asked: Spread, route: GatherOptions['route']): Promise<Had> {
  for (let tries = 1; ; tries++) {
    const answer = await route(partCall(call, shard, asked))
    if (answer.status !== 200) return { answer, part: null }
    const text = await answer.text().catch(() => null)
    if (text !== null) return { answer, part: readPart(text) }
    if (tries === TRIES_MAX || call.request.signal.aborted) return { answer, part: null }
  }
}

/** A part is read whole, whatever its client wants of the page. */
function partCall(call: GatherCall, shard: ShardName, asked: Spread): Inbound {
  const { request, rawHeaders, client, traceparent } = call
  const target = targetOfPart(shard, asked)
  return {
    request: new Request(new URL(target, request.url), {
      headers: request.headers,
      signal: request.signal,
    }),
    target,
    resource: asked,
    shard,
    body: NO_BODY,
    once: false,
    minted: null,
    rawHeaders,
    client,
    traceparent,
    asked: call.asked,
    aimed: undefined,
  }
}

type Page = { readonly text: string; readonly link: string | null }

function pageOf(s0: Part, s1: Part, asked: Spread, path: string): Page | null {
  if (asked.kind === 'listing') {
    const { items, next } = mergeListing({ s0: listingPart(s0), s1: listingPart(s1) }, asked.limit)
    return {
      text: `{"items":[${items.join(',')}],"next":${next === null ? 'null' : `"${cursorAfter(next)}"`}}`,
      link: next === null ? null : `<${path}${listingQuery({ ...asked, after: next })}>; rel="next"`,
    }
  }
  const merged = mergeChanges({ s0: changesPart(s0), s1: changesPart(s1) }, asked.limit)
  if (merged === null) return null
  const items = merged.changes.map(change => change.item).join(',')
  return { text: `{"items":[${items}],"next":"${encodeCursor(merged.next)}","more":${merged.more}}`, link: null }
}

/** What both say, once each. */
function headersOf(answers: readonly Response[]): Record<string, string> {
  const all = (name: string): string[] => answers.map(answer => answer.headers.get(name)).filter(text => text !== null)
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Tandem-Origin': [...new Set(all('tandem-origin'))].join(', '),
    'Tandem-Shard': SHARDS.join(', '),
  }
  const hops = all('proxy-status')
  if (hops.length > 0) headers['Proxy-Status'] = hops.join(', ')
  const applied = all('preference-applied')
  const lag = all('tandem-lag-ms').map(Number)
  // half of a page from a copy is a page from a copy
  if (applied[0] !== undefined) headers['Preference-Applied'] = applied[0]
  if (lag.length > 0) headers['Tandem-Lag-Ms'] = String(Math.max(...lag))
  return headers
}

/** The problem of a part is the problem of the page; clients know no parts. */
async function refusal(part: Response, { target, request }: GatherCall): Promise<Response> {
  const told: unknown = await part.json()
  const headers = new Headers(part.headers)
  headers.delete('content-length')
  const body = JSON.stringify({ ...(typeof told === 'object' ? told : {}), instance: target })
  return new Response(request.method === 'HEAD' ? null : body, { status: part.status, headers })
}
