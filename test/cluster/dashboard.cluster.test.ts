// The dashboard in a real browser against a real cluster under load: every state as it happens, every page and every action,
// also while a takeover is going on. No console error, no request to the outside, no fault that axe finds.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { OFFERED, parseAction, titleOf } from '../../origin/dashboard/actions.ts'
import { ORIGINS } from '../../router/words.ts'
import { accessibilityFaults, launch, noBrowser, watched } from '../fixtures/browser.ts'
import { primaryOf, startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

const VIEWER_SECRET = 'a-secret-for-those-who-look-on'
/** Long enough for a page that is drawn every second to show a rejoin. */
const SEEN_REJOINING = { TANDEM_STABLE_MS: '3000' }
/** Pictures of the last run: to look at, never to keep. */
const PICTURES = new URL('../../.vitest/screenshots/', import.meta.url).pathname
const DESK = { width: 1200, height: 900 }
const PHONE = { width: 390, height: 800 }

let cluster: TestCluster | null = null
let browser: Browser | null = null
let load: Load | null = null
afterEach(async () => {
  await load?.stop()
  await browser?.close()
  await cluster?.close()
  load = null
  browser = null
  cluster = null
})

async function started(
  more: Record<string, string> = {},
): Promise<{ readonly c: TestCluster; readonly chromium: Browser; readonly load: Load }> {
  const env = { TANDEM_VIEWER_SECRET: VIEWER_SECRET, ...more }
  const c = await startTestCluster(28400, { originEnv: { a: env, b: env } })
  cluster = c
  await c.untilWhole()
  const chromium = await launch()
  browser = chromium
  const writers = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 4 })
  load = writers
  return { c, chromium, load: writers }
}

async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}

