// The whole service on this machine: `npm start`, `tandem dev` and the tests run it through startLocal.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { OriginName } from '../../router/words.ts'
import { ORIGINS } from '../../router/words.ts'
import { HOSTS } from '../redis/render.ts'
import { Child, removeData } from './child.ts'
import { ClusterFile } from './clusterfile.ts'
import { openControl } from './control.ts'
import { edgeSpec } from './edge.ts'
import { PidBook } from './pids.ts'
import type { Plan, ProcessName } from './plan.ts'
import { busyPorts, LOOPBACK, ORIGIN_PROCESSES, planOf, REDIS_PROCESSES } from './plan.ts'
import { waitUp } from './probe.ts'
import type { ProcessSpec } from './spec.ts'
import { ORIGIN_SCRIPT, originSpec, queueRedisSpec, registerSpec, sentinelSpec } from './spec.ts'

export type LocalOptions = {
  readonly home: string
  readonly portBase: number
  /** how long after its death a process is started again */
  readonly restartMs: number | 'never'
  readonly log: (line: string) => void
  /** `redis`: the queue Redis, Sentinels and registers only */
  readonly parts?: 'all' | 'redis'
  /** the edge router too, in wrangler dev; it needs the origins */
  readonly edge?: boolean
  readonly originEnv?: Partial<Record<OriginName, Readonly<Record<string, string>>>>
  /** where an origin finds its peer, instead of at the peer's private listener: lets a test cut the link */
  readonly peerUrl?: Partial<Record<OriginName, string>>
  readonly originScript?: string
  readonly redisPassword?: string | null
  /** bound of the whole start */
  readonly readyMs?: number
  /** gives the start up: what was started is stopped again, and startLocal throws */
  readonly signal?: AbortSignal
}

export type OriginHandle = {
  readonly public: string
  readonly private: string
  readonly data: string
  readonly log: string
  /** null while it is down */
  readonly pid: number | null
}

export type LocalCluster = {
  /** null where it was not asked for */
  readonly edge: { readonly url: string; readonly pid: number | null } | null
  readonly home: string
  readonly secret: string
  readonly plan: Plan
  readonly origins: Readonly<Record<OriginName, OriginHandle>>
  readonly names: readonly ProcessName[]
  pid(name: ProcessName): number | null
  log(name: ProcessName): string
  /** Sends a signal; SIGKILL (the default) resolves when the process is gone. A restart follows unless held off. */
  kill(name: ProcessName, signal?: NodeJS.Signals): Promise<void>
  /** SIGTERM, waits for the end; no restart. */
  stop(name: ProcessName): Promise<void>
  /** Starts it now, or at once if a restart is pending; restarts are on again. `env` adds to its environment from now on. */
  start(name: ProcessName, env?: Readonly<Record<string, string>>): void
  pause(name: ProcessName): void
  resume(name: ProcessName): void
  /** `false`: a death is not followed by a restart. */
  restart(name: ProcessName, on: boolean): void
  /** Until it answers (PING, /readyz); throws a sentence with its last lines after the bound. */
  waitReady(name: ProcessName, timeoutMs?: number): Promise<void>
  /** Removes all that a stopped process keeps on disk. */
  wipe(name: ProcessName): void
  /** Stops all, origins first. May be called twice. */
  close(): Promise<void>
}

const READY_MS = 60_000
/** An origin hands over, drains and closes within this (CONTRACT: SIGTERM). */
const ORIGIN_STOP_MS = 30_000
const REDIS_STOP_MS = 5_000
/** It keeps nothing that would be lost. */
const EDGE_STOP_MS = 3_000
const KILL_MS = 5_000
const SECRET_BYTES = 32
const NOT_DEADLY_AT_ONCE: readonly NodeJS.Signals[] = [
  'SIGSTOP',
  'SIGCONT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGHUP',
  'SIGTERM',
  'SIGINT',
]

