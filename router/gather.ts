// One page out of two shards: asks both primaries for their parts, each routed as any read is, and merges the answers.
// The same code on hosts and on the edge.
import type { Wire } from './app.ts'
import type { Asked } from './asked.ts'
import { NO_BODY } from './body.ts'
import type { Inbound } from './call.ts'
import { encodeCursor } from './changes.ts'
import type { RouterName } from './journey.ts'
import { pathOf } from './key.ts'
import { listingQuery } from './listing.ts'
import { changesPart, listingPart, mergeChanges, mergeListing } from './merge.ts'
import { readPart } from './part.ts'
import { type ProblemFields, problem } from './problem.ts'
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

export async function gather(call: GatherCall, asked: Spread, { name, route }: GatherOptions): Promise<Response> {
  const [s0, s1] = await Promise.all(SHARDS.map(shard => route(partCall(call, shard, asked))))
  if (s0 === undefined || s1 === undefined) throw new Error('there are two shards')
  const answers = [s0, s1]
  const refused = answers.find(answer => answer.status !== 200)
  if (refused !== undefined) {
    for (const answer of answers) if (answer !== refused) void answer.body?.cancel()
    return refusal(refused, call)
  }
  const parts = await Promise.all(answers.map(answer => answer.text().then(readPart)))
  const headers = headersOf(answers)
  const page = pageOf(parts, asked, pathOf(call.target))
  if (page === null) {
    const about: ProblemFields = { instance: call.target, headers: { 'Tandem-Origin': name } }
    return problem('no-primary', { ...about, detail: 'The pair was restored from a backup just now.' })
  }
  const bytes = new TextEncoder().encode(page.text)
  headers['Content-Length'] = String(bytes.length)
  if (page.link !== null) headers.Link = page.link
  return new Response(call.request.method === 'HEAD' ? null : bytes, { status: 200, headers })
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

function pageOf(parts: readonly ReturnType<typeof readPart>[], asked: Spread, path: string): Page | null {
  const [p0, p1] = parts
  if (p0 === undefined || p1 === undefined) throw new Error('there are two parts')
  if (asked.kind === 'listing') {
    const { items, next } = mergeListing({ s0: listingPart(p0), s1: listingPart(p1) }, asked.limit)
    const query = next === null ? null : listingQuery({ ...asked, after: next })
    const cursor = query === null ? null : new URLSearchParams(query).get('cursor')
    return {
      text: `{"items":[${items.join(',')}],"next":${JSON.stringify(cursor)}}`,
      link: query === null ? null : `<${path}${query}>; rel="next"`,
    }
  }
  const merged = mergeChanges({ s0: changesPart(p0), s1: changesPart(p1) }, asked.limit)
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
