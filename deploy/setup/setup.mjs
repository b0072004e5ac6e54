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
const EXCERPT_LINES = 8
const INSTALL_MS_MAX = 15 * 60_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** A fault that one sentence tells; no stack is of use. */
export class SetupError extends Error {}

/** @param {string} line */
const progress = line => process.stderr.write(`tandem: ${line}\n`)

/** Runs a command quietly and throws what matters of its output when it fails. */
function quietly(what, command, args) {
  const done = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (done.status === 0) return
  const how = done.error?.message ?? (done.signal === null ? `exit code ${done.status}` : `ended by ${done.signal}`)
  throw new SetupError(`${what} failed (${how}):\n${excerpt(`${done.stdout ?? ''}\n${done.stderr ?? ''}`)}`)
}

/** The reason stands first (npm) or last (apt-get); what is between is usage. */
function excerpt(output) {
  const lines = output.split('\n').filter(line => !/^(npm error)?\s*$/.test(line))
  if (lines.length <= 2 * EXCERPT_LINES) return lines.join('\n')
  return [...lines.slice(0, EXCERPT_LINES), '...', ...lines.slice(-EXCERPT_LINES)].join('\n')
}

/** Installs the npm packages unless they are there already as the lock file says. */
export function ensurePackages() {
  const version = Number(process.versions.node.split('.')[0])
  if (version < NODE_MIN)
    throw new SetupError(`Node ${NODE_MIN} or newer is needed to begin; this is ${process.version}`)
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const hash = createHash('sha256').update(lock).digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8').trim() === hash && existsSync(PINNED_NODE)) return
  if (!isInstalled(lock)) {
    progress('installing npm packages (once)')
    install()
    if (!isInstalled(lock))
      throw new SetupError('npm did not install what package-lock.json says; remove node_modules and try again')
  }
  writeFileSync(STAMP, `${hash}\n`)
}

function install() {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  try {
    quietly('npm ci', 'npm', ['ci', ...quiet])
  } catch (error) {
    // A lock file that was written where the registry lacks packages of foreign platforms counts as out of step, to
    // npm ci alone. npm install takes the versions that it does name; they are compared afterwards.
    if (!(error instanceof SetupError) || !error.message.includes('in sync')) throw error
    quietly('npm install', 'npm', ['install', '--no-save', ...quiet])
  }
}

/** Every package of the lock file is there in its version: also after somebody's own `npm ci` or `npm install`. */
function isInstalled(lock) {
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

/** How soon a script ends after whoever started it is gone. */
const PARENT_LOOK_MS = 500

/**
 * Sources are stripped of their types once and kept compiled: without the stripper and its copies in each thread an
 * origin is 50 MB smaller, and everything starts sooner. Where nothing can be written there, nothing is kept.
 */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'compiled')

/** Becomes, as far as a process can, the pinned Node with this script: same streams, signals passed on, same exit. */
export function runPinned(script, args) {
  const env = { NODE_COMPILE_CACHE: COMPILED, ...process.env }
  const child = spawn(PINNED_NODE, [script, ...args], { stdio: 'inherit', env })
  for (const name of FORWARDED) process.on(name, () => child.kill(name))
  // npm passes a signal to its shell only, and a shell may die of it without a word to us: what it started ends too.
  const parent = process.ppid
  const orphaned = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, PARENT_LOOK_MS)
  child.on('error', error => {
    process.stderr.write(`tandem: the pinned Node cannot be run: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    clearInterval(orphaned)
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