export async function startLocal(options: LocalOptions): Promise<LocalCluster> {
  const home = resolve(options.home)
  const plan = planOf(options.portBase, options.redisPassword ?? null)
  const withOrigins = (options.parts ?? 'all') === 'all'
  const pids = await PidBook.open(home, options.log)
  const withEdge = withOrigins && options.edge === true
  const busy = await busyPorts(plan, withOrigins, withEdge)
  if (busy.length > 0) {
    pids.close()
    throw new Error(`these ports are in use: ${busy.join(', ')}. Stop what listens there, or set TANDEM_PORT_BASE.`)
  }

  const secret = secretOf(home)
  const children = new Map<ProcessName, Child>()
  const file = new ClusterFile(join(home, 'cluster.json'))
  const update = (): void => file.write(picture(home, secret, plan, children))
  for (const spec of specsOf(home, plan, secret, withOrigins, withEdge, options)) {
    const child = new Child(spec, options.restartMs, {
      log: options.log,
      pid: pid => {
        pids.set(spec.name, pid)
        update()
      },
    })
    children.set(spec.name, child)
  }
  const cluster = clusterOf(home, secret, plan, children, async () => {
    await stopAll(children)
    file.remove()
    pids.close()
  })
  try {
    await startAll(children, options)
    const closeControl = withOrigins ? await openControl(join(home, 'control.sock'), cluster, options.log) : null
    file.publish()
    update()
    return {
      ...cluster,
      close: async () => {
        await closeControl?.()
        await cluster.close()
      },
    }
  } catch (error) {
    await cluster.close()
    throw error
  }
}

async function startAll(children: ReadonlyMap<ProcessName, Child>, options: LocalOptions): Promise<void> {
  const end = performance.now() + (options.readyMs ?? READY_MS)
  const group = async (names: readonly ProcessName[]): Promise<void> => {
    const some = names.flatMap(name => children.get(name) ?? [])
    for (const child of some) child.start()
    await Promise.all(some.map(child => ready(child, Math.max(end - performance.now(), 0), options.signal)))
  }
  options.log('starting three queue Redis with their Sentinels, and three registers')
  await group(REDIS_PROCESSES)
  if (ORIGIN_PROCESSES.some(name => children.has(name))) {
    options.log('starting origins a and b')
    await group(ORIGIN_PROCESSES)
  }
  if (children.has('edge')) {
    options.log('starting the edge router in wrangler dev')
    await group(['edge'])
  }
}

async function ready(child: Child, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const answer = await waitUp(child.spec.ready, timeoutMs, () =>
    signal?.aborted === true ? 'interrupted' : child.idle ? child.lastEnd : null,
  )
  if (answer.up) return
  if (signal?.aborted === true) throw new Error('the start was interrupted')
  throw new Error(
    `${child.spec.name} did not get ready: ${answer.why}. The last lines of ${child.spec.log}:\n${child.tail()}`,
  )
}

async function stopAll(children: ReadonlyMap<ProcessName, Child>): Promise<void> {
  for (const child of children.values()) child.hold(true)
  const group = (wanted: (name: ProcessName) => boolean, patienceMs: number): Promise<unknown> =>
    Promise.all([...children].filter(([name]) => wanted(name)).map(([, child]) => child.stop(patienceMs)))
  await group(name => name === 'edge', EDGE_STOP_MS)
  await group(name => name.startsWith('origin.'), ORIGIN_STOP_MS)
  await group(name => name.startsWith('sentinel.'), REDIS_STOP_MS)
  await group(name => !name.startsWith('origin.'), REDIS_STOP_MS)
}

