// The dashboard in a real browser against a real cluster: sign-in, a takeover and a rejoin as they happen, an action,
// the queues. No console error, no request to the outside, no fault that axe finds.
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { accessibilityFaults, launch, noBrowser, watched } from '../fixtures/browser.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

/** Long enough for a page that is drawn every second to show a rejoin. */
const STABLE_MS = '3000'
const VIEWER_SECRET = 'a-secret-for-those-who-look-on'
const env = { TANDEM_STABLE_MS: STABLE_MS, TANDEM_VIEWER_SECRET: VIEWER_SECRET }
/** A picture of each state, of the last run: to look at, never to keep. */
const PICTURES = process.env.SCREENSHOTS ?? join(tmpdir(), 'tandem-pictures')

let cluster: TestCluster | null = null
let browser: Browser | null = null
afterEach(async () => {
  await browser?.close()
  await cluster?.close()
  browser = null
  cluster = null
})

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

/** Presses an action's link, then its button, and comes back. */
async function act(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { name: `${name}?` }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByRole('heading', { name: `${name}: done` }).waitFor()
  await page.getByRole('link', { name: 'Back to the dashboard' }).click()
}

const shows = (page: Page, state: string): Promise<unknown> =>
  page.waitForSelector(`[data-pair="${state}"]`, { timeout: 30_000 })

test('whole, solo, rejoining and whole again are seen as they happen; an action, the queues', async context => {
  if (noBrowser !== null) return context.skip(noBrowser)
  cluster = await startTestCluster(28400, { originEnv: { a: env, b: env } })
  const c = cluster
  await c.untilWhole()
  browser = await launch()
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  const complaints = watched(page)
  const { private: url } = c.origins.b
  await signIn(page, url, c.secret)
  await shows(page, 'whole')
  await page.waitForSelector('#live[data-state="good"]')
  expect(await accessibilityFaults(page)).toEqual([])

  const load = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 4 })
  await load.more(200)
  await picture(page, 'whole')
  await c.kill('origin.a')
  await shows(page, 'solo')
  await load.more(100)
  // enough for a catch-up that a page which is drawn every second shows
  await fill(c.origins.b.public)
  await page.waitForSelector('#timeline td:text-is("takeover")')
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'solo')
  c.start('origin.a')
  await shows(page, 'rejoining')
  await page.waitForSelector('#replication progress[value]')
  await picture(page, 'rejoining')
  expect(await accessibilityFaults(page)).toEqual([])
  await shows(page, 'whole')
  await load.stop()
  expect(await load.verify()).toEqual([])
  // s0 goes home as well
  await c.untilWhole()

  await page.getByRole('link', { name: 'Hand s0 over' }).click()
  await page.getByRole('heading', { name: 'Hand s0 over?' }).waitFor()
  expect(await page.getByText('s0 moves from a to b').count()).toBe(1)
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'confirm')
  await page.getByRole('button', { name: 'Hand s0 over' }).click()
  await page.getByRole('heading', { name: 'Hand s0 over: done' }).waitFor()
  await page.getByRole('link', { name: 'Back to the dashboard' }).click()
  await page.waitForSelector('#audit td:text-is("handover s0")')
  await until(
    async () => (await c.statusOf('a'))?.shards.find(({ shard }) => shard === 's0')?.primary === 'b' || 's0 on a',
    5_000,
    's0 is on b',
  )
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 390, height: 800 })
  await shows(page, 'whole')
  expect(await accessibilityFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  await picture(page, 'phone-dark')

  await page.setViewportSize({ width: 1200, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
  await act(page, 'Compare both copies')
  await page.waitForSelector('[data-job="verify"][data-ended="well"]')
  await act(page, 'Log of a: debug')
  await act(page, 'Hand s0 over')
  await c.untilWhole()
  await act(page, 'Drill origin b')
  await page.waitForSelector('[data-job="drill"]:not([data-ended="no"])', { timeout: 90_000 })
  expect(await page.locator('[data-job="drill"]').innerText()).toContain('passed')
  await picture(page, 'drilled')
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByRole('link', { name: 'Quarantine' }).click()
  await page.getByRole('heading', { name: 'Quarantine' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByRole('link', { name: 'Back to the dashboard' }).click()
  await c.untilWhole()

  await page.getByRole('link', { name: 'Queues' }).click()
  await page.getByText('mirror-to-b').first().click()
  // an entry, by its id, with what it is about and without its contents
  await page
    .getByText(/s[01]-\d+-\d+-/)
    .first()
    .waitFor()
  await picture(page, 'queues')
  const listed = await page.evaluate(
    `fetch('/dashboard/queues/api/queues?activeQueue=mirror-to-b&status=completed').then(answer => answer.text())`,
  )
  expect(listed).toContain('"shard":"s')
  expect(listed).not.toContain('"entry":"')

  // without a majority of the registers nobody may take over
  await page.goto(`${url}/dashboard`)
  await shows(page, 'whole')
  await c.kill('register.a')
  await c.kill('register.w')
  await c.kill('origin.a')
  await shows(page, 'blocked')
  await picture(page, 'blocked')
  expect(await accessibilityFaults(page)).toEqual([])
  expect(complaints).toEqual([])
})

test('a viewer sees all and can do nothing', async context => {
  if (noBrowser !== null) return context.skip(noBrowser)
  cluster = await startTestCluster(28400, { originEnv: { a: env, b: env } })
  const c = cluster
  await c.untilWhole()
  browser = await launch()
  const page = await browser.newPage()
  const complaints = watched(page)
  const { private: url } = c.origins.a
  await signIn(page, url, VIEWER_SECRET)
  await shows(page, 'whole')
  expect(await page.getByText('Signed in as viewer').count()).toBe(1)
  expect(await page.getByRole('link', { name: /Drain|Hand|Reseed|Drill|Compare|Log of/ }).count()).toBe(0)
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
