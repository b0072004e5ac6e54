// README's first minute, as it is typed: npm start, then its own lines; then the end of it all.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { planOf } from '../../deploy/local/plan.ts'
import { until } from './cluster.ts'

const BASE = 29500
const ROOT = new URL('../..', import.meta.url).pathname

const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

const MINUTE = 'dev kill a'
const TOKENS = 'TANDEM_TOKENS='
const BLOCKS = readFileSync(join(ROOT, 'README.md'), 'utf8').match(/```sh\n[\s\S]*?```/g) ?? []

/** The commands of the block that has this in it, for our ports. */
const typed = (mark: string): string[] => commandsOf(BLOCKS.find(text => text.includes(mark)) ?? '')

const commandsOf = (block: string): string[] =>
  block
    .split('\n')
    .filter(line => /^(?:curl|npm|openssl|echo|TANDEM_\w+=\S+) /.test(line))
    .map(line =>
      line
        .replace(/ +#.*/, '')
        .replace(/127\.0\.0\.1:8(\d{3})/g, (_, rest: string) => `127.0.0.1:${BASE + Number(rest)}`),
    )

/** All other lines with curl that README shows. */
const others = (): string[] =>
  BLOCKS.filter(block => ![MINUTE, TOKENS, '/v1/_tx'].some(mark => block.includes(mark)))
    .flatMap(commandsOf)
    .filter(line => line.startsWith('curl '))

type Started = { readonly run: (line: string | undefined, cwd?: string) => string; readonly stop: () => Promise<void> }

/** What `command` starts, until it shows its URLs. */
async function started(command: string, home: string): Promise<Started> {
  const env = { ...process.env, TANDEM_HOME: home, TANDEM_PORT_BASE: String(BASE) }
  const npm = spawn('sh', ['-c', `exec env ${command}`], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [npm.stdout, npm.stderr])
    stream.on('data', data => {
      said += String(data)
    })
  const stop = async (): Promise<void> => {
    npm.kill('SIGTERM')
    const plan = planOf(BASE, null)
    const ports = [
      ...Object.values(plan.publicPorts),
      ...Object.values(plan.privatePorts),
      plan.set.queue.a.port,
      plan.registers.w.port,
    ]
    await until(
      async () => (await Promise.all(ports.map(listens))).every(up => !up) || said.slice(-500),
      40_000,
      'nothing listens any more',
    )
  }
  try {
    await until(() => /Ctrl-C ends all/.test(said) || said, 60_000, 'npm start shows its URLs')
  } catch (error) {
    await stop()
    throw error
  }
  const run = (line: string | undefined, cwd = ROOT): string => {
    const done = spawnSync('sh', ['-c', line ?? 'false'], { cwd, env, encoding: 'utf8', timeout: 30_000 })
    expect([line, done.status]).toEqual([line, 0])
    return done.stdout
  }
  return { run, stop }
}

const statusOf = (said: string): number => Number(/^HTTP\/1.1 (\d+)/.exec(said)?.[1])

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tandem-readme-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('start, write, kill an origin, read it back, and all else that it shows; a signal to npm ends all of it', async () => {
  const { run, stop } = await started('npm start', home)
  try {
    const [write, kill, read, status] = typed(MINUTE)
    run(write)
    run(kill)
    expect(run(read)).toBe('Hello')
    expect(run(`${status} || true`)).toMatch(/b +serving/)
    await until(
      () => run('npm run -s tandem -- verify || true').match(/^s[01] +equal/gm)?.length === 2 || 'not equal',
      30_000,
      'equal copies',
    )
    // a write that wants two disks needs both members
    await until(
      () => /"canLoseAHost": ?true/.test(run(`${status} --json || true`)) || 'a host may not be lost yet',
      30_000,
      'both are members again',
    )
    expect(typed('/v1/_tx').map(line => statusOf(run(line)))).toEqual([201, 200, 200, 200, 201, 200, 201])
    expect(others().length).toBeGreaterThan(8)
    for (const line of others()) {
      const said = run(line)
      if (/^curl -[iI] /.test(line)) expect([line, statusOf(said)]).toEqual([line, expect.toBeOneOf([200, 201, 204])])
    }
  } finally {
    await stop()
  }
})

test('tokens: the one that was made opens, nothing else does', async () => {
  const [make, list, start = '', ask = ''] = typed(TOKENS)
  for (const line of [make, list]) expect(spawnSync('sh', ['-c', line ?? 'false'], { cwd: home }).status).toBe(0)
  const { run, stop } = await started(start.replaceAll('$PWD', home), join(home, 'home'))
  try {
    expect(statusOf(run(ask, home))).toBe(200)
    expect(statusOf(run(ask.replace('/notes', '/other'), home))).toBe(403)
    expect(statusOf(run(ask.replace(/ -H .*/, ''), home))).toBe(401)
  } finally {
    await stop()
  }
})
