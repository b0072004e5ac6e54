// Runs a rendered systemd unit as systemd would, as far as the bench needs it: ExecStart, EnvironmentFile, directories,
// Restart and RestartSec, ExecStopPost. Users and hardening are left out; `systemd-analyze verify` looks at those.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

export type UnitFile = {
  readonly name: string
  readonly execStart: string
  readonly execStopPost: readonly string[]
  readonly environmentFiles: readonly string[]
  readonly stateDirectory: string | null
  readonly runtimeDirectory: { readonly names: readonly string[]; readonly preserved: boolean } | null
  readonly restartMs: number | null
  readonly stopMs: number
  readonly oneshot: boolean
}

const seconds = (text: string): number =>
  text.endsWith('ms') ? Number(text.slice(0, -2)) : Number(text.replace(/s$/, '')) * 1000

/** systemd's own, where the unit says nothing. */
const STOP_MS = 90_000

export function parseUnit(name: string, text: string): UnitFile {
  const all = (key: string): string[] =>
    text.split('\n').flatMap(line => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []))
  const one = (key: string): string | null => all(key).at(-1) ?? null
  const execStart = one('ExecStart')
  if (execStart === null) throw new Error(`${name} starts nothing`)
  const runtime = one('RuntimeDirectory')
  const stop = one('TimeoutStopSec')
  return {
    name,
    execStart,
    execStopPost: all('ExecStopPost'),
    environmentFiles: all('EnvironmentFile'),
    stateDirectory: one('StateDirectory'),
    runtimeDirectory:
      runtime === null ? null : { names: runtime.split(' '), preserved: one('RuntimeDirectoryPreserve') === 'yes' },
    restartMs: one('Restart') === 'always' ? seconds(one('RestartSec') ?? '100ms') : null,
    stopMs: stop === null ? STOP_MS : seconds(stop),
    oneshot: one('Type') === 'oneshot',
  }
}

/** How a command is run on the host: in its namespaces. */
export type Inside = (command: readonly string[]) => readonly [command: string, ...args: string[]]

type State =
  | { readonly kind: 'down' }
  | { readonly kind: 'up'; readonly child: ChildProcess; readonly gone: Promise<void> }
  | { readonly kind: 'waits'; readonly timer: NodeJS.Timeout }

export class Unit {
  readonly file: UnitFile
  readonly #inside: Inside
  readonly #log: string
  readonly #env: Readonly<Record<string, string>>
  #state: State = { kind: 'down' }
  /** systemd would start it again */
  #wanted = false
  #ending: Promise<void> = Promise.resolve()
  /** how often it ended although nobody ended it */
  fell = 0
  #expected = false

  /** @param env beside what the unit says: the bench's own */
  constructor(file: UnitFile, inside: Inside, log: string, env: Readonly<Record<string, string>> = {}) {
    this.file = file
    this.#env = env
    this.#inside = inside
    this.#log = log
  }

  get pid(): number | null {
    return this.#state.kind === 'up' ? (this.#state.child.pid ?? null) : null
  }

  /** When it was started last (performance.now). */
  since = 0

  async start(): Promise<void> {
    this.#wanted = true
    if (this.#state.kind === 'up') return
    if (this.#state.kind === 'waits') clearTimeout(this.#state.timer)
    await this.#ending
    await this.#spawn()
  }

  async #spawn(): Promise<void> {
    const { file } = this
    await this.#sh(preparation(file))
    // Stopped, or without power, meanwhile.
    if (!this.#wanted) return
    const sourced = file.environmentFiles.map(path => `set -a; . ${path}; set +a; `).join('')
    const child = this.#run(['sh', '-c', `${sourced}exec ${file.execStart}`], this.#env)
    this.since = performance.now()
    const gone = new Promise<void>(resolve => child.once('exit', resolve))
    this.#state = { kind: 'up', child, gone }
    child.once('exit', code => {
      this.#ending = this.#ended(code)
    })
    if (file.oneshot) await gone
  }

  async #ended(code: number | null): Promise<void> {
    const { file } = this
    this.#state = { kind: 'down' }
    if (file.oneshot) {
      if (code !== 0) throw new Error(`${file.name} ended with ${code}`)
      return
    }
    if (!this.#expected) this.fell++
    this.#expected = false
    const after = file.execStopPost.map(command => `${command.replace(/^-/, '')} || true`)
    const { runtimeDirectory } = file
    if (runtimeDirectory !== null && !runtimeDirectory.preserved)
      after.push(...runtimeDirectory.names.map(name => `rm -rf /run/${name}`))
    await this.#sh(
      [`SERVICE_RESULT=${code === null ? 'signal' : 'success'}`, 'export SERVICE_RESULT', ...after].join('\n'),
    )
    if (!this.#wanted || file.restartMs === null) return
    const timer = setTimeout(() => void this.#spawn(), file.restartMs)
    this.#state = { kind: 'waits', timer }
  }

  /** A signal from the bench: that it ends by it is no fall. */
  signal(name: NodeJS.Signals): boolean {
    if (name === 'SIGKILL') this.#expected = true
    return this.#state.kind === 'up' && this.#state.child.kill(name)
  }

  /** As `systemctl stop`: SIGTERM, then SIGKILL after the unit's time. */
  async stop(): Promise<void> {
    this.#wanted = false
    if (this.#state.kind === 'waits') clearTimeout(this.#state.timer)
    if (this.#state.kind !== 'up') {
      this.#state = { kind: 'down' }
      return
    }
    const { gone } = this.#state
    this.#expected = true
    this.signal('SIGTERM')
    this.signal('SIGCONT')
    const timer = setTimeout(() => this.signal('SIGKILL'), this.file.stopMs)
    await gone
    clearTimeout(timer)
    await this.#ending
  }

  /** The power is gone: nothing is run any more, nothing is started again. */
  async lost(): Promise<void> {
    this.#wanted = false
    this.#expected = true
    if (this.#state.kind === 'waits') {
      clearTimeout(this.#state.timer)
      this.#state = { kind: 'down' }
    }
    if (this.#state.kind === 'up') {
      // One with namespaces of its own is not found among its host's processes.
      this.signal('SIGKILL')
      await this.#state.gone
    }
    await this.#ending
  }

  #run(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [program, ...args] = this.#inside(command)
    mkdirSync(dirname(this.#log), { recursive: true })
    const out = openSync(this.#log, 'a')
    const child = spawn(program, args, {
      stdio: ['ignore', out, out],
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env },
    })
    closeSync(out)
    return child
  }

  async #sh(script: string): Promise<void> {
    if (script === '') return
    const child = this.#run(['sh', '-c', script])
    await new Promise(resolve => child.once('exit', resolve))
  }
}

function preparation({ stateDirectory, runtimeDirectory }: UnitFile): string {
  const state = stateDirectory === null ? [] : [`mkdir -p -m 0700 /var/lib/${stateDirectory}`]
  const runtime = runtimeDirectory === null ? [] : runtimeDirectory.names.map(name => `mkdir -p /run/${name}`)
  return [...state, ...runtime].join('\n')
}
