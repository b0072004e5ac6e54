// Names and ports of everything that the local cluster runs, from one base port.
import { createServer } from 'node:net'
import type { OriginName } from '../../router/words.ts'
import { ORIGINS } from '../../router/words.ts'
import type { Address, Host, RedisSet } from '../redis/render.ts'
import { HOSTS } from '../redis/render.ts'

export type ProcessName = 'edge' | `origin.${OriginName}` | `${'redis' | 'sentinel' | 'register'}.${Host}`

export const ORIGIN_PROCESSES: readonly ProcessName[] = ORIGINS.map((name): ProcessName => `origin.${name}`)
export const REDIS_PROCESSES: readonly ProcessName[] = HOSTS.flatMap((host): ProcessName[] => [
  `sentinel.${host}`,
  `redis.${host}`,
  `register.${host}`,
])

export const LOOPBACK = '127.0.0.1'

export type Plan = {
  readonly publicPorts: Readonly<Record<OriginName, number>>
  readonly privatePorts: Readonly<Record<OriginName, number>>
  readonly set: RedisSet
  readonly registers: Readonly<Record<Host, Address>>
  readonly edgePort: number
}

/** Highest offset above the base is the edge's. */
export const PORT_BASE_MAX = 65_535 - 401

export function planOf(portBase: number, password: string | null = null): Plan {
  const address = (offset: number): Address => ({ host: LOOPBACK, port: portBase + offset })
  const three = (offset: number): Record<Host, Address> => ({
    a: address(offset),
    b: address(offset + 1),
    w: address(offset + 2),
  })
  return {
    publicPorts: { a: portBase + 1, b: portBase + 2 },
    privatePorts: { a: portBase + 101, b: portBase + 102 },
    set: {
      name: 'tandem',
      queue: three(201),
      sentinels: three(301),
      initial: 'a',
      access: password === null ? { kind: 'open' } : { kind: 'password', password },
    },
    registers: three(221),
    edgePort: portBase + 401,
  }
}

/** The ports of the plan that somebody else listens on. */
export async function busyPorts(plan: Plan, withOrigins: boolean, withEdge: boolean): Promise<string[]> {
  const wanted: [string, number][] = HOSTS.flatMap((host): [string, number][] => [
    [`queue Redis ${host}`, plan.set.queue[host].port],
    [`register ${host}`, plan.registers[host].port],
    [`Sentinel ${host}`, plan.set.sentinels[host].port],
  ])
  if (withOrigins) {
    for (const name of ORIGINS) {
      wanted.push([`origin ${name}`, plan.publicPorts[name]], [`private listener of ${name}`, plan.privatePorts[name]])
    }
  }
  if (withEdge) wanted.push(['edge', plan.edgePort])
  const free = await Promise.all(wanted.map(([, port]) => isFree(port)))
  return wanted.filter((_, i) => !free[i]).map(([what, port]) => `${port} (${what})`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', error => {
      if ('code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(false)
      else reject(error)
    })
    probe.listen({ host: LOOPBACK, port, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
