// The local cluster's supervision, on real Redis and real processes; the origins are stand-ins.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type LocalCluster, type LocalOptions, startLocal } from '../../../deploy/local/cluster.ts'
import { lives, markOf } from '../../../deploy/local/pids.ts'
import { until } from '../redis/set.ts'

const BASE = 20_300
const STAND_IN = new URL('stand-in.ts', import.meta.url).pathname

const Process = z.object({ port: z.number(), pid: z.number().nullable() })
const Three = z.object({ a: Process, b: Process, w: Process })
const Origin = z.strictObject({
  public: z.url(),
  private: z.url(),
  pid: z.number().nullable(),
  data: z.string(),
  log: z.string(),
})
const ClusterJson = z.strictObject({
  secret: z.string().min(32),
  origins: z.object({ a: Origin, b: Origin }),
  redis: Three,
  registers: Three,
  sentinels: Three,
  edge: z.object({ url: z.url(), pid: z.number().nullable() }).nullable(),
})

const homes: string[] = []
const open: LocalCluster[] = []
const spawned: ChildProcess[] = []
const lines: string[] = []

const newHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-local-'))
  homes.push(home)
  return home
}

async function start(home: string, options: Partial<LocalOptions> = {}): Promise<LocalCluster> {
  const log = (line: string): void => void lines.push(line)
  const cluster = await startLocal({ home, portBase: BASE, restartMs: 300, originScript: STAND_IN, log, ...options })
  open.push(cluster)
  return cluster
}

const fileOf = (home: string): z.infer<typeof ClusterJson> =>
  ClusterJson.parse(JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8')))

/** Processes that live in the process group of one of these. */
function groupsOf(pids: readonly number[]): string[] {
  return readdirSync('/proc').filter(entry => {
    if (!/^\d+$/.test(entry) || markOf(Number(entry)) === null) return false
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    return pids.includes(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]))
  })
}

afterEach(async () => {
  for (const child of spawned.splice(0)) child.kill('SIGKILL')
  for (const cluster of open.splice(0)) await cluster.close()
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
  lines.length = 0
})

test('cluster.json is true, for its owner only, through a death, a stop and the end', async () => {
  const home = newHome()
  const cluster = await start(home)
  const file = fileOf(home)
  expect(statSync(join(home, 'cluster.json')).mode & 0o777).toBe(0o600)
  expect(file.secret).toBe(cluster.secret)
  expect(file.origins.a.pid).toBe(cluster.origins.a.pid)
  expect(file.redis.a.port).toBe(BASE + 201)
  expect(file.registers.b.port).toBe(BASE + 222)
  expect(file.sentinels.w.port).toBe(BASE + 303)

  const { pid } = file.origins.a
  if (pid === null) throw new Error('a runs')
  process.kill(pid, 'SIGKILL')
  await until('its death is told', 2000, async () => fileOf(home).origins.a.pid === null)
  await until('it is started again', 3000, async () => fileOf(home).origins.a.pid !== null)
  await cluster.waitReady('origin.a')

  const { pid: next } = fileOf(home).origins.a
  if (next === null) throw new Error('a runs')
  process.kill(next, 'SIGTERM')
  await until('a clean exit that nobody here asked for is a death too', 5000, async () => {
    const now = fileOf(home).origins.a.pid
    return now !== null && now !== next
  })

  await cluster.stop('register.b')
  expect(fileOf(home).registers.b.pid).toBeNull()
  const pids = cluster.names.flatMap(name => cluster.pid(name) ?? [])
  const marks = pids.map(each => markOf(each))
  expect(marks).toHaveLength(10)
  await cluster.close()
  expect(existsSync(join(home, 'cluster.json'))).toBe(false)
  expect(marks.some(mark => mark !== null && lives(mark))).toBe(false)
  // Nor what the start wrappers ran beside them.
  expect(groupsOf(pids)).toEqual([])
})

