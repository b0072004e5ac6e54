// Waiting for a condition, within a bound.
import { setTimeout as pause } from 'node:timers/promises'

const WAIT_MS_MAX = 5000
const STEP_MS = 5

/** The first value that is not null; throws after the bound, saying what was waited for. */
export async function until<T>(what: string, look: () => T | null, waitMsMax = WAIT_MS_MAX): Promise<T> {
  const endMs = performance.now() + waitMsMax
  for (;;) {
    const value = look()
    if (value !== null) return value
    if (performance.now() > endMs) throw new Error(`waited ${waitMsMax} ms in vain: ${what}`)
    await pause(STEP_MS)
  }
}
