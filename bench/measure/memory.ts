// Resident memory of a process, in MiB.
import { readFileSync } from 'node:fs'

export type Resident = { readonly now: number; readonly highest: number }

export function residentOf(pid: number): Resident {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+) kB`, 'm').exec(status)?.[1]) / 1024
  return { now: field('VmRSS'), highest: field('VmHWM') }
}
