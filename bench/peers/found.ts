// Which peers this machine has. What is missing is installed where that may be done, else said, with what to type.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export type PeerName = 'nginx' | 'haproxy' | 'etcd' | 'postgres'
export type ProgramName = PeerName | 'wrk' | 'gcc'

export type Found = {
  readonly programs: Readonly<Partial<Record<ProgramName, string>>>
  readonly versions: Readonly<Partial<Record<ProgramName, string>>>
  /** what is not there, and why */
  readonly missing: Readonly<Partial<Record<ProgramName, string>>>
}

const PACKAGES: Readonly<Record<ProgramName, string>> = {
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  etcd: 'etcd-server',
  postgres: 'postgresql',
  wrk: 'wrk',
  gcc: 'gcc',
}
const VERSION: Readonly<Record<ProgramName, string>> = {
  nginx: '-v',
  haproxy: '-v',
  etcd: '--version',
  postgres: '--version',
  wrk: '-v',
  gcc: '--version',
}
const INSTALL_MS_MAX = 10 * 60_000

/** Servers lie in directories that are not in everybody's path; PostgreSQL keeps one a version. */
function places(): string[] {
  const versions = '/usr/lib/postgresql'
  const postgres = existsSync(versions)
    ? readdirSync(versions)
        .sort((x, y) => Number(y) - Number(x))
        .map(version => join(versions, version, 'bin'))
    : []
  return [...postgres, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']
}

function pathOf(program: string): string | undefined {
  return places()
    .map(place => join(place, program))
    .find(path => existsSync(path))
}

/** @param wanted programs that the parts to run have use for */
export function findPeers(wanted: readonly ProgramName[], install: boolean, tell: (line: string) => void): Found {
  const absent = wanted.filter(name => pathOf(name) === undefined)
  const trouble = absent.length === 0 || !install ? null : installed(absent, tell)
  const programs: Partial<Record<ProgramName, string>> = {}
  const versions: Partial<Record<ProgramName, string>> = {}
  const missing: Partial<Record<ProgramName, string>> = {}
  for (const name of wanted) {
    const path = pathOf(name)
    if (path === undefined) missing[name] = trouble ?? `not found: apt-get install ${PACKAGES[name]}`
    else {
      programs[name] = path
      versions[name] = versionOf(path, VERSION[name])
    }
  }
  return { programs, versions, missing }
}

function versionOf(path: string, flag: string): string {
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' })
  return (`${stdout}\n${stderr}`.trim().split('\n')[0] ?? '').trim()
}

/** Null where all went well, else why not. */
function installed(names: readonly ProgramName[], tell: (line: string) => void): string | null {
  if (process.getuid?.() !== 0) return 'not found, and only root may install it'
  const packages = names.map(name => PACKAGES[name])
  tell(`installing ${packages.join(', ')} with apt-get (once)`)
  const { status, stderr } = spawnSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], {
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
    // RUNLEVEL=1 keeps the packages' services from being started: the ports are not theirs to take
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  return status === 0 ? null : `apt-get could not install it: ${(stderr ?? '').trim().split('\n').at(-1)}`
}
