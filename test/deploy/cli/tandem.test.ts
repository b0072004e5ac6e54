// The command line as it is typed, against stand-ins of both origins' private listeners.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { coloured, wantsColour } from '../../../deploy/cli/colour.ts'
import { Status } from '../../../deploy/cli/private-api.ts'
import { bar } from '../../../deploy/cli/progress.ts'
import { run } from '../../../deploy/cli/run.ts'
import { statusText } from '../../../deploy/cli/status.ts'
import { waitUp } from '../../../deploy/local/probe.ts'

const ROOT = new URL('../../../', import.meta.url).pathname
const STAND_IN = join(ROOT, 'test/deploy/local/stand-in.ts')
const Names = z.array(z.object({ name: z.string() }))
const SECRET = 's'.repeat(32)
const home = mkdtempSync(join(tmpdir(), 'tandem-cli-'))
const children: ChildProcess[] = []
const url = (port: number): string => `http://127.0.0.1:${port}`

beforeAll(async () => {
  for (const [name, offset] of [
    ['a', 0],
    ['b', 1],
  ] as const) {
    const env = {
      ...process.env,
      TANDEM_NAME: name,
      TANDEM_PUBLIC: `127.0.0.1:${19_900 + offset}`,
      TANDEM_PRIVATE: `127.0.0.1:${19_910 + offset}`,
      TANDEM_SECRET: SECRET,
    }
    children.push(spawn(process.execPath, [STAND_IN], { env, stdio: 'inherit' }))
    const up = await waitUp({ kind: 'http', url: `${url(19_900 + offset)}/readyz` }, 10_000, () => null)
    expect(up).toEqual({ up: true })
  }
  const origins = { a: { private: url(19_910) }, b: { private: url(19_911) } }
  writeFileSync(join(home, 'cluster.json'), JSON.stringify({ secret: SECRET, origins }))
})

afterEach(() => vi.unstubAllEnvs())

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

function tandem(
  args: string,
  env: NodeJS.ProcessEnv = { TANDEM_HOME: home },
): { code: number | null; out: string; err: string } {
  const { TANDEM_HOME: _home, TANDEM_PRIVATE: _private, TANDEM_SECRET: _secret, ...rest } = process.env
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'deploy/cli/main.ts'), ...args.split(' ').filter(Boolean)],
    {
      env: { ...rest, ...env },
      encoding: 'utf8',
    },
  )
  return { code: status, out: stdout, err: stderr }
}

test('status fits 80 columns and says who serves what', () => {
  const { code, out } = tandem('status')
  expect(code).toBe(0)
  expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
  expect(out).toContain('a       serving  5      a+b      0.3 ms  queue  3/3        127.0.0.1:8201')
  expect(out).toContain('s1     b     b        a+b      5.120')
  expect(out).toContain('a: either host may be lost now')
})

test('status says who holds which floating address, and nothing of them where there are none', async () => {
  vi.stubEnv('TANDEM_HOME', home)
  const { outcome } = await run(['status'])
  expect(outcome.text).toContain('address     home  held by  verdict\n')
  expect(outcome.text).toContain('192.0.2.21  a     a        ok\n')
  expect(outcome.text).toContain('192.0.2.22  b     a        away from home\n')
  const half = await run(`status --url ${url(19_911)} --url ${url(19_999)} --secret ${SECRET}`.split(' '))
  expect(half.outcome.text).toContain('192.0.2.21  a     ?        -\n')
  const told = z
    .array(Status)
    .parse(outcome.json)
    .map(status => ({ target: { name: null, url: '', public: null, secret: '' }, status }))
  const without = told.map(({ target, status }) => ({ target, status: { ...status, addresses: [] } }))
  expect(statusText(told)).toBe(outcome.text)
  expect(statusText(without)).not.toContain('address')
})

