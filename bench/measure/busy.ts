// How much of the machine others used while something ran.
import { CORES, cpuOf, machineCpu } from './cpu.ts'

export async function watched<T>(act: () => Promise<T>): Promise<{ readonly result: T; readonly foreign: number }> {
  const before = { own: cpuOf([process.pid]), machine: machineCpu(), at: performance.now() }
  const result = await act()
  const seconds = (performance.now() - before.at) / 1000
  const others = machineCpu() - before.machine - (cpuOf([process.pid]) - before.own)
  return { result, foreign: Math.max(0, others / (seconds * CORES)) }
}
