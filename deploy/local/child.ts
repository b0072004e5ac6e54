// One process under supervision: started with its own log file, stopped by pid, started again when it died.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ProcessSpec } from './spec.ts'

export type ChildEvents = {
  readonly log: (line: string) => void
  /** its pid, or null when it is gone */
  readonly pid: (pid: number | null) => void
}

/** Old output is of little use: one older file of this size is kept. */
const LOG_BYTES_MAX = 4 * 1024 * 1024
const TAIL_BYTES = 4096
/** A life shorter than this that ended by itself is a crash loop's. */
const CRASH_LIFE_MS = 5000
/** A life this short is one even if the exit code is 0. */
const INSTANT_LIFE_MS = 1000
/** Doubling needs something to double. */
const RESTART_MS_MIN = 100
const RESTART_MS_MAX = 30_000
export const TERM_AGAIN_MS = 500
const KILL_MS = 5000

type State =
  | { readonly kind: 'down'; readonly timer: NodeJS.Timeout | null }
  | { readonly kind: 'up'; readonly child: ChildProcess; readonly exited: Promise<void> }

export class Child {
  readonly spec: ProcessSpec
  readonly #restartMs: number | 'never'
  readonly #events: ChildEvents
  #extraEnv: Readonly<Record<string, string>> = {}
  #state: State = { kind: 'down', timer: null }
  #held = false
  #crashes = 0
  /** why it is down, for messages */
  lastEnd = 'it was never started'

  constructor(spec: ProcessSpec, restartMs: number | 'never', events: ChildEvents) {
    this.spec = spec
    this.#restartMs = restartMs
    this.#events = events
  }

  get pid(): number | null {
    return this.#state.kind === 'up' ? (this.#state.child.pid ?? null) : null
  }

  /** Down, and nothing will start it by itself. */
  get idle(): boolean {
    return this.#state.kind === 'down' && this.#state.timer === null
  }

  /** From now on a death is (or is not) followed by a restart. */
  hold(held: boolean): void {
    this.#held = held
    if (held) this.#cancelRestart()
  }

