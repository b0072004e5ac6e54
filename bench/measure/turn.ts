// One contender's turn: a load for some seconds, and what it cost whom.
import { CORES, cpuOf, endedChildrenCpu, machineCpu } from './cpu.ts'
import { type Quantiles, quantileOf } from './stats.ts'

/** What a load generator saw. */
export type Load = {
  readonly requests: number
  readonly seconds: number
  readonly failures: number
  readonly latency: Quantiles
  /** the longest that any request took */
  readonly longestMs: number
}

export type Contender = {
  readonly name: string
  /** the processes whose CPU is this side's */
  readonly pids: () => readonly number[]
  /** several loads run at once */
  readonly load: (seconds: number) => Promise<readonly Load[]>
}

/** What the clients of a turn saw. */
export type Latencies = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly longestMs: number
  readonly failures: number
}

export type Sample = Latencies & {
  /** milliseconds of CPU of all of the side's processes for 1000 requests */
  readonly cpuMs: number
  /** the same of the load generators, which is nobody's */
  readonly loadCpuMs: number
  /** share of the machine that others used meanwhile */
  readonly foreign: number
}

export function latenciesOf(loads: readonly Load[]): Latencies {
  const latency = loads.map(load => load.latency)
  return {
    perSecond: loads.reduce((sum, load) => sum + load.requests / load.seconds, 0),
    p50Ms: quantileOf(latency, 0.5),
    p99Ms: quantileOf(latency, 0.99),
    p999Ms: quantileOf(latency, 0.999),
    longestMs: Math.max(...loads.map(load => load.longestMs)),
    failures: loads.reduce((sum, load) => sum + load.failures, 0),
  }
}

export async function turnOf(contender: Contender, seconds: number): Promise<Sample> {
  const pids = contender.pids()
  const before = { side: cpuOf(pids), load: endedChildrenCpu(), own: cpuOf([process.pid]), machine: machineCpu() }
  const from = performance.now()
  const loads = await contender.load(seconds)
  const elapsed = (performance.now() - from) / 1000
  const requests = loads.reduce((sum, load) => sum + load.requests, 0)
  const perThousand = (cpu: number): number => (cpu * 1e6) / Math.max(requests, 1)
  const used = machineCpu() - before.machine - (cpuOf([process.pid]) - before.own)
  return {
    ...latenciesOf(loads),
    cpuMs: perThousand(cpuOf(pids) - before.side),
    loadCpuMs: perThousand(endedChildrenCpu() - before.load),
    foreign: Math.max(0, used / (elapsed * CORES)),
  }
}
