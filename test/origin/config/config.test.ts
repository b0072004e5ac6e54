// The configuration: what is right loads, what is wrong is listed at once, with its name, its value and what is allowed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileText } from '../../../origin/config/sources.ts'
import { type Config, describeFaults, loadConfig, readConfigFile } from '../../../origin/config.ts'

const SECRET = 'sixteen-chars-ok'
const good = {
  TANDEM_NAME: 'a',
  TANDEM_PUBLIC: '127.0.0.1:8001',
  TANDEM_PRIVATE: '127.0.0.1:8101',
  TANDEM_PEER: 'http://127.0.0.1:8102/',
  TANDEM_SENTINELS: '127.0.0.1:8301, 127.0.0.1:8302,[::1]:8303',
  TANDEM_REGISTERS: '127.0.0.1:8221,127.0.0.1:8222,127.0.0.1:8223',
  TANDEM_SECRET: SECRET,
  TANDEM_DATA: '/var/lib/tandem',
}

const files =
  (texts: Readonly<Record<string, string>> = {}) =>
  (path: string): FileText =>
    texts[path] === undefined ? { kind: 'absent' } : { kind: 'text', text: texts[path] }

type Env = Readonly<Record<string, string | undefined>>

function config(env: Env, texts: Readonly<Record<string, string>> = {}): Config {
  const loaded = loadConfig(env, files(texts))
  if (loaded.kind === 'faults') throw new Error(describeFaults(loaded.faults))
  return loaded.config
}

function faults(env: Env, texts: Readonly<Record<string, string>> = {}) {
  const loaded = loadConfig(env, files(texts))
  return loaded.kind === 'faults' ? loaded.faults : []
}

const faultNames = (changes: Env, texts?: Readonly<Record<string, string>>) =>
  faults({ ...good, ...changes }, texts).map(fault => fault.name)

