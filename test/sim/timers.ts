// setTimeout, setInterval and their ends as the process that is running now sees them: production code runs unchanged.
import type { Life } from './life.ts'

type Timer = { active: boolean; readonly unref: () => Timer; readonly ref: () => Timer }

/** The real event loop's next turn, for who drives the simulation. */
export const realTurn = setImmediate

let running: Life | null = null

/** Whose code runs from here on, until the next call. */
export function enter(life: Life | null): void {
  running = life
}

/** Puts virtual timers in the place of the real ones; the result puts them back. */
export function replaceTimers(): () => void {
  const real = { setTimeout, setInterval, clearTimeout, clearInterval, setImmediate }
  const start = (life: Life, run: () => void, ms: number, repeat: boolean): Timer => {
    const timer: Timer = { active: true, unref: () => timer, ref: () => timer }
    const plan = (): void =>
      life.timer(Math.max(1, ms), () => {
        if (!timer.active) return
        if (repeat) plan()
        else timer.active = false
        run()
      })
    plan()
    return timer
  }
  const stop = (timer: unknown): void => {
    if (isTimer(timer)) timer.active = false
    else real.clearTimeout(timer as Parameters<typeof clearTimeout>[0])
  }
  const replace =
    (repeat: boolean, otherwise: typeof setTimeout | typeof setInterval) =>
    (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): unknown =>
      running === null ? otherwise(run, ms, ...args) : start(running, () => run(...args), ms, repeat)
  Object.assign(globalThis, {
    setTimeout: replace(false, real.setTimeout),
    setInterval: replace(true, real.setInterval),
    clearTimeout: stop,
    clearInterval: stop,
    setImmediate: (run: () => void): unknown => (running === null ? realTurn(run) : start(running, run, 0, false)),
  })
  return () => {
    running = null
    Object.assign(globalThis, real)
  }
}

const isTimer = (value: unknown): value is Timer => typeof value === 'object' && value !== null && 'active' in value
