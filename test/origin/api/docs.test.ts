// The docs page in a browser: nothing from elsewhere, no complaint of its policy, readable by all, in light and dark.
import { expect, it } from 'vitest'
import { accessibilityFaults, launch, noBrowser, watched } from '../../fixtures/browser.ts'
import { startOrigin } from '../http/pair.ts'

const PORT = 19_970

it('is whole by itself', { timeout: 60_000 }, async ({ skip }) => {
  if (noBrowser !== null) skip(noBrowser)
  const origin = await startOrigin({
    name: 'a',
    rows: new Map(),
    publicPort: PORT,
    privatePort: PORT + 1,
    peerPrivatePort: PORT + 2,
  })
  const browser = await launch()
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 400, height: 800 } })
      const complaints = watched(page)
      await page.goto(`${origin.url}/docs#problem-no-primary`)
      expect(await page.locator('#problem-no-primary').isVisible()).toBe(true)
      expect(await accessibilityFaults(page)).toEqual([])
      // on a phone nothing is wider than the screen
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
      expect(complaints).toEqual([])
      await page.close()
    }
  } finally {
    await browser.close()
    await origin.stop()
  }
})