describe('loadConfig', () => {
  it('fills in what is not set', () => {
    expect(config({ ...good, PATH: '/bin' })).toEqual({
      name: 'a',
      public: { host: '127.0.0.1', port: 8001 },
      private: { host: '127.0.0.1', port: 8101 },
      peer: 'http://127.0.0.1:8102',
      sentinels: [
        { host: '127.0.0.1', port: 8301 },
        { host: '127.0.0.1', port: 8302 },
        { host: '::1', port: 8303 },
      ],
      redisName: 'tandem',
      redisUser: null,
      redisPassword: null,
      registers: {
        a: { host: '127.0.0.1', port: 8221 },
        b: { host: '127.0.0.1', port: 8222 },
        w: { host: '127.0.0.1', port: 8223 },
      },
      secret: SECRET,
      viewerSecret: null,
      dataDir: '/var/lib/tandem',
      heartbeatMs: 200,
      leaseMs: 1000,
      graceMs: 1300,
      failback: 'auto',
      reads: 'lease',
      solo: 'allow',
      parkMs: 10_000,
      stableMs: 5000,
      tokensFile: null,
      rateLimit: null,
      trustedProxies: [],
      tls: null,
      privateTls: null,
      floating: null,
      logLevel: 'info',
    })
  })

  it.each(['lease', 'confirm', 'both'])('takes reads: %s', reads => {
    expect(config({ ...good, TANDEM_READS: reads }).reads).toBe(reads)
  })

  it('takes no other reads', () => {
    expect(faults({ ...good, TANDEM_READS: 'either' })).toEqual([
      { name: 'TANDEM_READS', value: 'either', allowed: expect.stringMatching(/^lease, confirm .* or both /) },
    ])
  })

  it('is frozen to its depth', () => {
    const { registers } = config(good)
    expect(Object.isFrozen(registers) && Object.isFrozen(registers.w)).toBe(true)
  })

  it('reads one TOML file, the environment winning', () => {
    const toml = `TANDEM_NAME = "b"
      TANDEM_LEASE_MS = 900
      TANDEM_REGISTERS = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"]`
    const { TANDEM_REGISTERS: _, ...env } = good
    const loaded = config({ ...env, TANDEM_CONFIG: '/etc/t.toml' }, { '/etc/t.toml': toml })
    expect(loaded).toMatchObject({ name: 'a', leaseMs: 900, registers: { w: { host: '10.0.0.3', port: 1 } } })
    expect(config({ ...good, TANDEM_NAME: '' }, { './tandem.toml': toml }).name).toBe('b')
  })

  it('takes secrets from files of their own, without the line end', () => {
    const env = { ...good, TANDEM_SECRET: undefined, TANDEM_SECRET_FILE: '/s', TANDEM_REDIS_PASSWORD_FILE: '/p' }
    const loaded = config(env, { '/s': 'another-secret-of-ours\n', '/p': 'word\r\n' })
    expect(loaded).toMatchObject({ secret: 'another-secret-of-ours', redisPassword: 'word' })
    expect(
      config({ ...good, TANDEM_SECRET: SECRET }, { './tandem.toml': 'TANDEM_SECRET_FILE = "/s"', '/s': 'x'.repeat(20) })
        .secret,
    ).toBe(SECRET)
  })

  it('lists every fault at once, with value and what is allowed', () => {
    const listed = faults({
      ...good,
      TANDEM_NAME: 'c',
      TANDEM_PUBLIC: 'here',
      TANDEM_LEASE_MS: '1e3',
      TANDEM_SECRET: 'short',
      TANDEM_DATA: undefined,
      TANDEM_LEAS_MS: '5',
    })
    expect(listed).toEqual([
      { name: 'TANDEM_LEAS_MS', value: '(hidden)', allowed: 'no setting has this name; did you mean TANDEM_LEASE_MS?' },
      { name: 'TANDEM_NAME', value: 'c', allowed: 'a or b' },
      { name: 'TANDEM_PUBLIC', value: 'here', allowed: 'host:port, port 1-65535, IPv6 as [host]:port' },
      {
        name: 'TANDEM_SECRET',
        value: '(hidden)',
        allowed: '16 to 512 visible ASCII characters, the same on both origins',
      },
      { name: 'TANDEM_DATA', value: '(not set)', allowed: 'a directory of this origin alone' },
      { name: 'TANDEM_LEASE_MS', value: '1e3', allowed: 'a whole number of milliseconds, 30 to 60000' },
    ])
    expect(describeFaults(listed).split('\n')).toHaveLength(6)
    expect(describeFaults(listed)).not.toContain('short')
  })

  it.each<[string, Env, string[]]>([
    ['a wildcard private address', { TANDEM_PRIVATE: '0.0.0.0:8101' }, ['TANDEM_PRIVATE']],
    ['a wildcard private address of IPv6', { TANDEM_PRIVATE: '[::]:8101' }, ['TANDEM_PRIVATE']],
    ['private and public at one address', { TANDEM_PRIVATE: '127.0.0.1:8001' }, ['TANDEM_PRIVATE']],
    [
      'private and public on one card',
      { TANDEM_TOKENS: '/t', TANDEM_PUBLIC: '10.0.0.1:80', TANDEM_PRIVATE: '10.0.0.1:81' },
      ['TANDEM_PRIVATE'],
    ],
    ['a public address without tokens', { TANDEM_PUBLIC: '10.0.0.1:80' }, ['TANDEM_PUBLIC']],
    ['a wildcard public address without tokens', { TANDEM_PUBLIC: '0.0.0.0:80' }, ['TANDEM_PUBLIC']],
    ['the private port on every card', { TANDEM_TOKENS: '/t', TANDEM_PUBLIC: '0.0.0.0:8101' }, ['TANDEM_PRIVATE']],
    ['a peer that is itself', { TANDEM_PEER: 'http://127.0.0.1:8101' }, ['TANDEM_PEER']],
    ['a peer with a path', { TANDEM_PEER: 'http://127.0.0.1:8102/x' }, ['TANDEM_PEER']],
    ['a peer of another scheme', { TANDEM_PEER: 'ftp://127.0.0.1:8102' }, ['TANDEM_PEER']],
    ['two registers', { TANDEM_REGISTERS: '10.0.0.1:1,10.0.0.2:1' }, ['TANDEM_REGISTERS']],
    ['one register twice', { TANDEM_REGISTERS: '10.0.0.1:1,10.0.0.2:1,10.0.0.1:1' }, ['TANDEM_REGISTERS']],
    ['a short grace', { TANDEM_GRACE_MS: '1299' }, ['TANDEM_GRACE_MS']],
    ['a slow heartbeat', { TANDEM_HEARTBEAT_MS: '334' }, ['TANDEM_HEARTBEAT_MS']],
    ['a short parking', { TANDEM_PARK_MS: '2300' }, ['TANDEM_PARK_MS']],
    ['port 0', { TANDEM_PUBLIC: '127.0.0.1:0' }, ['TANDEM_PUBLIC']],
    ['a level that is none', { TANDEM_LOG: 'loud' }, ['TANDEM_LOG']],
    ['a secret twice', { TANDEM_SECRET_FILE: '/s' }, ['TANDEM_SECRET_FILE']],
    ['a file that is not there', { TANDEM_CONFIG: '/none.toml' }, ['TANDEM_CONFIG']],
    ['a password file that is not there', { TANDEM_REDIS_PASSWORD_FILE: '/none' }, ['TANDEM_REDIS_PASSWORD_FILE']],
  ])('refuses %s', (_what, changes, names) => {
    expect(faultNames(changes)).toEqual(names)
  })

  it.each<[string, Env]>([
    ['the least grace', { TANDEM_GRACE_MS: '1300' }],
    ['the slowest heartbeat', { TANDEM_HEARTBEAT_MS: '333' }],
    [
      'a public card with tokens',
      { TANDEM_TOKENS: '/t', TANDEM_PUBLIC: '192.0.2.1:80', TANDEM_PRIVATE: '10.0.0.1:80' },
    ],
    [
      'what others need',
      { TANDEM_FAILPOINT: 'x', TANDEM_HOME: 'x', TANDEM_PORT_BASE: '1', TANDEM_RESTART_MS: 'never' },
    ],
  ])('takes %s', (_what, changes) => {
    expect(faultNames(changes)).toEqual([])
  })

  it.each([
    ['what is not TOML, not quoting it', `TANDEM_SECRET = ${SECRET}`, 'TANDEM_CONFIG'],
    ['a table', '[TANDEM_NAME]\nx = 1', 'TANDEM_NAME'],
    ['a name that is no setting', 'TANDEM_HOME = "x"', 'TANDEM_HOME'],
  ])('refuses a file with %s', (_what, toml, name) => {
    const listed = faults(good, { './tandem.toml': toml })
    expect(listed.map(fault => fault.name)).toEqual([name])
    expect(describeFaults(listed)).not.toContain(SECRET)
  })

  it('never throws, and never shows a secret', () => {
    const names = Object.keys(good)
    const anyEnv = fc.dictionary(fc.constantFrom(...names, 'TANDEM_REDIS_PASSWORD', 'TANDEM_LEASE_MS'), fc.string())
    fc.assert(
      fc.property(anyEnv, fc.string(), (env, toml) => {
        const secret = `\u0001${SECRET}`
        const listed = faults({ ...env, TANDEM_SECRET: secret }, { './tandem.toml': toml })
        expect(listed.length).toBeGreaterThan(0)
        expect(describeFaults(listed)).not.toContain(SECRET)
      }),
    )
  })

  it('reads real files', () => {
    expect(readConfigFile(new URL('config.test.ts', import.meta.url).pathname).kind).toBe('text')
    expect(readConfigFile('/nowhere/at/all')).toEqual({ kind: 'absent' })
    expect(readConfigFile('/')).toEqual({ kind: 'unreadable', why: 'EISDIR' })
  })
})
