// What each process of the local cluster is: its command, directory and environment, and when it counts as up.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OriginName } from '../../router/words.ts'
import { peerOf } from '../../router/words.ts'
import type { Host } from '../redis/render.ts'
import {
  addressText,
  HOSTS,
  passwordOf,
  queueRedisEnv,
  renderQueueRedis,
  renderRegister,
  renderSentinel,
} from '../redis/render.ts'
import type { Plan, ProcessName } from './plan.ts'
import { LOOPBACK } from './plan.ts'

export type Probe =
  | { readonly kind: 'redis'; readonly port: number; readonly password: string | null }
  | { readonly kind: 'http'; readonly url: string }

export type ProcessSpec = {
  readonly name: ProcessName
  readonly command: string
  readonly args: readonly string[]
  /** what it keeps; also its working directory, and all that a wipe removes */
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  readonly log: string
  /** writes the configuration anew before each start: Redis and Sentinel rewrite theirs, a wipe removes it */
  readonly prepare: () => void
  readonly ready: Probe
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const WRAPPERS = join(ROOT, 'deploy', 'redis')
export const ORIGIN_SCRIPT = join(ROOT, 'origin', 'main.ts')

const logOf = (home: string, name: ProcessName): string => join(home, 'log', `${name}.log`)

/** The Redis password may stand in it. */
function writePrivate(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 })
  chmodSync(file, 0o600)
}

export function queueRedisSpec(plan: Plan, home: string, host: Host): ProcessSpec {
  const name: ProcessName = `redis.${host}`
  const dir = join(home, name)
  const data = join(dir, 'data')
  const conf = join(dir, 'redis.conf')
  return {
    name,
    command: join(WRAPPERS, 'start-queue-redis.sh'),
    args: [conf, data],
    dir,
    env: queueRedisEnv(plan.set, host),
    log: logOf(home, name),
    prepare: () => {
      mkdirSync(data, { recursive: true, mode: 0o700 })
      writePrivate(conf, renderQueueRedis(plan.set, host, data))
    },
    ready: { kind: 'redis', port: plan.set.queue[host].port, password: passwordOf(plan.set.access) },
  }
}

export function sentinelSpec(plan: Plan, home: string, host: Host): ProcessSpec {
  const name: ProcessName = `sentinel.${host}`
  const dir = join(home, name)
  const first = join(dir, 'first.conf')
  return {
    name,
    command: join(WRAPPERS, 'start-sentinel.sh'),
    args: [first, join(dir, 'sentinel.conf')],
    dir,
    env: queueRedisEnv(plan.set, host),
    log: logOf(home, name),
    prepare: () => {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      writePrivate(first, renderSentinel(plan.set, host, dir))
    },
    ready: { kind: 'redis', port: plan.set.sentinels[host].port, password: passwordOf(plan.set.access) },
  }
}

export function registerSpec(plan: Plan, home: string, host: Host): ProcessSpec {
  const name: ProcessName = `register.${host}`
  const dir = join(home, name)
  const data = join(dir, 'data')
  const conf = join(dir, 'redis.conf')
  return {
    name,
    command: 'redis-server',
    args: [conf],
    dir,
    env: {},
    log: logOf(home, name),
    prepare: () => {
      mkdirSync(data, { recursive: true, mode: 0o700 })
      writePrivate(conf, renderRegister(plan.registers[host], data, plan.set.access))
    },
    ready: { kind: 'redis', port: plan.registers[host].port, password: passwordOf(plan.set.access) },
  }
}

export type OriginExtras = {
  readonly script: string
  readonly secret: string
  /** where the origin finds its peer instead of at the peer's private listener: lets a test cut the link */
  readonly peerUrl: string | undefined
  readonly env: Readonly<Record<string, string>>
}

export function originSpec(plan: Plan, home: string, origin: OriginName, extras: OriginExtras): ProcessSpec {
  const name: ProcessName = `origin.${origin}`
  const dir = join(home, origin)
  return {
    name,
    // The caller already runs under the pinned Node.
    command: process.execPath,
    args: [extras.script],
    dir,
    env: {
      // compiled code is kept between starts: no thread of an origin loads the compiler, which takes 40 MiB of each process
      NODE_COMPILE_CACHE: join(home, 'compiled'),
      TANDEM_NAME: origin,
      TANDEM_PUBLIC: `${LOOPBACK}:${plan.publicPorts[origin]}`,
      TANDEM_PRIVATE: `${LOOPBACK}:${plan.privatePorts[origin]}`,
      TANDEM_PEER: extras.peerUrl ?? `http://${LOOPBACK}:${plan.privatePorts[peerOf(origin)]}`,
      TANDEM_SENTINELS: HOSTS.map(host => addressText(plan.set.sentinels[host])).join(','),
      TANDEM_REDIS_NAME: plan.set.name,
      TANDEM_REGISTERS: HOSTS.map(host => addressText(plan.registers[host])).join(','),
      TANDEM_SECRET: extras.secret,
      TANDEM_DATA: dir,
      ...(plan.set.access.kind === 'password' ? { TANDEM_REDIS_PASSWORD: plan.set.access.password } : {}),
      ...extras.env,
    },
    log: logOf(home, name),
    prepare: () => {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
    },
    ready: { kind: 'http', url: `http://${LOOPBACK}:${plan.publicPorts[origin]}/readyz` },
  }
}
