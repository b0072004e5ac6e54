// The set-up of a fresh clone, in a small tree of its own; npm, apt-get and sudo are stand-ins on the PATH.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const SETUP = new URL('../../../deploy/setup', import.meta.url).pathname
const NPM_INSTALLS = `echo "$@" >> npm.log; mkdir -p node_modules/.bin
ln -sf ${process.execPath} node_modules/.bin/node; cp package-lock.json node_modules/.package-lock.json`
let tree: string
let bin: string

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
  chmodSync(join(bin, name), 0o755)
}

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'tandem-setup-'))
  bin = join(tree, 'bin')
  mkdirSync(bin)
  mkdirSync(join(tree, 'test'))
  cpSync(SETUP, join(tree, 'deploy', 'setup'), { recursive: true })
  writeFileSync(join(tree, 'package-lock.json'), JSON.stringify({ packages: { '': {} } }))
  writeFileSync(join(tree, 'echo.ts'), 'const said: string[] = process.argv.slice(2)\nconsole.log(said.join(" "))\n')
  writeFileSync(join(tree, 'test', 'run.ts'), 'console.log("ran the tests")\n')
  symlinkSync(process.execPath, join(bin, 'node'))
  program('npm', NPM_INSTALLS)
  for (const name of ['mkdir', 'ln', 'cp']) symlinkSync(`/bin/${name}`, join(bin, name))
})

afterEach(() => rmSync(tree, { recursive: true, force: true }))

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(tree, 'deploy/setup/run.mjs'), ...args], {
    env: { PATH: bin },
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

const calls = (name: string): string[] =>
  readFileSync(join(tree, `${name}.log`), 'utf8')
    .trim()
    .split('\n')

test('packages are installed once, and again when the lock file changes', () => {
  expect(run('echo.ts', 'one', 'two words')).toEqual({
    code: 0,
    out: 'one two words\n',
    err: 'tandem: installing npm packages (once)\n',
  })
  expect(run('echo.ts', 'again')).toEqual({ code: 0, out: 'again\n', err: '' })
  expect(calls('npm')).toHaveLength(1)
  writeFileSync(
    join(tree, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, 'node_modules/x': { version: '1.0.0' } } }),
  )
  expect(run('echo.ts').code).toBe(0)
  expect(calls('npm')).toHaveLength(2)
})

test('what somebody installed by hand is taken as it is', () => {
  mkdirSync(join(tree, 'node_modules', '.bin'), { recursive: true })
  symlinkSync(process.execPath, join(tree, 'node_modules', '.bin', 'node'))
  const packages = { 'node_modules/x': { version: '1.0.0' } }
  writeFileSync(join(tree, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
  writeFileSync(join(tree, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }))
  expect(run('echo.ts', 'there')).toEqual({ code: 0, out: 'there\n', err: '' })
})

test('a lock file that npm ci finds incomplete is installed from all the same, exactly', () => {
  const refuses = '[ "$1" = install ] || { echo "package.json and package-lock.json are not in sync" >&2; exit 1; }'
  program('npm', `${refuses}\n${NPM_INSTALLS}`)
  expect(run('echo.ts', 'done').out).toBe('done\n')
  expect(calls('npm')[0]).toMatch(/^install --no-save /)

  writeFileSync(
    join(tree, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, 'node_modules/x': { version: '1.0.0' } } }),
  )
  program(
    'npm',
    `${refuses}\necho '{"packages":{"node_modules/x":{"version":"2.0.0"}}}' > node_modules/.package-lock.json`,
  )
  const { code, err } = run('echo.ts')
  expect(code).toBe(1)
  expect(err).toContain('npm did not install what package-lock.json says')
})

test('a failing npm is told with its last lines', () => {
  program('npm', 'echo first; echo "npm ERR! network gone" >&2; exit 7')
  const { code, err } = run('echo.ts')
  expect(code).toBe(1)
  expect(err).toContain('npm ci failed (exit code 7):')
  expect(err).toContain('npm ERR! network gone')
})

test('without Redis, and without the right to install it, one sentence names the command', () => {
  program('apt-get', `echo "$@" >> ${tree}/apt.log; exit 1`)
  program('sudo', 'exit 1')
  expect(run('echo.ts').code).toBe(0)
  const { code, err } = run('test/run.ts')
  expect(code).toBe(1)
  expect(err).toMatch(/redis-server, redis-sentinel, redis-cli not found|apt-get .*failed/)
})

test('where it may, it installs the packages without starting their services', () => {
  program(
    'env',
    `echo "$@" >> ${tree}/apt.log; case "$*" in *install*) for p in redis-server redis-sentinel redis-cli; do ln -s /bin/true ${bin}/$p; done;; esac`,
  )
  program('apt-get', 'exit 0')
  program('sudo', `[ "$2" = true ] && exit 0; shift; exec "$@"`)
  const { code, out, err } = run('test/run.ts')
  expect({ code, out }, err).toEqual({ code: 0, out: 'ran the tests\n' })
  expect(calls('apt')).toEqual([
    'DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get update -q',
    'DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends redis-server redis-sentinel redis-tools',
  ])
})

test('signals reach the script, and its exit code comes back', async () => {
  expect(run('echo.ts').code).toBe(0)
  writeFileSync(
    join(tree, 'wait.ts'),
    'process.on("SIGTERM", () => process.exit(5))\nsetInterval(() => {}, 1000)\nconsole.log("up")\n',
  )
  const child = spawn(process.execPath, [join(tree, 'deploy/setup/run.mjs'), 'wait.ts'], { env: { PATH: bin } })
  child.stdout.once('data', () => child.kill('SIGTERM'))
  expect(await new Promise(resolve => child.once('exit', resolve))).toBe(5)
})
