// The first thing on the page: may a host be lost now, why not, and what to do. Told by shape and words as well as by colour.
import { html } from 'hono/html'
import type { Accounts } from './accounts.ts'
import type { Html } from './layout.ts'
import { advice, type PairState, pairState, reasons } from './pairstate.ts'

const TEXT: Readonly<Record<PairState, readonly [string, string]>> = {
  whole: ['Yes', 'every write is on both hosts, and either may go away.'],
  solo: ['No', 'one host serves alone, and new writes are on its disk only.'],
  rejoining: ['Not yet', 'the other host is catching up.'],
  blocked: ['No', 'a part of the keys is not served at the moment.'],
  unsettled: ['No', 'both copies are there, but something is missing.'],
}

export function light(accounts: Accounts): Html {
  const state = pairState(accounts)
  const kind = state === 'whole' ? 'good' : state === 'blocked' || state === 'solo' ? 'bad' : 'warn'
  const sign =
    kind === 'good'
      ? html`<path d="M9 16.5l4.5 4.5L23 11" fill="none" stroke="currentColor" stroke-width="3"/>`
      : html`<path d="M16 8v10M16 22v3" fill="none" stroke="currentColor" stroke-width="3"/>`
  const [word, sentence] = TEXT[state]
  const why = state === 'whole' ? [] : reasons(accounts)
  const todo = advice(accounts)
  return html`<p class="light ${kind}" data-pair="${state}" role="status">
      <svg viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="14" fill="none" stroke="currentColor" stroke-width="2.5"/>${sign}</svg>
      <span><strong>${word}</strong>: ${sentence}</span>
    </p>
    ${why.length === 0 ? '' : html`<h3>Why</h3><ul class="why">${why.map(reason => html`<li>${reason}</li>`)}</ul>`}
    ${todo.length === 0 ? '' : html`<h3>What to do</h3><ul class="why">${todo.map(coded)}</ul>`}`
}

/** What stands between backticks is to be typed. */
const coded = (text: string): Html =>
  html`<li>${text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}</li>`
