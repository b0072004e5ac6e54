// The sign-in page: one field, no script.
// The pages are tagged templates of hono/html, which escape what is put into them, and not Hono's JSX: Node strips types
// but does not transform JSX, and this project runs its sources without a build.
import { html } from 'hono/html'
import { document, page } from './layout.ts'

export type SignIn = {
  readonly origin: string
  /** where to go afterwards */
  readonly next: string
  readonly status: number
  readonly fault: string | null
}

export async function signInPage({ origin, next, status, fault }: SignIn): Promise<Response> {
  const body = html`<main class="narrow">
    <h1>Tandem <small>origin ${origin}</small></h1>
    <form method="post" action="/dashboard/sign-in" class="card">
      <label for="secret">Cluster secret, or the viewer's secret</label>
      <input id="secret" name="secret" type="password" autocomplete="current-password" required autofocus
        ${fault === null ? '' : html`aria-invalid="true" aria-describedby="fault"`}>
      ${fault === null ? '' : html`<p id="fault" class="bad" role="alert">${fault}</p>`}
      <input type="hidden" name="next" value="${next}">
      <button type="submit">Sign in</button>
    </form>
  </main>`
  return page(await document({ title: 'Sign in', body, live: false }), status)
}
