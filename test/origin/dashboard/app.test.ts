import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OFFERED } from '../../../origin/dashboard/actions.ts'
import { about, title } from '../../../origin/dashboard/queues.ts'
import { Sessions } from '../../../origin/http/session.ts'
import { type Inside, QUARANTINED, SECRET, startInside, VIEWER_SECRET } from './inside.ts'

const PORT = 28600
let wall = 1_700_000_000_000
let inside: Inside
beforeEach(async () => {
  wall = 1_700_000_000_000
  inside = await startInside(PORT, () => wall)
})
afterEach(() => inside.stop())

type Asked = { method?: string; headers?: Record<string, string>; body?: string }
const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Response> =>
  fetch(inside.url + path, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) })

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
/** What a browser adds to a form of our own page. */
const HOME = { 'Sec-Fetch-Site': 'same-origin' }
const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString()

const tryIn = (secret: string, headers: Record<string, string> = HOME, next = '/dashboard'): Promise<Response> =>
  ask('/dashboard/sign-in', { method: 'POST', headers: { ...FORM, ...headers }, body: form({ secret, next }) })

async function cookieOf(secret: string): Promise<string> {
  const answer = await tryIn(secret)
  expect(answer.status).toBe(303)
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

const csrfIn = async (cookie: string): Promise<string> => {
  const page = await (await ask('/dashboard', { headers: { cookie } })).text()
  return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
}

describe('sign-in', () => {
  it('sends a browser to the sign-in page, and back to where it wanted to go', async () => {
    const sent = await ask('/dashboard/queues', { headers: { accept: 'text/html' } })
    expect(sent.status).toBe(303)
    expect(sent.headers.get('location')).toBe('/dashboard/sign-in?next=%2Fdashboard%2Fqueues')
    const page = await ask('/dashboard/sign-in?next=%2Fdashboard%2Fqueues')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain('name="next" value="/dashboard/queues"')
    const done = await tryIn(SECRET, HOME, '/dashboard/queues')
    expect(done.headers.get('location')).toBe('/dashboard/queues')
  })

  it.each([
    'https://elsewhere.example',
    '//elsewhere.example',
    '/dashboard//x/../../y',
    '/v1/x',
    '/dashboard/sign-in',
    '\\x',
  ])('never leads to %s', async next => {
    expect((await tryIn(SECRET, HOME, next)).headers.get('location')).toMatch(/^\/dashboard(\/\/x)?/)
    const page = await (await ask(`/dashboard/sign-in?next=${encodeURIComponent(next)}`)).text()
    expect(page).not.toContain('elsewhere')
  })

  it('gives a cookie that scripts cannot read and other sites do not send', async () => {
    const cookie = (await tryIn(SECRET)).headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^tandem-session=operator\./)
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Max-Age=1800', 'Path=/'])
      expect(cookie).toContain(attribute)
    expect(cookie).not.toContain(SECRET)
  })

  it('wants the secret itself for what is no page: a session opens neither actions nor forwarded requests', async () => {
    const cookie = await cookieOf(SECRET)
    for (const path of ['/_tandem/status', '/_tandem/digest', '/v1/c/x']) {
      const answer = await ask(path, { headers: { cookie, accept: 'text/html', 'Tandem-Forwarded': '1' } })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
    }
    expect((await ask('/metrics', { headers: { cookie } })).status).toBe(200)
    const header = await ask('/_tandem/status', { headers: { Authorization: `Bearer ${SECRET}` } })
    expect(await header.text()).toBe('control')
  })

  it('opens the metrics and the status, and nothing else, to the secret of a viewer in a header', async () => {
    const headers = { Authorization: `Bearer ${VIEWER_SECRET}` }
    expect((await ask('/metrics', { headers })).status).toBe(200)
    const named = { 'Tandem-Secret': VIEWER_SECRET }
    expect((await ask('/metrics', { headers: named })).status).toBe(200)
    expect((await ask('/_tandem/status', { headers: named })).status).toBe(200)
    expect((await ask('/_tandem/digest', { headers: named })).status).toBe(401)
    expect((await ask('/_tandem/drain', { method: 'POST', headers: named })).status).toBe(401)
    expect((await ask('/v1/c/x', { headers: { ...named, 'Tandem-Forwarded': '1' } })).status).toBe(401)
  })

  it('refuses a wrong secret, another site, and too many attempts', async () => {
    expect((await tryIn('wrong')).status).toBe(401)
    expect((await tryIn(SECRET, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403)
    expect((await tryIn(SECRET, { Origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await tryIn(SECRET, {})).status).toBe(403)
    expect((await tryIn(SECRET, { Origin: inside.url })).status).toBe(303)
    for (let attempt = 0; attempt < 9; attempt++) expect((await tryIn(`wrong ${attempt}`)).status).toBe(401)
    const limited = await tryIn(SECRET)
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(inside.audit.recent.filter(line => !line.ok).length).toBe(10)
  })

  it('ends: by time, by a changed cookie, by signing out', async () => {
    const cookie = await cookieOf(SECRET)
    const open = async (given: string): Promise<number> =>
      (await ask('/dashboard', { headers: { cookie: given } })).status
    expect(await open(cookie)).toBe(200)
    expect(await open(cookie.replace('operator', 'viewer'))).toBe(401)
    expect(await open(`${cookie}x`)).toBe(401)
    expect(await open(cookie.replace(/\d{13}\.(?=\d{13})/, at => `${Number.parseInt(at, 10) + 1}.`))).toBe(401)
    const csrf = await csrfIn(cookie)
    const out = await ask('/dashboard/sign-out', {
      method: 'POST',
      headers: { ...FORM, ...HOME, cookie },
      body: form({ csrf }),
    })
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
    wall += 31 * 60_000
    expect(await open(cookie)).toBe(401)
  })

  it('ends with the secret that opened it: nothing signed with another one is believed', async () => {
    const changed = new Sessions({ secret: 'a-new-secret-of-the-cluster', viewerSecret: VIEWER_SECRET }, () => wall)
    const cookie = await cookieOf(SECRET)
    expect(inside.sessions.read(cookie)?.role).toBe('operator')
    expect(changed.read(cookie)).toBeNull()
    // nor what a viewer could sign with the secret that viewers know
    const forger = new Sessions({ secret: VIEWER_SECRET, viewerSecret: null }, () => wall)
    const forged = forger.cookie(forger.begin('operator'), false).split(';')[0] ?? ''
    expect((await ask('/dashboard', { headers: { cookie: forged } })).status).toBe(401)
    // the viewer's own secret did not change
    expect(changed.read(await cookieOf(VIEWER_SECRET))?.role).toBe('viewer')
  })

  it('goes on while a page is open, but not beyond a shift', async () => {
    let cookie = await cookieOf(SECRET)
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      wall += 20 * 60_000
      const answer = await ask('/dashboard', { headers: { cookie } })
      expect(answer.status).toBe(200)
      const renewed = answer.headers.get('set-cookie')
      if (renewed !== null) cookie = renewed.split(';')[0] ?? ''
    }
    wall += 21 * 60_000
    expect((await ask('/dashboard', { headers: { cookie } })).status).toBe(401)
  })
})

describe('actions', () => {
  const act = (cookie: string, fields: Record<string, string>, headers: Record<string, string> = HOME) =>
    ask('/dashboard/act', { method: 'POST', headers: { ...FORM, ...headers, cookie }, body: form(fields) })

  it('say what will happen, and then do it', async () => {
    const cookie = await cookieOf(SECRET)
    const confirm = await (await ask('/dashboard/confirm?do=handover&target=s0', { headers: { cookie } })).text()
    expect(confirm).toContain('s0 moves from a to b')
    const csrf = /name="csrf" value="([^"]+)"/.exec(confirm)?.[1] ?? ''
    expect(confirm).toContain('name="performer" value="a"')
    const done = await act(cookie, { do: 'handover', target: 's0', performer: 'a', csrf })
    expect(await done.text()).toContain('it was done')
    expect(inside.commands).toEqual([
      { path: 'handover', body: { shard: 's0' }, actor: 'dashboard operator from 127.0.0.1' },
    ])
    expect((await ask('/dashboard/confirm?do=erase&target=a', { headers: { cookie } })).status).toBe(404)
  })

  it('are the requests of the command line, levels of the log and long work among them', async () => {
    const cookie = await cookieOf(SECRET)
    const csrf = await csrfIn(cookie)
    for (const [kind, target] of [
      ['verify', 'a'],
      ['drill', 'a'],
      ['log-level', 'a.debug'],
    ] as const)
      expect((await act(cookie, { do: kind, target, performer: 'a', csrf })).status).toBe(200)
    expect(inside.commands.map(({ path, body }) => [path, body])).toEqual([
      ['jobs/verify', {}],
      ['jobs/drill', {}],
      ['log-level', { level: 'debug' }],
    ])
    const confirm = await (await ask('/dashboard/confirm?do=drill&target=a', { headers: { cookie } })).text()
    expect(confirm).toContain('stands still for about three seconds')
    expect((await ask('/dashboard/confirm?do=log-level&target=a.loud', { headers: { cookie } })).status).toBe(404)
  })

  it('do nothing where somebody else has acted since the confirmation: the shard would go back', async () => {
    const cookie = await cookieOf(SECRET)
    const done = await act(cookie, { do: 'handover', target: 's0', performer: 'b', csrf: await csrfIn(cookie) })
    expect(await done.text()).toContain('things changed since you were asked')
    expect(inside.commands).toEqual([])
  })

  it('say that the other origin does not answer, where it is the one to act', async () => {
    const cookie = await cookieOf(SECRET)
    const done = await act(cookie, { do: 'drain', target: 'b', performer: 'b', csrf: await csrfIn(cookie) })
    expect(await done.text()).toContain('the other origin did not answer')
    expect(inside.commands).toEqual([])
  })

  it.each(OFFERED.flatMap(({ of }) => of))('a viewer can neither see nor do $kind $target', async ({
    kind,
    target,
  }) => {
    const cookie = await cookieOf(VIEWER_SECRET)
    const csrf = inside.sessions.csrf(inside.sessions.read(cookie) ?? expect.fail('no session'))
    const confirm = await ask(`/dashboard/confirm?do=${kind}&target=${target}`, { headers: { cookie } })
    expect(confirm.status).toBe(403)
    expect((await act(cookie, { do: kind, target, csrf })).status).toBe(403)
    expect(inside.commands).toEqual([])
  })

  it('are refused to other sites, without the token of the session, and to viewers', async () => {
    const cookie = await cookieOf(SECRET)
    const csrf = await csrfIn(cookie)
    const fields = { do: 'drain', target: 'a', csrf }
    expect((await act(cookie, fields, { 'Sec-Fetch-Site': 'same-site' })).status).toBe(403)
    expect((await act(cookie, fields, { Origin: 'http://127.0.0.1:1' })).status).toBe(403)
    expect((await act(cookie, fields, {})).status).toBe(403)
    expect((await act(cookie, { ...fields, csrf: 'x' })).status).toBe(403)
    const other = await cookieOf(SECRET)
    expect((await act(other, fields)).status).toBe(403)
    const viewer = await cookieOf(VIEWER_SECRET)
    expect((await act(viewer, { ...fields, csrf: await csrfIn(viewer) })).status).toBe(403)
    expect((await ask('/dashboard/confirm?do=drain&target=a', { headers: { cookie: viewer } })).status).toBe(403)
    expect(inside.commands).toEqual([])
  })

  it('of the queue board need the token as well', async () => {
    const cookie = await cookieOf(SECRET)
    const pause = (given: string, headers: Record<string, string>) =>
      ask('/dashboard/queues/api/queues/nothing/pause', { method: 'PUT', headers: { cookie: given, ...headers } })
    expect((await pause(cookie, HOME)).status).toBe(403)
    const viewer = await cookieOf(VIEWER_SECRET)
    expect((await pause(viewer, { ...HOME, 'X-XSRF-TOKEN': await csrfIn(viewer) })).status).toBe(403)
  })
})

describe('quarantine', () => {
  const file = QUARANTINED[0].file
  const query = `origin=a&file=${file}`

  it('lists and shows what entries were about; their contents are an operator’s, and an export is noted', async () => {
    const headers = { cookie: await cookieOf(SECRET) }
    const list = await (await ask('/dashboard/quarantine', { headers })).text()
    expect(list).toContain(file)
    expect(list).toContain('Origin b does not answer')
    const shown = await (await ask(`/dashboard/quarantine/show?${query}`, { headers })).text()
    expect(shown).toContain('docs/lost')
    expect(shown).not.toContain('c2VjcmV0')
    const exported = await ask(`/dashboard/quarantine/export?${query}`, { headers })
    expect(exported.headers.get('content-disposition')).toContain('attachment')
    expect(await exported.json()).toMatchObject({
      origin: 'a',
      file,
      records: [{ key: 'docs/lost', body: 'c2VjcmV0' }],
    })
    expect(inside.audit.recent[0]).toMatchObject({ action: 'quarantine export', ok: true })
    expect((await ask('/dashboard/quarantine/show?origin=a&file=..%2Fidentity.json', { headers })).status).toBe(404)
  })

  it('shows a viewer keys and no contents', async () => {
    const headers = { cookie: await cookieOf(VIEWER_SECRET) }
    const shown = await (await ask(`/dashboard/quarantine/show?${query}`, { headers })).text()
    expect(shown).toContain('docs/lost')
    expect(shown).not.toContain('Export')
    expect((await ask(`/dashboard/quarantine/export?${query}`, { headers })).status).toBe(403)
  })
})

describe('the queue board', () => {
  it('shows where an entry belongs, and not the documents in it', () => {
    const data = { shard: 's0', epoch: 1, index: 2, size: 3000, incarnation: 'a-1', entry: 'c2VjcmV0' }
    expect(about('mirror-to-b', data)).toEqual({
      shard: 's0',
      epoch: 1,
      indexes: '2 to 2',
      size: '3 KB',
      origin: 'a',
      incarnation: 'a-1',
    })
    expect(title('mirror-to-b', { name: 'entry', data })).toBe('entry 2 of s0 from a, epoch 1')
    expect(about('mirror-to-b', null)).toBeNull()
    expect(about('mirror-to-b', { nonce: 'x' })).toEqual({ nonce: 'x' })
    expect(title('rejoin-by-a', { name: 'rejoin', data: { shard: 's0' } })).toBe('catch-up by a')
  })
})

describe('the live stream', () => {
  it('sends every section, and ends when the origin does', async () => {
    const cookie = await cookieOf(VIEWER_SECRET)
    const answer = await ask('/dashboard/events', { headers: { cookie } })
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const reader = answer.body?.getReader()
    let text = ''
    while (!text.includes('event: sections')) {
      const part = await reader?.read()
      expect(part?.done, text).toBe(false)
      text += new TextDecoder().decode(part?.value)
    }
    expect(text).toContain('Does not answer over the private network')
    inside.dashboard.close()
    while (!(await reader?.read())?.done);
    expect((await ask('/dashboard/events', { headers: { cookie } })).status).toBe(503)
  })
})
