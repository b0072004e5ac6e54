// What happened: changes of the record with who, why and how long, and what operators did. Newest first.
import { html } from 'hono/html'
import { type Accounts, both } from './accounts.ts'
import type { Html } from './layout.ts'
import type { Overview } from './overview.ts'
import { clock, millis } from './text.ts'

const TURNS_SHOWN = 30
const ACTIONS_SHOWN = 20
const ALARMING: readonly string[] = ['takeover', 'solo', 'forced']

export function timeline(accounts: Accounts): Html {
  const seen = new Map<number, Overview['timeline'][number]>()
  for (const { timeline: turns } of both(accounts))
    for (const turn of turns) {
      const known = seen.get(turn.epoch)
      // the one that saw it begin knows more than the one that read of it later
      if (known === undefined || (known.durationMs === null && turn.durationMs !== null)) seen.set(turn.epoch, turn)
    }
  const turns = [...seen.values()].sort((x, y) => y.epoch - x.epoch).slice(0, TURNS_SHOWN)
  if (turns.length === 0) return html`<p class="soft">No record has been read yet.</p>`
  return html`<ol class="history">${turns.map(
    turn => html`<li data-turn="${turn.kind}">
      <time>${clock(turn.at)}</time>
      <strong class="${ALARMING.includes(turn.kind) ? 'bad' : ''}">${turn.kind}</strong>
      <span>${turn.cause}${turn.durationMs === null ? '' : html` <span class="took">in ${millis(turn.durationMs)}</span>`}
      <span class="soft">epoch ${turn.epoch} by ${turn.actor}: s0 ${turn.primaries.s0}, s1 ${turn.primaries.s1}; members ${turn.members.join(' + ')}</span></span>
    </li>`,
  )}</ol>`
}

export function audit(accounts: Accounts): Html {
  const lines = both(accounts)
    .flatMap(one => one.audit)
    .sort((x, y) => (x.at < y.at ? 1 : x.at > y.at ? -1 : 0))
    .slice(0, ACTIONS_SHOWN)
  if (lines.length === 0) return html`<p class="soft">Nobody has acted yet.</p>`
  return html`<ol class="history">${lines.map(
    line => html`<li data-action="${line.action}">
      <time>${clock(Date.parse(line.at))}</time>
      <strong>${line.action}</strong>
      <span><span class="${line.ok ? 'good' : 'bad'}">${line.ok ? 'done' : 'refused'}</span> ${line.detail}
      <span class="soft">on ${line.origin}, by ${line.actor}</span></span>
    </li>`,
  )}</ol>`
}
