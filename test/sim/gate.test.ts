// The gate of a good simulation: take any one guard of the protocol away, and some run fails.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { GUARDS, withoutGuards } from './guards.ts'

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

describe('without the guard', () => {
  for (const guard of GUARDS.filter(each => each.needed !== '')) {
    it(`${guard.name} some run breaks an invariant`, { timeout: 180_000 }, async () => {
      const scenario = guard.needed === 'random' ? [] : ['--scenario', guard.needed]
      const { code, output } = await simulate('--without', guard.name, '--seeds', String(guard.within), ...scenario)
      expect(output).toMatch(/ breaks I\d+: /)
      expect(code).toBe(1)
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