function clusterOf(
  home: string,
  secret: string,
  plan: Plan,
  children: ReadonlyMap<ProcessName, Child>,
  shut: () => Promise<void>,
): LocalCluster {
  const of = (name: ProcessName): Child => {
    const child = children.get(name)
    if (child === undefined) throw new Error(`no process ${name} in this cluster`)
    return child
  }
  let closing: Promise<void> | null = null
  return {
    edge: edgeHandle(plan, children),
    home,
    secret,
    plan,
    origins: { a: originHandle(home, plan, children, 'a'), b: originHandle(home, plan, children, 'b') },
    names: [...children.keys()],
    pid: name => of(name).pid,
    log: name => of(name).spec.log,
    async kill(name, signal = 'SIGKILL') {
      const child = of(name)
      if (!child.signal(signal)) throw new Error(`${name} does not run`)
      if (!NOT_DEADLY_AT_ONCE.includes(signal) && !(await child.gone(KILL_MS)))
        throw new Error(`${name} is still there after ${signal}`)
    },
    stop: name => of(name).stop(name.startsWith('origin.') ? ORIGIN_STOP_MS : REDIS_STOP_MS),
    start(name, env) {
      const child = of(name)
      child.hold(false)
      child.start(env)
    },
    pause(name) {
      if (!of(name).signal('SIGSTOP')) throw new Error(`${name} does not run`)
    },
    resume(name) {
      if (!of(name).signal('SIGCONT')) throw new Error(`${name} does not run`)
    },
    restart: (name, on) => of(name).hold(!on),
    waitReady: (name, timeoutMs = READY_MS) => ready(of(name), timeoutMs),
    wipe(name) {
      const child = of(name)
      if (child.pid !== null) throw new Error(`${name} runs: stop it before wiping it`)
      removeData(child.spec.dir)
    },
    close() {
      closing ??= shut()
      return closing
    },
  }
}

function originHandle(
  home: string,
  plan: Plan,
  children: ReadonlyMap<ProcessName, Child>,
  name: OriginName,
): OriginHandle {
  return {
    public: `http://${LOOPBACK}:${plan.publicPorts[name]}`,
    private: `http://${LOOPBACK}:${plan.privatePorts[name]}`,
    data: join(home, name),
    log: join(home, 'log', `origin.${name}.log`),
    get pid() {
      return children.get(`origin.${name}`)?.pid ?? null
    },
  }
}

function edgeHandle(plan: Plan, children: ReadonlyMap<ProcessName, Child>): LocalCluster['edge'] {
  const child = children.get('edge')
  if (child === undefined) return null
  return {
    url: `http://${LOOPBACK}:${plan.edgePort}`,
    get pid() {
      return child.pid
    },
  }
}

function localEdge(home: string, plan: Plan, secret: string): ProcessSpec {
  const url = (name: OriginName): string => `http://${LOOPBACK}:${plan.publicPorts[name]}`
  const origins = { a: url('a'), b: url('b') }
  return edgeSpec({
    port: plan.edgePort,
    origins,
    secret,
    dir: join(home, 'edge'),
    log: join(home, 'log', 'edge.log'),
  })
}

function specsOf(
  home: string,
  plan: Plan,
  secret: string,
  withOrigins: boolean,
  withEdge: boolean,
  options: LocalOptions,
): ProcessSpec[] {
  const specs = HOSTS.flatMap(host => [
    sentinelSpec(plan, home, host),
    queueRedisSpec(plan, home, host),
    registerSpec(plan, home, host),
  ])
  if (!withOrigins) return specs
  const origins = ORIGINS.map(name =>
    originSpec(plan, home, name, {
      script: options.originScript ?? ORIGIN_SCRIPT,
      secret,
      peerUrl: options.peerUrl?.[name],
      env: options.originEnv?.[name] ?? {},
    }),
  )
  return [...specs, ...origins, ...(withEdge ? [localEdge(home, plan, secret)] : [])]
}

/** What cluster.json says (CONTRACT 1). */
function picture(home: string, secret: string, plan: Plan, children: ReadonlyMap<ProcessName, Child>): object {
  const pid = (name: ProcessName): number | null => children.get(name)?.pid ?? null
  const three = (kind: 'redis' | 'register' | 'sentinel', ports: Plan['registers']): object =>
    Object.fromEntries(HOSTS.map(host => [host, { port: ports[host].port, pid: pid(`${kind}.${host}`) }]))
  const origin = (name: OriginName): object => {
    const { public: open, private: inner, data, log, pid: id } = originHandle(home, plan, children, name)
    return { public: open, private: inner, pid: id, data, log }
  }
  return {
    secret,
    origins: { a: origin('a'), b: origin('b') },
    redis: three('redis', plan.set.queue),
    registers: three('register', plan.registers),
    sentinels: three('sentinel', plan.set.sentinels),
    edge: edgeHandle(plan, children),
  }
}

/** One secret for the life of the home: a stored session or a peer that still runs must go on understanding it. */
function secretOf(home: string): string {
  const file = join(home, 'secret')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  rmSync(`${file}.new`, { force: true })
  writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return secret
}
