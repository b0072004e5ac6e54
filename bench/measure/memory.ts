// Resident memory of a process, in MiB.
import { readFileSync } from 'node:fs'

export type Resident = { readonly now: number; readonly highest: number }

/** NaN where the process is gone. */
export function residentOf(pid: number | null): Resident {
  const status = statusOf(pid)
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+) kB`, 'm').exec(status)?.[1]) / 1024
  return { now: field('VmRSS'), highest: field('VmHWM') }
}

function statusOf(pid: number | null): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