test('the origins are found by a host’s environment and by flags as well', () => {
  const host = { TANDEM_PRIVATE: '127.0.0.1:19910', TANDEM_PEER: url(19_911), TANDEM_SECRET: SECRET }
  expect(JSON.parse(tandem('status --json', host).out)).toHaveLength(2)
  expect(tandem(`drain b --url ${url(19_910)} --url ${url(19_911)} --secret ${SECRET}`, {}).out).toBe(
    'b did /_tandem/drain\n',
  )
})

test('an origin that is silent makes the status fail, the other is still told', () => {
  const { code, out } = tandem(`status --url ${url(19_910)} --url ${url(19_999)} --secret ${SECRET}`, {})
  expect(code).toBe(1)
  expect(out).toContain('a       serving')
  expect(out).toMatch(/127.0.0.1:19999 does not\s+answer/)
})

test('verify follows the job on an origin and names what differs; exit code 0 only where all is equal', () => {
  const { code, out } = tandem('verify')
  expect(code).toBe(1)
  expect(out).toContain('s0     DIFFERENT  7     3')
  expect(out).toContain('s1     equal      7     0')
  expect(out).toMatch(/0a0a0a0a {2}- {5}documents {2}docs\/x/)
  expect(JSON.parse(tandem('verify --json').out)).toMatchObject({
    ok: false,
    shards: [{ shard: 's0' }, { shard: 's1' }],
  })
})

test('what cannot be undone wants its words typed; without a terminal they are given', () => {
  const asked = tandem('drill')
  expect(asked.code).toBe(2)
  expect(asked.err).toContain('--confirm "drill the pair"')
  expect(tandem('force-primary a --confirm yes').code).toBe(1)
  expect(tandem('force-primary a --confirm yes').err).toContain('Nothing was done: origin b is connected')
})

test('a watch ends with Ctrl-C, and no colour is written into a pipe', async () => {
  const child = spawn(process.execPath, [join(ROOT, 'deploy/cli/main.ts'), 'status', '--watch', '--json'], {
    env: { ...process.env, TANDEM_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  const [code] = await new Promise<unknown[]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (...ended) => resolve(ended))
    child.stdout.on('data', data => {
      out += String(data)
      // once: a second Ctrl-C ends it at once
      if (out.split('\n').length > 2 && !child.killed) child.kill('SIGINT')
    })
  })
  expect(code).toBe(0)
  expect(JSON.parse(out.split('\n')[0] ?? '')).toHaveLength(2)
  expect(out).not.toContain('\u001b')
})

test('colour is for terminals that want it', () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true)
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColour({}, {})).toBe(false)
  expect(coloured('a serving, b silent')).toBe('a \u001b[32mserving\u001b[0m, b \u001b[31msilent\u001b[0m')
  expect(bar(50)).toBe(`[${'#'.repeat(15)}${' '.repeat(15)}]  50 %`)
})

test('actions go to the origin that they concern; a refusal is told with its reason', () => {
  expect(tandem('ready a').out).toBe('a did /_tandem/ready\n')
  expect(JSON.parse(tandem('resync b --json').out)).toEqual({
    ok: true,
    detail: 'b did /_tandem/resync',
    store: 'store of b, new',
  })
  const refused = tandem('handover s1')
  expect(refused.code).toBe(1)
  expect(refused.err).toBe(`origin b (${url(19_911)}) answers 409: the peer is not a member\n`)
  const wrong = tandem(`status --url ${url(19_910)} --secret wrong --json`, {})
  expect(wrong.code).toBe(1)
  expect(wrong.out).toContain('answers 401: wrong secret')
})

