// Quarantine on the dashboard: which entries were undone on either origin, what they were about, and their contents as a
// download. Contents are for operators, as on the command line; a viewer sees keys.
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { z } from 'zod'
import { problem } from '../../router/problem.ts'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import type { PrivateEnv } from '../http/caller.ts'
import type { PeerOrigin } from '../peer.ts'
import type { QuarantineFile } from '../store/quarantine.ts'
import { document, type Html, page, SAFE_HEADERS } from './layout.ts'
import { clock } from './text.ts'

export type QuarantinePorts = {
  list(): readonly QuarantineFile[]
  show(file: string): AsyncIterable<unknown>
}

type Note = (c: Context<PrivateEnv>, line: { action: string; ok: boolean; detail: string }) => void

/** A file holds what one undo discarded; the page shows its beginning, the download all of it. */
const SHOWN_MAX = 200
const ASK_MS = 10_000
/** What the other origin may send of one file. */
const BYTES_MAX = 64 * 1024 * 1024

const listSchema = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      shard: z.string(),
      epoch: z.number(),
      index: z.number(),
      bytes: z.number(),
      at: z.number(),
    }),
  ),
})
const recordSchema = z.object({
  epoch: z.number(),
  index: z.number(),
  n: z.number(),
  table: z.string(),
  op: z.string(),
  key: z.string(),
  why: z.string(),
  at: z.string(),
})
const recordsSchema = z.object({ records: z.array(z.unknown()) })

export function quarantinePages(
  own: QuarantinePorts,
  peer: PeerOrigin,
  name: OriginName,
  note: Note,
): Hono<PrivateEnv> {
  const app = new Hono<PrivateEnv>()
  app.get('/dashboard/quarantine', async () => {
    const theirs = await peer.get('/_tandem/quarantine', listSchema, ASK_MS)
    const lists = ORIGINS.map(origin => ({ origin, files: origin === name ? own.list() : (theirs?.files ?? null) }))
    return page(await document({ title: 'Quarantine', body: listPage(lists), live: false }))
  })
  app.get('/dashboard/quarantine/show', async c => {
    const asked = placeIn(c)
    const records = asked === null ? null : await recordsOf(asked.origin, asked.file)
    if (asked === null || records === null) return problem('not-found', { detail: 'There is no such quarantine file.' })
    const operator = c.env.caller.role === 'operator'
    return page(await document({ title: asked.file, body: recordsPage(asked, records, operator), live: false }))
  })
  app.get('/dashboard/quarantine/export', async c => {
    if (c.env.caller.role !== 'operator') return problem('forbidden', { detail: 'A viewer does not see documents.' })
    const asked = placeIn(c)
    const records = asked === null ? null : await recordsOf(asked.origin, asked.file)
    if (asked === null || records === null) return problem('not-found', { detail: 'There is no such quarantine file.' })
    note(c, { action: 'quarantine export', ok: true, detail: `${asked.file} of ${asked.origin}` })
    return new Response(`${JSON.stringify({ ...asked, records }, null, 2)}\n`, {
      headers: {
        ...SAFE_HEADERS,
        'Content-Type': 'application/json',
        'Content-Disposition': `attachment; filename="${asked.origin}-${asked.file.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.json"`,
      },
    })
  })

  async function recordsOf(origin: OriginName, file: string): Promise<readonly unknown[] | null> {
    if (origin !== name) {
      const path = `/_tandem/quarantine/${encodeURIComponent(file)}`
      return (await peer.get(path, recordsSchema, ASK_MS, BYTES_MAX))?.records ?? null
    }
    if (!own.list().some(known => known.file === file)) return null
    const records: unknown[] = []
    for await (const record of own.show(file)) records.push(record)
    return records
  }
  return app
}

type Asked = { readonly origin: OriginName; readonly file: string }

function placeIn(c: Context<PrivateEnv>): Asked | null {
  const origin = c.req.query('origin')
  const file = c.req.query('file')
  return (origin === 'a' || origin === 'b') && file !== undefined ? { origin, file } : null
}

const link = (what: 'show' | 'export', { origin, file }: Asked): string =>
  `/dashboard/quarantine/${what}?origin=${origin}&file=${encodeURIComponent(file)}`

function listPage(
  lists: readonly { origin: OriginName; files: readonly z.output<typeof listSchema>['files'][number][] | null }[],
): Html {
  const rows = lists.flatMap(({ origin, files }) =>
    (files ?? []).map(
      ({ file, shard, epoch, index, bytes, at }) => html`<tr>
        <th scope="row">${origin}</th><td>${shard}</td><td>${epoch}.${index}</td><td>${bytes}</td>
        <td class="when">${clock(at)}</td><td><a href="${link('show', { origin, file })}">${file}</a></td>
      </tr>`,
    ),
  )
  const silent = lists.filter(({ files }) => files === null).map(({ origin }) => origin)
  return html`<main class="grid"><section class="card wide">
    <h1>Quarantine</h1>
    <p class="soft">Entries that an origin held when it returned, which nobody was ever answered: kept here before they were undone.</p>
    ${silent.map(origin => html`<p class="bad">Origin ${origin} does not answer.</p>`)}
    ${rows.length === 0 ? html`<p>Nothing is in quarantine.</p>` : scrolled('Quarantine files', ['origin', 'shard', 'from', 'bytes', 'undone at', 'file'], rows)}
    <a class="button" href="/dashboard">Back to the dashboard</a>
  </section></main>`
}

function recordsPage(asked: Asked, records: readonly unknown[], operator: boolean): Html {
  const rows = records.slice(0, SHOWN_MAX).flatMap(each => {
    const parsed = recordSchema.safeParse(each)
    if (!parsed.success) return []
    const { epoch, index, n, table, op, key, why } = parsed.data
    return html`<tr><td>${epoch}.${index}.${n}</td><td>${op}</td><td>${table}</td><td class="words">${key}</td><td class="words">${why}</td></tr>`
  })
  return html`<main class="grid"><section class="card wide">
    <h1>${asked.file} <small>of origin ${asked.origin}</small></h1>
    <p class="soft">${records.length} operations${records.length > SHOWN_MAX ? `, the first ${SHOWN_MAX} of them` : ''}.</p>
    ${scrolled('Operations', ['position', 'operation', 'table', 'key', 'why'], rows)}
    <nav class="actions" aria-label="This file">
      ${operator ? html`<a class="button" href="${link('export', asked)}" download>Export with contents</a>` : ''}
      <a class="button" href="/dashboard/quarantine">All files</a>
    </nav>
  </section></main>`
}

const scrolled = (name: string, head: readonly string[], rows: readonly Html[]): Html =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="${name}"><table>
    <thead><tr>${head.map(text => html`<th scope="col">${text}</th>`)}</tr></thead>
    <tbody>${rows}</tbody>
  </table></div>`
