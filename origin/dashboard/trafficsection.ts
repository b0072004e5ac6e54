// Traffic through both routers: rates, latency, who answered, and small plots.
import { html } from 'hono/html'
import { ORIGINS, peerOf } from '../../router/words.ts'
import { type Accounts, accountOf } from './accounts.ts'
import type { Html } from './layout.ts'
import type { Overview } from './overview.ts'
import { plot } from './plot.ts'
import { amount, millis } from './text.ts'

type Traffic = Overview['traffic']

const ROWS: readonly {
  readonly name: string
  readonly cell: (traffic: Traffic) => string
  readonly bad?: (traffic: Traffic) => boolean
}[] = [
  { name: 'requests a second', cell: one => amount(one.perSecond) },
  { name: 'p50', cell: one => millis(one.p50Ms) },
  { name: 'p95', cell: one => millis(one.p95Ms) },
  { name: 'p99', cell: one => millis(one.p99Ms) },
  { name: 'parked now', cell: one => amount(one.parkedNow), bad: one => one.parkedNow > 0 },
  { name: 'since the start', cell: one => amount(one.total) },
  { name: 'errors (5xx)', cell: one => amount(one.errors), bad: one => one.errors > 0 },
  { name: 'retries', cell: one => amount(one.retries) },
  { name: 'parked', cell: one => amount(one.parked) },
]

export function trafficSection(accounts: Accounts): Html {
  const of = ORIGINS.map(name => ({ name, one: accountOf(accounts, name) }))
  const rows = ROWS.map(
    ({ name, cell, bad }) =>
      html`<tr><th scope="row">${name}</th>${of.map(({ one }) =>
        one === null
          ? html`<td class="soft">–</td>`
          : html`<td class="${bad?.(one.traffic) ? 'warn' : ''}">${cell(one.traffic)}</td>`,
      )}</tr>`,
  )
  const series = (values: (one: Overview) => readonly number[]) =>
    of.map(({ name, one }) => ({ name, values: one === null ? [] : values(one) }))
  return html`<div class="split"><table>
      <thead><tr><td></td>${of.map(({ name, one }) => html`<th scope="col">through ${name}${one === null ? ' (silent)' : ''}</th>`)}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
    <div>${share(accounts)}
      <p class="soft"><span class="key of-a"></span> a <span class="key of-b"></span> b, last 15 minutes</p>
      ${plot(
        'requests a second',
        series(one => one.traffic.plot.map(point => point.perSecond)),
        amount,
      )}
      ${plot(
        'p99',
        series(one => one.traffic.plot.map(point => point.p99Ms ?? 0)),
        millis,
      )}
      ${plot(
        'errors a second',
        series(one => one.traffic.plot.map(point => point.errorsPerSecond)),
        amount,
      )}
      ${plot(
        'entries behind',
        series(one => one.lagPlot),
        amount,
      )}
    </div></div>`
}

/** Of all requests of the last seconds: who answered, through whichever router they came. */
function share(accounts: Accounts): Html {
  const counted = ORIGINS.map(name => {
    const here = accountOf(accounts, name)?.traffic.answered.here ?? 0
    return here + (accountOf(accounts, peerOf(name))?.traffic.answered.peer ?? 0)
  })
  const [a = 0, b = 0] = counted
  if (a + b === 0) return html`<p class="soft">Nobody asks at the moment.</p>`
  const percent = Math.round((100 * a) / (a + b))
  const label = `a answers ${percent} %, b ${100 - percent} %`
  return html`<p>${label} <progress class="share" max="100" value="${percent}" aria-label="${label}"></progress></p>`
}
