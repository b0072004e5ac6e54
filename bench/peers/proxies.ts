// nginx and HAProxy in front of the two origins; and proxies in Node, in front of one.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configured, type Daemon, startDaemon } from './daemon.ts'

export type Front = Daemon & { readonly url: string }

export type ProxyPlan = {
  readonly home: string
  readonly port: number
  readonly originA: number
  readonly originB: number
}

const valuesOf = ({ home, port, originA, originB }: ProxyPlan) => ({
  HOME: home,
  PORT: port,
  ORIGIN_A: originA,
  ORIGIN_B: originB,
})

export async function startNginx(program: string, plan: ProxyPlan): Promise<Front> {
  const conf = configured('nginx.conf', join(plan.home, 'nginx.conf'), valuesOf(plan))
  const log = join(plan.home, 'nginx.out')
  const daemon = await startDaemon({
    name: 'nginx',
    command: program,
    args: ['-p', plan.home, '-c', conf, '-e', join(plan.home, 'nginx.log')],
    log,
    port: plan.port,
    stopSignal: 'SIGQUIT',
  })
  return { ...daemon, url: `http://127.0.0.1:${plan.port}` }
}

export async function startHaproxy(program: string, plan: ProxyPlan): Promise<Front> {
  const conf = configured('haproxy.cfg', join(plan.home, 'haproxy.cfg'), valuesOf(plan))
  const daemon = await startDaemon({
    name: 'haproxy',
    command: program,
    args: ['-db', '-f', conf],
    log: join(plan.home, 'haproxy.log'),
    port: plan.port,
  })
  return { ...daemon, url: `http://127.0.0.1:${plan.port}` }
}

const NODE_PROXIES = fileURLToPath(new URL('node', import.meta.url))
const INSTALL_MS_MAX = 5 * 60_000

/** Null where the packages of peers/node are there now, else why not. */
export function ensureNodeProxies(install: boolean): string | null {
  if (existsSync(join(NODE_PROXIES, 'node_modules', '@fastify', 'http-proxy'))) return null
  if (!install) return 'not installed: npm ci --prefix bench/peers/node'
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: NODE_PROXIES,
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
  })
  return status === 0 ? null : `npm could not install it: ${(stderr ?? '').trim().split('\n')[0]}`
}

/** @param script of peers/node; it listens on the port and asks `upstream` */
export async function startNodeProxy(script: string, home: string, port: number, upstream: string): Promise<Front> {
  const daemon = await startDaemon({
    name: script,
    command: process.execPath,
    args: [join(NODE_PROXIES, script), String(port), upstream],
    log: join(home, `${script}.log`),
    port,
  })
  return { ...daemon, url: `http://127.0.0.1:${port}` }
}
