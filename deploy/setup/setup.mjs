// What a fresh clone lacks, and how it is put there: npm packages by the lock file, Redis by the system's package
// manager. Plain JavaScript: it runs before any package is there, under any Node from 20 up.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MODULES = join(ROOT, 'node_modules')
/** Holds the hash of the lock file that node_modules was installed from. */
const STAMP = join(MODULES, '.tandem-installed')
/** npm's own note of what lies in node_modules. */
const NPM_NOTE = join(MODULES, '.package-lock.json')
const PINNED_NODE = join(MODULES, '.bin', 'node')
const NODE_MIN = 20
const TAIL_LINES = 15
const INSTALL_MS_MAX = 15 * 60_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** A fault that one sentence tells; no stack is of use. */
export class SetupError extends Error {}

/** @param {string} line */
const progress = line => process.stderr.write(`tandem: ${line}\n`)

/** Runs a command quietly; its last lines are the message when it fails. */
function quietly(what, command, args, env = {}) {
  const done = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (done.status === 0) return
  const said = `${done.stdout ?? ''}\n${done.stderr ?? ''}`.trim().split('\n').slice(-TAIL_LINES).join('\n')
  const how = done.error?.message ?? (done.signal === null ? `exit code ${done.status}` : `ended by ${done.signal}`)
  throw new SetupError(`${what} failed (${how}):\n${said}`)
}

/** Installs the npm packages unless they are there already as the lock file says. */
export function ensurePackages() {
  const version = Number(process.versions.node.split('.')[0])
  if (version < NODE_MIN)
    throw new SetupError(`Node ${NODE_MIN} or newer is needed to begin; this is ${process.version}`)
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const hash = createHash('sha256').update(lock).digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8').trim() === hash && existsSync(PINNED_NODE)) return
  if (!installedByHand(lock)) {
    progress('installing npm packages (once)')
    quietly('npm ci', 'npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'])
    if (!existsSync(PINNED_NODE))
      throw new SetupError('npm ci left no pinned Node: its install scripts must be allowed to run')
  }
  writeFileSync(STAMP, `${hash}\n`)
}

/** Someone ran `npm ci` or `npm install` already: every package of the lock file is there in its version. */
function installedByHand(lock) {
  if (!existsSync(NPM_NOTE) || !existsSync(PINNED_NODE)) return false
  const wanted = JSON.parse(lock).packages
  const there = JSON.parse(readFileSync(NPM_NOTE, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || there[path]?.version === entry.version || (entry.optional && there[path] === undefined),
  )
}

const REDIS_PROGRAMS = ['redis-server', 'redis-sentinel', 'redis-cli']
const REDIS_PACKAGES = ['redis-server', 'redis-sentinel', 'redis-tools']

const missingRedis = () =>
  REDIS_PROGRAMS.filter(program => spawnSync(program, ['--version'], { stdio: 'ignore' }).status !== 0)

/** Installs Redis and Sentinel where they are missing and this may be done; else says what to type. */
export function ensureRedis() {
  const missing = missingRedis()
  if (missing.length === 0) return
  const install = `apt-get install -y --no-install-recommends ${REDIS_PACKAGES.join(' ')}`
  const byHand = `${missing.join(', ')} not found: install Redis 7 or newer with its Sentinel (on Debian and Ubuntu: sudo ${install})`
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) throw new SetupError(byHand)
  const root = process.getuid?.() === 0
  if (!root && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) throw new SetupError(byHand)
  progress(`installing ${REDIS_PACKAGES.join(', ')} with apt-get (once)`)
  // RUNLEVEL=1 keeps the packages' services from being started: the ports and the memory are not theirs to take.
  const quiet = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']
  const apt = (...args) =>
    quietly(`apt-get ${args[0]}`, root ? 'env' : 'sudo', [...(root ? [] : ['-n', 'env']), ...quiet, 'apt-get', ...args])
  apt('update', '-q')
  apt('install', '-q', '-y', '--no-install-recommends', ...REDIS_PACKAGES)
  const still = missingRedis()
  if (still.length > 0) throw new SetupError(`apt-get installed the packages, but ${still.join(', ')} cannot be run`)
}

const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/** Becomes, as far as a process can, the pinned Node with this script: same streams, signals passed on, same exit. */
export function runPinned(script, args) {
  const child = spawn(PINNED_NODE, [script, ...args], { stdio: 'inherit' })
  for (const name of FORWARDED) process.on(name, () => child.kill(name))
  child.on('error', error => {
    process.stderr.write(`tandem: the pinned Node cannot be run: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
    for (const name of FORWARDED) process.removeAllListeners(name)
  })
}

/** Runs the steps; a fault is one sentence and exit code 1. */
export function orExplain(steps) {
  try {
    steps()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`tandem: ${error.message}\n`)
    process.exitCode = 1
  }
}