  /** Starts it now; a change of environment stays for restarts. No-op while it runs. Throws when it cannot be run. */
  start(extraEnv: Readonly<Record<string, string>> = this.#extraEnv): void {
    if (this.#state.kind === 'up') return
    this.#cancelRestart()
    this.#extraEnv = extraEnv
    this.spec.prepare()
    mkdirSync(dirname(this.spec.log), { recursive: true, mode: 0o700 })
    rotate(this.spec.log)
    const out = openSync(this.spec.log, 'a', 0o600)
    const child = spawn(this.spec.command, [...this.spec.args], {
      cwd: this.spec.dir,
      env: { ...inherited(), ...this.spec.env, ...extraEnv },
      stdio: ['ignore', out, out],
      // A process group of its own: Ctrl-C reaches the supervisor alone, which stops all in the right order.
      detached: true,
    })
    closeSync(out)
    const since = performance.now()
    const exited = new Promise<void>(resolve => {
      child.once('error', error => {
        // Only a failed spawn has no pid; a failed kill of a running one is reported by kill() itself.
        if (child.pid !== undefined) return
        this.#ended(`it could not be started: ${error.message}`, true)
        resolve()
      })
      child.once('exit', (code, signal) => {
        if (child.pid !== undefined) sweep(child.pid)
        this.#ended(
          signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`,
          isCrash(code, signal, performance.now() - since),
        )
        resolve()
      })
    })
    this.#state = { kind: 'up', child, exited }
    this.#events.pid(child.pid ?? null)
  }

  /** False when it is not running. */
  signal(name: NodeJS.Signals): boolean {
    return this.#state.kind === 'up' && this.#state.child.kill(name)
  }

  /** Resolves when it is gone (at once if it is), true; false when it still runs after `timeoutMs`. */
  async gone(timeoutMs: number): Promise<boolean> {
    if (this.#state.kind === 'down') return true
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>(resolve => {
      timer = setTimeout(() => resolve(false), timeoutMs)
    })
    const end = await Promise.race([this.#state.exited.then(() => true as const), late])
    clearTimeout(timer)
    return end
  }

  /** SIGTERM, then SIGKILL after `patienceMs`; no restart follows. */
  async stop(patienceMs: number): Promise<void> {
    this.hold(true)
    const end = performance.now() + patienceMs
    // Redis drops a SIGTERM that comes while it writes its first append-only file; an origin is asked once.
    const againMs = this.spec.ready.kind === 'redis' ? TERM_AGAIN_MS : patienceMs
    while (performance.now() < end) {
      this.signal('SIGTERM')
      // One that is paused could not hear it.
      this.signal('SIGCONT')
      if (await this.gone(Math.min(againMs, end - performance.now()))) return
    }
    this.#events.log(`${this.spec.name} did not end within ${patienceMs / 1000} s of SIGTERM: killed`)
    this.signal('SIGKILL')
    if (!(await this.gone(KILL_MS))) throw new Error(`${this.spec.name} (pid ${this.pid}) cannot be killed`)
  }

  tail(): string {
    return tailOf(this.spec.log)
  }

  #ended(how: string, crashed: boolean): void {
    this.#state = { kind: 'down', timer: null }
    this.lastEnd = how
    this.#events.pid(null)
    if (this.#held || this.#restartMs === 'never') {
      if (!this.#held) this.#events.log(`${this.spec.name}: ${how}`)
      return
    }
    this.#crashes = crashed ? this.#crashes + 1 : 0
    const wait = crashed
      ? Math.min(Math.max(this.#restartMs, RESTART_MS_MIN) * 2 ** (this.#crashes - 1), RESTART_MS_MAX)
      : this.#restartMs
    const again = crashed && this.#crashes > 1 ? ` (${this.#crashes} times in a row; see ${this.spec.log})` : ''
    this.#events.log(`${this.spec.name}: ${how}${again}; starting it again in ${(wait / 1000).toFixed(1)} s`)
    const timer = setTimeout(() => this.#restart(), wait)
    this.#state = { kind: 'down', timer }
  }

  #restart(): void {
    this.#state = { kind: 'down', timer: null }
    try {
      this.start()
    } catch (error) {
      // A full disk, a directory removed: the supervisor must outlive it.
      this.#ended(`it could not be started: ${error instanceof Error ? error.message : String(error)}`, true)
    }
  }

  #cancelRestart(): void {
    if (this.#state.kind === 'down' && this.#state.timer !== null) {
      clearTimeout(this.#state.timer)
      this.#state = { kind: 'down', timer: null }
    }
  }
}

/** Ends what a start wrapper left beside its process (they share a process group of their own). */
function sweep(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch (error) {
    // ESRCH: nothing was left.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Ended by itself soon after its start, rather than by somebody's SIGKILL or SIGTERM. */
const isCrash = (code: number | null, signal: NodeJS.Signals | null, lifeMs: number): boolean =>
  signal === 'SIGKILL' || signal === 'SIGTERM' ? false : lifeMs < (code === 0 ? INSTANT_LIFE_MS : CRASH_LIFE_MS)

/** The caller's environment without what is meant for the local cluster itself. */
function inherited(): NodeJS.ProcessEnv {
  const { TANDEM_HOME: _home, TANDEM_PORT_BASE: _base, TANDEM_RESTART_MS: _restart, ...rest } = process.env
  return rest
}

function rotate(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > LOG_BYTES_MAX) renameSync(file, `${file}.1`)
}

/** The last lines of a log. */
export function tailOf(file: string, lines = 8): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return '(its log is empty)'
  const length = Math.min(size, TAIL_BYTES)
  const buffer = Buffer.alloc(length)
  const fd = openSync(file, 'r')
  readSync(fd, buffer, 0, length, size - length)
  closeSync(fd)
  return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

/** Removes all that a process keeps. */
export function removeData(dir: string): void {
  rmSync(dir, { recursive: true, force: true })
}