test('what is stopped or held stays down until it is started; pausing, wiping', async () => {
  const cluster = await start(newHome())
  await cluster.stop('origin.b')
  cluster.restart('redis.w', false)
  await cluster.kill('redis.w')
  expect(() => cluster.wipe('register.a')).toThrow(/stop it before/)
  cluster.wipe('redis.w')
  await cluster.kill('register.w')
  await until('what is not held is started again', 3000, async () => cluster.pid('register.w') !== null)
  expect(cluster.pid('origin.b')).toBeNull()
  expect(cluster.pid('redis.w')).toBeNull()

  cluster.pause('origin.a')
  await expect(cluster.waitReady('origin.a', 200)).rejects.toThrow(/origin.a did not get ready/)
  cluster.resume('origin.a')
  await cluster.waitReady('origin.a', 3000)
  cluster.start('origin.b')
  cluster.start('redis.w')
  await Promise.all([cluster.waitReady('origin.b'), cluster.waitReady('redis.w')])
})

test('the secret and the data survive a stop', async () => {
  const home = newHome()
  const first = await start(home)
  await first.close()
  const second = await start(home)
  expect(second.secret).toBe(first.secret)
  expect(existsSync(join(home, 'sentinel.a', 'sentinel.conf.other-set'))).toBe(false)
})

test('a busy port, a home in use, a crashing origin and one that is never ready are one clear error each', async () => {
  const home = newHome()
  const squatter = createServer().listen(BASE + 202, '127.0.0.1')
  await expect(start(home)).rejects.toThrow(`these ports are in use: ${BASE + 202} (queue Redis b)`)
  await new Promise(resolve => squatter.close(resolve))

  const crash = { originEnv: { b: { STAND_IN: 'crash' } }, restartMs: 'never' } as const
  await expect(start(home, crash)).rejects.toThrow(
    /origin.b did not get ready: it exited with code 3[\s\S]*told to crash/,
  )
  const mute = { originEnv: { b: { STAND_IN: 'mute' } }, readyMs: 3000 } as const
  await expect(start(home, mute)).rejects.toThrow(/origin.b did not get ready: \/readyz answers 503[\s\S]*mute/)

  await start(home)
  await expect(start(home)).rejects.toThrow(/is in use: a cluster runs there already/)
})

test('a crash loop slows down and says so', async () => {
  const cluster = await start(newHome(), { restartMs: 100 })
  await cluster.stop('origin.a')
  cluster.start('origin.a', { STAND_IN: 'crash' })
  await until('three crashes', 5000, async () => lines.some(line => line.includes('3 times in a row')))
  const waits = lines.flatMap(line => /origin\.a.*starting it again in ([\d.]+) s/.exec(line)?.[1] ?? [])
  expect(waits.slice(0, 3)).toEqual(['0.1', '0.2', '0.4'])
})

test('npm start: what a killed one left is stopped by the next; Ctrl-C ends all', async () => {
  const home = newHome()
  const first = supervisor(home)
  await until('the first is up', 20_000, async () => existsSync(join(home, 'cluster.json')))
  const before = fileOf(home)
  const marks = [before.origins.a, before.redis.a, before.sentinels.w].map(each => markOf(each.pid ?? 0))
  expect(marks.every(mark => mark !== null && lives(mark))).toBe(true)
  first.child.kill('SIGKILL')
  await until('the first is gone', 2000, async () => first.child.signalCode !== null)
  expect(marks.every(mark => mark !== null && lives(mark))).toBe(true)

  const second = supervisor(home)
  await until('the second is up', 20_000, async () => {
    return existsSync(join(home, 'cluster.json')) && fileOf(home).origins.a.pid !== before.origins.a.pid
  })
  expect(second.output()).toContain('stopping what an earlier run left behind: ')
  expect(marks.some(mark => mark !== null && lives(mark))).toBe(false)

  const after = fileOf(home)
  const now = [after.origins.a, after.origins.b, after.redis.w].map(each => markOf(each.pid ?? 0))
  second.child.kill('SIGINT')
  await until('it ends', 10_000, async () => second.child.exitCode !== null)
  expect(second.child.exitCode, second.output()).toBe(0)
  expect(now.some(mark => mark !== null && lives(mark))).toBe(false)
})

/** A process of its own that runs the cluster as start.ts does, with stand-ins for the origins. */
function supervisor(home: string): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [new URL('supervisor.ts', import.meta.url).pathname, STAND_IN], {
    env: { ...process.env, TANDEM_HOME: home, TANDEM_PORT_BASE: String(BASE) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  spawned.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', data => (output += data))
  return { child, output: () => output }
}
