// The dashboard's page: a frame with the sections as they are now, then kept true by the live stream.
import { html, raw } from 'hono/html'
import type { Session } from '../http/caller.ts'
import type { Accounts } from './accounts.ts'
import { type Action, consequences, OFFERED, parseAction, performerOf, targetOf, titleOf } from './actions.ts'
import type { Drawing } from './events.ts'
import { document, type Html } from './layout.ts'
import { SECTIONS } from './sections.ts'

/** Who looks: a session, or a program with the secret in a header, which gets no forms. */
export type Looker = { readonly role: 'operator' | 'viewer'; readonly session: Session | null; readonly csrf: string }

export function mainPage(accounts: Accounts, drawing: Drawing, looker: Looker, other: string): Html {
  const { name } = accounts.own.status
  const at = SECTIONS.findIndex(({ id }) => id === 'timeline')
  const cards = (from: number, to: number): readonly Html[] =>
    SECTIONS.slice(from, to).map(
      ({ id, title, wide }) => html`<section class="card${wide ? ' wide' : ''}" aria-labelledby="${id}-title">
          <h2 id="${id}-title">${title}</h2>
          <div class="drawn" id="${id}">${raw(drawing.get(id) ?? '')}</div>
        </section>`,
    )
  const body = html`<header>
      <h1>Tandem <small>seen by origin ${name}</small></h1>
      <nav aria-label="Pages">
        ${looker.role === 'operator' ? html`<a href="#act">Act</a>` : ''}
        <a href="/dashboard/queues">Queues</a>
        <a href="/dashboard/quarantine">Quarantine</a>
        <a href="/metrics">Metrics</a>
        <a href="${other}/dashboard">The other origin</a>
      </nav>
      ${signOut(looker)}
      <span id="live" role="status">connecting</span>
    </header>
    <p id="stale" class="card bad" role="alert" hidden>Not live: what is below is as of <time></time>. If this origin is gone, look at <a href="${other}/dashboard">the other one</a>.</p>
    <main class="grid">
      ${cards(0, at)}
      ${actions(looker)}
      ${cards(at, SECTIONS.length)}
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
  const groups = OFFERED.map(({ about, of }) => {
    const links = of.flatMap(({ kind, target }) => {
      const action = parseAction(kind, target)
      if (action === null) return []
      return html`<a class="button" href="/dashboard/confirm?do=${kind}&amp;target=${target}">${titleOf(action)}</a>`
    })
    return html`<h3>${about}</h3><nav class="actions" aria-label="${about}">${links}</nav>`
  })
  return html`<section class="card wide" id="act" aria-labelledby="act-title">
    <h2 id="act-title">Act</h2>
    <p class="soft">Each first says what will happen.</p>
    ${groups}
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
        <input type="hidden" name="performer" value="${performerOf(action, accounts) ?? ''}">
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
