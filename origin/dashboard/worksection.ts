// Long work of both origins: how far it is, and how the last of each kind ended.
import { html } from 'hono/html'
import { type Accounts, both } from './accounts.ts'
import type { Html } from './layout.ts'
import { clock } from './text.ts'

const NAMES: Readonly<Record<string, string>> = { verify: 'comparison', backup: 'backup', drill: 'drill' }

export function workSection(accounts: Accounts): Html {
  const jobs = both(accounts)
    .flatMap(({ status, jobs }) => jobs.map(job => ({ ...job, on: status.name })))
    .sort((x, y) => y.startedAt - x.startedAt)
  if (jobs.length === 0) return html`<p class="soft">Nothing was asked for since both origins started.</p>`
  return html`<dl>${jobs.map(job => {
    const name = `${NAMES[job.kind] ?? job.kind} on ${job.on}`
    return html`<dt>${name}</dt><dd data-job="${job.kind}" data-ended="${job.end === null ? 'no' : job.end.ok ? 'well' : 'badly'}">
      ${job.end === null ? running(name, job) : ended(job.end)}
      <span class="soft">since ${clock(job.startedAt)}, by ${job.actor}</span>
      ${job.named.length === 0 ? '' : html`<ul class="why">${job.named.map(key => html`<li>${key}</li>`)}</ul>`}
    </dd>`
  })}</dl>`
}

function running(name: string, { step, progress }: { readonly step: string; readonly progress: number | null }): Html {
  if (progress === null) return html`<progress aria-label="${name}"></progress> ${step}`
  const percent = Math.floor(progress)
  return html`<progress max="100" value="${percent}" aria-label="${name}"></progress> ${percent} %, ${step}`
}

const ended = ({ at, ok, detail }: { readonly at: number; readonly ok: boolean; readonly detail: string }): Html =>
  html`<span class="${ok ? 'good' : 'bad'}">${ok ? 'passed' : 'failed'}</span> at ${clock(at)}: ${detail}`