async function signIn(page: Page, url: string, secret: string): Promise<void> {
  await page.goto(`${url}/dashboard`)
  expect(page.url()).toContain('/dashboard/sign-in')
  expect(await accessibilityFaults(page)).toEqual([])
  // by keyboard: the field has the focus
  await page.keyboard.type(secret)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}/dashboard`)
}

const FILLING = 600
const FILLING_BYTES = 120 * 1024

async function fill(url: string): Promise<void> {
  const body = 'x'.repeat(FILLING_BYTES)
  const writer = async (from: number): Promise<void> => {
    for (let n = from; n < FILLING; n += 4) await fetch(`${url}/v1/filling/d${n}`, { method: 'PUT', body })
  }
  await Promise.all([0, 1, 2, 3].map(writer))
}

const shows = (page: Page, state: string, timeout = 30_000): Promise<unknown> =>
  page.waitForSelector(`[data-pair="${state}"]`, { timeout })

/** The state on a desk in the light and on a phone in the dark, both live. */
async function pictured(state: string, desk: Page, phone: Page): Promise<void> {
  await Promise.all([shows(desk, state), shows(phone, state)])
  await picture(desk, state)
  await picture(phone, `${state}-phone`)
}

async function sound(...pages: readonly Page[]): Promise<void> {
  for (const page of pages) {
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), page.url()).toBe(true)
  }
}

test('every state of the pair is seen as it happens, on a desk and on a phone', async context => {
  if (noBrowser !== null) return context.skip(noBrowser)
  const { c, chromium, load } = await started(SEEN_REJOINING)
  const { private: url } = c.origins.b
  const desk = await chromium.newPage({ viewport: DESK })
  const phone = await chromium.newPage({ viewport: PHONE, colorScheme: 'dark' })
  const complaints = [watched(desk), watched(phone)]
  for (const page of [desk, phone]) await signIn(page, url, c.secret)
  // one that looks at the origin that dies: it may not go on to show an old green light
  const left = await chromium.newPage({ viewport: PHONE })
  await signIn(left, c.origins.a.private, c.secret)

  await load.more(200)
  await desk.waitForSelector('#live[data-state="good"]')
  await pictured('whole', desk, phone)
  await sound(desk, phone)
  expect(await desk.title()).toContain('whole')

  await c.kill('origin.a')
  await left.waitForSelector('#stale:not([hidden])')
  await picture(left, 'not-live')
  expect(await left.title()).toContain('not live')
  await shows(desk, 'solo')
  await load.more(100)
  // enough for a catch-up that a page which is drawn every second shows
  await fill(c.origins.b.public)
  await desk.waitForSelector('[data-turn="takeover"] .took')
  await pictured('solo', desk, phone)
  await sound(desk, phone)

  c.start('origin.a')
  await shows(desk, 'rejoining')
  await desk.waitForSelector('#replication progress[value]')
  await pictured('rejoining', desk, phone)
  await shows(desk, 'whole')
  await left.waitForSelector('#stale', { state: 'hidden' })
  await desk.waitForSelector('[data-turn="add"] .took')
  // s0 goes home as well
  await c.untilWhole()
  await load.stop()
  expect(await load.verify()).toEqual([])

  // without a majority of the registers nobody may take over
  await c.kill('register.a')
  await c.kill('register.w')
  await c.kill('origin.a')
  await desk.getByText('Bring two of the three registers back').waitFor()
  await pictured('blocked', desk, phone)
  await sound(desk, phone)
  expect(complaints.flat()).toEqual([])
})

/** Presses an action's link, then its button, and comes back. */
async function act(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { name: `${name}?` }).waitFor()
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByRole('heading', { name: `${name}: done` }).waitFor()
  await page.getByRole('link', { name: 'Back to the dashboard' }).click()
}

const noted = (page: Page, action: string): Promise<unknown> =>
  page.waitForSelector(`[data-action="${action}"] .good`, { timeout: 90_000 })

/** What would run if a page took a key for more than text. */
const HOSTILE = '<img src=x onerror="document.title=1">'

/** As if b had had to undo a write when it returned. */
function quarantined(dataDir: string): string {
  const file = 's1-1.7-1.jsonl'
  const record = { shard: 's1', epoch: 1, index: 7, n: 0, table: 'documents', op: 'put', key: `docs/${HOSTILE}` }
  const contents = {
    type: 'text/plain',
    body: 'bG9zdA==',
    modified: 0,
    expires: null,
    hash: '0'.repeat(32),
    why: HOSTILE,
    at: '',
  }
  mkdirSync(join(dataDir, 'quarantine'), { recursive: true })
  writeFileSync(join(dataDir, 'quarantine', file), `${JSON.stringify({ ...record, ...contents })}\n`)
  return file
}

test('every action and every page does its work under load', { timeout: 240_000 }, async context => {
  if (noBrowser !== null) return context.skip(noBrowser)
  const { c, chromium, load } = await started()
  const page = await chromium.newPage({ viewport: DESK })
  const complaints = watched(page)
  const { private: url } = c.origins.b
  await signIn(page, url, c.secret)
  await load.more(100)

  await page.getByRole('link', { name: 'Hand s0 over' }).click()
  expect(await page.getByText('s0 moves from a to b').count()).toBe(1)
  await sound(page)
  await picture(page, 'confirm')
  await page.getByRole('button', { name: 'Hand s0 over' }).click()
  await page.getByRole('heading', { name: 'Hand s0 over: done' }).waitFor()
  await sound(page)
  await page.getByRole('link', { name: 'Back to the dashboard' }).click()
  await noted(page, 'handover s0')
  await until(async () => primaryOf(await c.statusOf('a'), 's0') === 'b' || 's0 on a', 5_000, 's0 is on b')

  await act(page, 'Drain origin b')
  await page.waitForSelector('[data-origin="b"][data-state="draining"]')
  await until(async () => primaryOf(await c.statusOf('a'), 's1') === 'a' || 's1 on b', 5_000, 'all is on a')
  await shows(page, 'whole')
  await noted(page, 'drain')
  await act(page, 'Put origin b back into service')
  await noted(page, 'ready')
  await c.untilWhole()
  await act(page, 'Compare both copies')
  await page.waitForSelector('[data-job="verify"][data-ended="well"]')
  await noted(page, 'verify')
  await act(page, 'Log of a: debug')
  await noted(page, 'log-level')
  await until(() => c.logText('a').includes('"level":"debug"') || 'no line', 10_000, 'a says more')

  await act(page, 'Reseed origin b')
  await noted(page, 'resync')
  await page.waitForSelector('[data-turn="add"]')
  await c.untilWhole()
  await act(page, 'Drill with origin b')
  await page.waitForSelector('[data-job="drill"]:not([data-ended="no"])', { timeout: 90_000 })
  expect(await page.locator('[data-job="drill"]').innerText()).toContain('passed')
  await noted(page, 'drill')
  await picture(page, 'acted')
  await sound(page)
  await c.untilWhole()

  const file = quarantined(c.origins.b.data)
  await page.getByRole('link', { name: 'Quarantine' }).click()
  await page.getByRole('heading', { name: 'Quarantine' }).waitFor()
  await sound(page)
  await page.getByRole('link', { name: file }).click()
  await page.getByText(`docs/${HOSTILE}`).waitFor()
  await sound(page)
  await picture(page, 'quarantine')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ])
  expect(readFileSync(await download.path(), 'utf8')).toContain('bG9zdA==')
  await page.goto(`${url}/dashboard`)
  await noted(page, 'quarantine export')

  await page.getByRole('link', { name: 'Queues' }).click()
  await page.getByText('mirror-to-b').first().click()
  // an entry, by what it is about and without its contents
  await page
    .getByText(/entry \d+ of s[01] from a/)
    .first()
    .waitFor()
  await picture(page, 'queues')
  const listed = await page.evaluate(
    `fetch('/dashboard/queues/api/queues?activeQueue=mirror-to-b&status=completed').then(answer => answer.text())`,
  )
  expect(listed).toContain('"shard":"s')
  expect(listed).toContain('"origin":"a"')
  expect(listed).not.toContain('"entry":"')

  // every page while a takeover is going on
  await c.kill('origin.a')
  await page.goto(`${url}/dashboard`)
  for (const { kind, target } of OFFERED.flatMap(({ of }) => of)) {
    await page.goto(`${url}/dashboard/confirm?do=${kind}&target=${target}`)
    const action = parseAction(kind, target)
    await page.getByRole('heading', { name: action === null ? '' : `${titleOf(action)}?` }).waitFor()
  }
  await page.goto(`${url}/dashboard/quarantine`)
  await page.getByText('Origin a does not answer').waitFor()
  await page.goto(`${url}/dashboard/queues`)
  await page.getByText('mirror-to-b').first().waitFor()
  await page.goto(`${url}/dashboard`)
  await shows(page, 'solo')
  // what cannot be done now is refused in words
  await page.getByRole('link', { name: 'Hand s1 over' }).click()
  expect(await page.getByText('this will be refused').count()).toBe(1)
  await page.getByRole('button', { name: 'Hand s1 over' }).click()
  await page.getByRole('heading', { name: 'Hand s1 over: refused' }).waitFor()
  await sound(page)
  await load.stop()
  expect(load.anomalies).toEqual([])
  expect(complaints).toEqual([])
})

test('a viewer sees all and can do nothing', async context => {
  if (noBrowser !== null) return context.skip(noBrowser)
  const { c, chromium } = await started()
  const page = await chromium.newPage()
  const complaints = watched(page)
  const { private: url } = c.origins.a
  await signIn(page, url, VIEWER_SECRET)
  await shows(page, 'whole')
  expect(await page.getByText('Signed in as viewer').count()).toBe(1)
  expect(await page.locator('#act, a[href*="confirm"]').count()).toBe(0)
  await page.goto(`${url}/dashboard/queues`)
  await page.getByText('mirror-to-b').first().waitFor()
  expect(complaints).toEqual([])
  const refused = await page.evaluate(
    `fetch('/dashboard/queues/api/queues/mirror-to-b/pause', { method: 'PUT' }).then(answer => answer.status)`,
  )
  expect(refused).toBe(403)
  const forged = await page.evaluate(
    `fetch('/dashboard/act', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'do=drill&target=a' }).then(answer => answer.status)`,
  )
  expect(forged).toBe(403)
})