test('what is mistyped is answered with a suggestion, exit code 2', async () => {
  vi.stubEnv('TANDEM_HOME', home)
  const { code, err } = tandem('stauts')
  expect(code).toBe(2)
  expect(err).toContain('Did you mean status?')
  // what main.ts prints, without a process for each
  const mistyped = async (args: string): Promise<string> => {
    const end = await run(args.split(' ').filter(Boolean))
    expect(end, args).toMatchObject({ to: 'stderr', outcome: { ok: false } })
    expect(end.code, args).toBeGreaterThan(0)
    return end.outcome.text
  }
  expect(await mistyped('frobnicate')).toBe('There is no command frobnicate. tandem --help lists them all.')
  expect(await mistyped('drain c')).toContain('c is no origin')
  expect(await mistyped('handover')).toBe('Name the shard: s0 or s1.')
  expect(await mistyped('')).toContain('usage: tandem COMMAND')
  expect(await mistyped('status --jsno')).toContain('Did you mean --json?')
  expect(await mistyped('log a loud')).toContain('loud is no level')
  expect(await mistyped('status --home /nowhere')).toContain('No cluster found: /nowhere/cluster.json is not there')
  expect(await mistyped('dev kill a')).toContain('npm start does not run')
})

const widest = (text: string): number => Math.max(...text.split('\n').map(line => line.length))

test('whatever is said fits 80 columns: outcomes, refusals, a silent origin, a silent pair', async () => {
  vi.stubEnv('TANDEM_HOME', home)
  const silent = `--url ${url(19_998)} --url ${url(19_999)} --secret ${SECRET}`
  const half = `--url ${url(19_910)} --url ${url(19_999)} --secret ${SECRET}`
  const commands = [
    'status',
    'handover s0',
    'handover s1',
    'drain a',
    'ready b',
    'verify',
    'drill --confirm drill',
    'backup',
    'backup /dev/null/x',
    'restore',
    'restore /nowhere/at/all/that/is/a/rather/long/path/of/a/backup/which/is/not/there',
    'resync a',
    'quarantine list',
    'quarantine show a x',
    'quarantine export a x',
    'force-primary a',
    'registers rebuild',
    'log a debug',
    'log a loud',
    'dev kill a',
    'frobnicate --verbosely',
  ]
  for (const where of ['', half, silent])
    for (const command of commands) {
      // what main.ts prints, without a process for each
      const { outcome, code } = await run(`${command} ${where}`.split(' ').filter(Boolean))
      expect(widest(outcome.text), `${command} ${where}:\n${outcome.text}`).toBeLessThanOrEqual(80)
      expect(code === 0).toBe(outcome.ok)
      if (where === silent) expect(code, `${command}\n${outcome.text}`).not.toBe(0)
    }
})

test('a key that is longer than a line is shown whole', () => {
  const { out } = tandem('verify')
  expect(out.replace(/\n +/g, '')).toContain(`docs/${'long-'.repeat(40)}x`)
  expect(tandem('quarantine list').out).toContain(`s0-1234567.${'8'.repeat(16)}-1.jsonl`)
})

test('a hostile key does nothing to the terminal', () => {
  const { out } = tandem('verify')
  expect(out).toContain('docs/\\u{1b}[2J\\u{9b}1mgone\\u{202e}txt')
  expect(out).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
})

test('help has examples for every command, within 80 columns', async () => {
  const { code, out } = tandem('--help')
  expect(code).toBe(0)
  expect(widest(out)).toBeLessThanOrEqual(80)
  expect(out).not.toContain('…')
  const commands = Names.parse((await run(['help'])).outcome.json).map(each => each.name)
  expect(commands).toEqual(
    expect.arrayContaining(['status', 'handover', 'force-primary', 'registers', 'quarantine', 'dev']),
  )
  for (const name of commands) {
    expect(out).toContain(`  ${name} `)
    const help = await run([name, '--help'])
    expect(help.code).toBe(0)
    expect(help.outcome.text).toContain(`examples:\n  tandem ${name}`)
    expect(widest(help.outcome.text)).toBeLessThanOrEqual(80)
  }
  expect((await run(['--version'])).outcome.text).toMatch(/^tandem \d+\.\d+\.\d+$/)
})

test('the command is a program of its own that needs no particular Node', () => {
  expect(readFileSync(join(ROOT, 'deploy/cli/tandem.mjs'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'deploy/cli/tandem.mjs'), 'status', '--json'], {
    env: { ...process.env, TANDEM_HOME: home },
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toHaveLength(2)
})
