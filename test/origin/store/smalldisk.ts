// A disk of a few megabytes for one test, where this process may mount one.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './fixture.ts'

/** Why there can be none here, or null. */
export const noSmallDisk = ((): string | null => {
  if (process.getuid?.() !== 0) return 'needs root to mount a small disk'
  const probe = mkdtempSync(join(tmpdir(), 'tandem-mount-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe])
  if (status === 0) spawnSync('umount', [probe])
  rmdirSync(probe)
  return status === 0 ? null : 'may not mount a small disk here'
})()

/** Its directory; unmounted when the test ends. */
export function smallDisk(mib: number): string {
  const disk = temporaryDirectory()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', disk])
  onTestFinished(() => void spawnSync('umount', ['-l', disk]))
  return disk
}

export const named = (what: string): string => (noSmallDisk === null ? what : `${what} (${noSmallDisk})`)
