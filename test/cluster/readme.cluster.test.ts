// README's first minute, as it is typed: npm start, then its own lines; then the end of it all.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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

/** The commands of README's second block, for our ports. */
function typed(): string[] {
  const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8').match(/```sh\n[\s\S]*?```/g) ?? []
  const lines = (blocks[1] ?? '').split('\n').filter(line => /^(curl|npm) /.test(line))
  return lines.map(line =>
    line
      .replace(/ +#.*/, '')
      .replace(/127\.0\.0\.1:8(\d{3})/g, (_, rest: string) => `127.0.0.1:${BASE + Number(rest)}`),
  )
}

test('start, write, kill an origin, read it back; a signal to npm ends all of it', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-readme-'))
  const env = { ...process.env, TANDEM_HOME: home, TANDEM_PORT_BASE: String(BASE) }
  const npm = spawn('npm', ['start'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  npm.stdout.on('data', data => {
    said += String(data)
  })
  npm.stderr.on('data', data => {
    said += String(data)
  })
  try {
    await until(() => /Ctrl-C ends all/.test(said) || said, 60_000, 'npm start shows its URLs')
    const [write, kill, read, status] = typed()
    const run = (line: string | undefined): string => {
      const done = spawnSync('sh', ['-c', line ?? 'false'], { cwd: ROOT, env, encoding: 'utf8', timeout: 30_000 })
      expect([line, done.status]).toEqual([line, 0])
      return done.stdout
    }
    run(write)
    run(kill)
    expect(run(read)).toBe('Hello')
    expect(run(`${status} || true`)).toMatch(/b +serving/)
    await until(
      () => run('npm run -s tandem -- verify || true').match(/^s[01] +equal/gm)?.length === 2 || 'not equal',
      30_000,
      'equal copies',
    )
  } finally {
    npm.kill('SIGTERM')
  }
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
  rmSync(home, { recursive: true, force: true })
})
