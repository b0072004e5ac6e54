// The dashboard's page: a frame with the sections as they are now, then kept true by the live stream.
import { html, raw } from 'hono/html'
import type { Session } from '../http/caller.ts'
import { type Action, consequences, OFFERED, parseAction, targetOf, titleOf } from './actions.ts'
import type { Drawing } from './events.ts'
import { document, type Html } from './layout.ts'
import { type Accounts, SECTIONS } from './sections.ts'

/** Who looks: a session, or a program with the secret in a header, which gets no forms. */
export type Looker = { readonly role: 'operator' | 'viewer'; readonly session: Session | null; readonly csrf: string }

export function mainPage(accounts: Accounts, drawing: Drawing, looker: Looker): Html {
  const { name } = accounts.own.status
  const body = html`<header>
      <h1>Tandem <small>seen by origin ${name}</small></h1>
      <a href="/dashboard/queues">Queues</a>
      <a href="/dashboard/quarantine">Quarantine</a>
      <a href="/metrics">Metrics</a>
      ${signOut(looker)}
      <span id="live" role="status" aria-live="polite">connecting</span>
    </header>
    <main class="grid">
      ${SECTIONS.map(
        ({ id, title, wide }) => html`<section class="card${wide ? ' wide' : ''}" aria-labelledby="${id}-title">
          <h2 id="${id}-title">${title}</h2>
          <div id="${id}">${raw(drawing.get(id) ?? '')}</div>
        </section>`,
      )}
      ${actions(looker)}
    </main>
    <footer class="soft">Times are UTC. Signed in as ${looker.role}.</footer>`
  return document({ title: `Origin ${name}`, body, live: true })
}

const signOut = ({ session, csrf }: Looker): Html | '' =>
  session === null
    ? ''
    : html`<form class="inline" method="post" action="/dashboard/sign-out">
        <input type="hidden" name="csrf" value="${csrf}"><button type="submit">Sign out</button>
      </form>`

function actions({ role }: Looker): Html | '' {
  if (role !== 'operator') return ''
  const all = OFFERED.flatMap(({ kind, target }) => parseAction(kind, target) ?? [])
  return html`<section class="card wide" aria-labelledby="act-title">
    <h2 id="act-title">Act</h2>
    <p class="soft">Each first says what will happen.</p>
    <nav class="actions" aria-label="Actions">
      ${all.map(
        action =>
          html`<a class="button" href="/dashboard/confirm?do=${action.kind}&amp;target=${targetOf(action)}">${titleOf(action)}</a>`,
      )}
    </nav>
  </section>`
}

export function confirmPage(action: Action, accounts: Accounts, looker: Looker): Html {
  const body = html`<main class="narrow">
    <h1>${titleOf(action)}?</h1>
    <div class="card">
      <h2>What will happen</h2>
      <ul>${consequences(action, accounts).map(text => html`<li>${text}</li>`)}</ul>
      <form method="post" action="/dashboard/act">
        <input type="hidden" name="do" value="${action.kind}">
        <input type="hidden" name="target" value="${targetOf(action)}">
        <input type="hidden" name="csrf" value="${looker.csrf}">
        <button type="submit" class="danger">${titleOf(action)}</button>
        <a class="button" href="/dashboard">Leave it</a>
      </form>
    </div>
  </main>`
  return document({ title: titleOf(action), body, live: false })
}

export function outcomePage(action: Action, done: { readonly ok: boolean; readonly detail: string }): Html {
  const body = html`<main class="narrow">
    <h1>${titleOf(action)}: ${done.ok ? 'done' : 'refused'}</h1>
    <div class="card">
      <p class="${done.ok ? 'good' : 'bad'}" role="status">${done.detail}</p>
      <a class="button" href="/dashboard" autofocus>Back to the dashboard</a>
    </div>
  </main>`
  return document({ title: titleOf(action), body, live: false })
}
