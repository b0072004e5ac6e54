// The gate of a good simulation: take any one guard of the protocol away, and some run fails.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Guard } from './guards/guard.ts'
import { GUARDS, withoutGuards } from './guards.ts'

/** A second or two each; a machine that does much else at once is many times slower. */
const TIMEOUT_MS = 300_000
const MAIN = new URL('main.ts', import.meta.url).pathname

async function simulate(...flags: string[]): Promise<{ readonly code: unknown; readonly output: string }> {
  const child = spawn(process.execPath, [MAIN, '--failures', '1', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', chunk => {
    output += String(chunk)
  })
  child.stderr.on('data', chunk => {
    output += String(chunk)
  })
  const [code] = await once(child, 'close')
  return { code, output }
}

/** @param names of the guards that are taken away */
function without(names: readonly string[], { needed, seed = 1, within }: Guard): ReturnType<typeof simulate> {
  const seeds = ['--seed', String(seed), '--seeds', String(within)]
  return simulate('--without', names.join(','), ...seeds, '--scenario', needed)
}

describe('without the guard', () => {
  for (const guard of GUARDS) {
    const { name, behind = [] } = guard
    const more = behind.length === 0 ? '' : ` (behind ${behind.join(', ')})`
    it(`${name}${more} some run breaks an invariant`, { timeout: TIMEOUT_MS }, async () => {
      const { code, output } = await without([name, ...behind], guard)
      expect(output).toMatch(/ breaks (I\d+|fatal): /)
      expect(code).toBe(1)
      // A second line holds where the first is gone.
      if (behind.length > 0) expect((await without(behind, guard)).output).toMatch(/, 0 failed\n$/)
    })
  }
})

describe('each patch', () => {
  for (const guard of GUARDS) {
    it(`${guard.name} fits the code as it is now`, () => {
      expect(withoutGuards([guard]).size).toBeGreaterThan(0)
    })
  }
})
