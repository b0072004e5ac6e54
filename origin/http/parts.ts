// A shard's part of a list or of the feed, as the router that merges wants it.
import type { LocalCall } from '../../router/call.ts'
import type { Changes } from '../../router/changes.ts'
import type { Listing } from '../../router/listing.ts'
import { changesHead } from '../../router/merge.ts'
import { PART_TYPE, partText } from '../../router/part.ts'
import type { Answers } from './answers.ts'
import type { Pages } from './ports.ts'

export class Parts {
  readonly #pages: Pages
  readonly #answers: Answers

  constructor(pages: Pages, answers: Answers) {
    this.#pages = pages
    this.#answers = answers
  }

  async list(call: LocalCall, listing: Listing): Promise<Response> {
    const page = await this.#pages.list(call.shard, listing)
    if (page.kind === 'misdirected') return this.#answers.misdirected(call, page)
    if (page.kind === 'overloaded') return this.#overloaded(call)
    return this.#part(call, partText({ more: page.more }, page.lines))
  }

  async changes(call: LocalCall, changes: Changes): Promise<Response> {
    const page = await this.#pages.changes(call.shard, changes)
    if (page.kind === 'misdirected') return this.#answers.misdirected(call, page)
    if (page.kind === 'overloaded') return this.#overloaded(call)
    if (page.kind === 'gone') return this.#answers.refuse(call, 'cursor-gone', { detail: page.why })
    return this.#part(call, partText(changesHead(page), page.lines))
  }

  #part(call: LocalCall, text: string): Response {
    const bytes = Buffer.from(text)
    const headers = this.#answers.served(call)
    headers['Content-Type'] = PART_TYPE
    headers['Content-Length'] = String(bytes.length)
    return new Response(bytes, { status: 200, headers })
  }

  #overloaded(call: LocalCall): Response {
    return this.#answers.refuse(call, 'overloaded', { detail: 'Too many lists and feeds are being read.' })
  }
}
