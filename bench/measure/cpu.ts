// CPU time of process trees and of the whole machine, from /proc. In seconds.
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** sysconf(_SC_CLK_TCK): 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
export const CORES = availableParallelism()

type Stat = { readonly pid: number; readonly parent: number; readonly own: number; readonly ended: number }

/** Null where the process is gone. */
function statOf(pid: number): Stat | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // the name may hold spaces and brackets: fields are counted from its end
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [parent = 0, utime = 0, stime = 0, cutime = 0, cstime = 0] = [1, 11, 12, 13, 14].map(at => fields[at])
  return { pid, parent, own: (utime + stime) / TICKS_PER_SECOND, ended: (cutime + cstime) / TICKS_PER_SECOND }
}

const everybody = (): Stat[] =>
  readdirSync('/proc').flatMap(name => (/^[0-9]+$/.test(name) ? (statOf(Number(name)) ?? []) : []))

/** CPU used so far by these processes and all that they started, ended children included. */
export function cpuOf(roots: readonly number[]): number {
  const all = everybody()
  const wanted = new Set(roots)
  // a parent may stand behind its child in the list: go on until nothing is new
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid)
  }
  return all.reduce((sum, { pid, own, ended }) => (wanted.has(pid) ? sum + own + ended : sum), 0)
}

/** CPU used so far by children of this process that have ended: the load generators. */
export const endedChildrenCpu = (): number => statOf(process.pid)?.ended ?? 0

/** CPU used so far on this machine by anybody, what a hypervisor took away included. */
export function machineCpu(): number {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
}
