// A peer's process: started from a readable configuration, waited for, always ended.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { owned } from '../running.ts'

export type Daemon = { readonly pid: number; stop(): Promise<void> }

export type DaemonOptions = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly log: string
  /** listening there means that it is up */
  readonly port: number
  /** some refuse to run as root */
  readonly user?: { readonly uid: number; readonly gid: number } | null
  readonly cwd?: string
  readonly stopSignal?: NodeJS.Signals
}

const READY_MS = 20_000
const LOOK_MS = 50
const STOP_MS = 10_000

/** Rejects with the last words of its log where it does not come up. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { name, command, args, log, port, user, cwd, stopSignal = 'SIGTERM' } = options
  const out = openSync(log, 'a', 0o644)
  const child = spawn(command, [...args], {
    stdio: ['ignore', out, out],
    // Ctrl-C reaches the benchmark alone, which stops all in the right order
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === null || user === undefined ? {} : user),
  })
  closeSync(out)
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  let gone = false
  void exited.then(() => {
    gone = true
  })
  const stop = owned(async () => {
    if (gone) return
    child.kill(stopSignal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(timer)
  })
  const end = performance.now() + READY_MS
  while (!gone && performance.now() < end) {
    if (await listens(port)) return { pid: child.pid ?? 0, stop }
    await pause(LOOK_MS)
  }
  await stop()
  throw new Error(`${name} did not come up: ${readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ')}`)
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A configuration beside this file, with its {{NAMES}} filled in. */
export function configured(template: string, file: string, values: Readonly<Record<string, string | number>>): string {
  const text = readFileSync(new URL(template, import.meta.url), 'utf8')
  const filled = text.replaceAll(/\{\{([A-Z_]+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${template} names ${name}, which nobody gives`)
    return String(value)
  })
  writeFileSync(file, filled, { mode: 0o644 })
  return file
}
