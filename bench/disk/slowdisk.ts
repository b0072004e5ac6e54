// Runs the whole benchmark anew on a slower disk: slowdisk.c, compiled when it is asked for.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ADDED_MICROS = 1000
/** Set for the benchmark that runs below slowdisk. No TANDEM_ name: origins refuse settings that they do not know. */
const BELOW = 'BENCH_SLOWED'

export const isSlowed = (): boolean => process.env[BELOW] === '1'

/** Its exit code. Throws where the program cannot be made. */
export async function runSlowed(gcc: string, script: string, args: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'tandem-slowdisk-'))
  const program = join(dir, 'slowdisk')
  const source = fileURLToPath(new URL('slowdisk.c', import.meta.url))
  const { status, stderr } = spawnSync(gcc, ['-O2', '-pthread', '-o', program, source], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`slowdisk.c cannot be compiled: ${stderr.trim().split('\n')[0]}`)
  const child = spawn(program, [String(ADDED_MICROS), process.execPath, script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [BELOW]: '1' },
  })
  // Ctrl-C reaches the whole group by itself: what is passed on is a signal to this process alone
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const code = await new Promise<number>(resolve => child.once('exit', exit => resolve(exit ?? 1)))
  rmSync(dir, { recursive: true, force: true })
  return code
}
