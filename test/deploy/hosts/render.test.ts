// What is rendered for hosts: the same from the same, no secret where others may read, and right to the programs that read it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { filesOf, type HostFile } from '../../../deploy/hosts/render.ts'
import { HOSTS } from '../../../deploy/redis/render.ts'
import { material, SECRETS } from './material.ts'

const ROOT = new URL('../../../', import.meta.url).pathname
const dir = mkdtempSync(join(tmpdir(), 'tandem-render-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const secrets = [SECRETS.cluster, ...Object.values(SECRETS.redis)]
const textOf = (files: readonly HostFile[], path: string): string =>
  files.find(file => file.path === path)?.text ?? `no ${path}`

/** Whether the program is there, as its test may be skipped where it is not. */
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const isRoot = process.getuid?.() === 0
const hasNamespaces = isRoot && has('ip') && spawnSync('unshare', ['--net', 'true']).status === 0

/** Writes them below a directory of the test's own, and says where. */
function written(host: (typeof HOSTS)[number], change: (text: string) => string = text => text): string {
  const to = join(dir, host)
  for (const { path, text } of filesOf(material(), host)) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    writeFileSync(join(to, path), change(text))
  }
  return to
}

test('the same cluster file renders the same files', () => {
  for (const host of HOSTS) expect(filesOf(material(), host)).toEqual(filesOf(material(), host))
})

test('no secret stands where others may read it, nor in a unit, nor in install.sh', () => {
  for (const host of HOSTS)
    for (const { path, text, mode } of filesOf(material(), host)) {
      const found = secrets.filter(secret => text.includes(secret))
      if (found.length > 0) expect({ path, mode }).toEqual({ path, mode: '0600' })
    }
  const [a] = HOSTS.map(host => filesOf(material(), host))
  expect(textOf(a ?? [], '/etc/tandem/origin/secret')).toContain(SECRETS.cluster)
  expect(textOf(a ?? [], '/etc/tandem/redis/queue.acl')).not.toContain('of-the-tests')
})

test('install.sh puts every file where it belongs, with its owner and mode', () => {
  for (const host of HOSTS) {
    const files = filesOf(material(), host)
    const script = textOf(files, '/install.sh')
    for (const { path, owner, mode } of files)
      if (path !== '/install.sh')
        expect(script).toContain(`install -D -o ${owner} -g ${owner} -m ${mode} .${path} ${path}`)
    expect(spawnSync('sh', ['-n'], { input: script }).status).toBe(0)
  }
})

test('the witness has no documents, no origin and no floating address', () => {
  const paths = filesOf(material(), 'w').map(file => file.path)
  expect(paths.filter(path => /origin|keepalived|vip/.test(path))).toEqual([])
  expect(paths).toEqual(expect.arrayContaining(['/etc/tandem/redis/register.conf', '/etc/tandem/redis/sentinel.conf']))
})

test('the origin keeps its compiled code in a directory that its unit makes, and nobody else is told of it', () => {
  const files = filesOf(material(), 'a')
  const unit = textOf(files, '/etc/systemd/system/tandem-origin.service')
  const kept = /^Environment=NODE_COMPILE_CACHE=(.+)$/m.exec(unit)?.[1]
  expect(kept).toBe(`/var/cache/${/^CacheDirectory=(.+)$/m.exec(unit)?.[1]}`)
  expect(unit).toContain('CacheDirectoryMode=0700')
  expect(textOf(files, '/etc/tandem/origin.env')).not.toContain('NODE_COMPILE_CACHE')
})

test('each address has one home, and the hosts mirror each other', () => {
  const conf = (host: 'a' | 'b'): string => textOf(filesOf(material(), host), '/etc/tandem/keepalived.conf')
  const priorities = (text: string): string[] => [...text.matchAll(/^ +priority (\d+)/gm)].map(([, n]) => n ?? '')
  expect(priorities(conf('a'))).toEqual(['200', '100'])
  expect(priorities(conf('b'))).toEqual(['100', '200'])
  expect(conf('a')).toContain('unicast_src_ip 192.0.2.11')
  expect(conf('b')).toContain('unicast_src_ip 192.0.2.12')
})

test.skipIf(!hasNamespaces || !has('keepalived'))('keepalived takes its file (needs root, ip and keepalived)', () => {
  for (const host of ['a', 'b'] as const) {
    const conf = join(written(host), 'etc/tandem/keepalived.conf')
    const script = `ip link add ext type veth peer name other && exec keepalived -t -f ${conf}`
    const { status, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
  }
})

test.skipIf(!hasNamespaces || !has('nft'))('nft takes the firewall, and again (needs root, ip and nft)', () => {
  for (const host of HOSTS) {
    const file = join(written(host), 'etc/tandem/firewall.nft')
    const script = `nft -c -f ${file} && nft -f ${file} && nft -f ${file} && nft list ruleset | grep -c "chain input"`
    const { stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' })
    expect(stdout.trim(), stderr).toBe('1')
  }
})

test.skipIf(!has('systemd-analyze'))('systemd finds nothing wrong with the units (needs systemd)', () => {
  for (const host of HOSTS) {
    // The repository lies where it does here, and users are made by install.sh.
    const units = join(
      written(host, text => text.replaceAll('/opt/tandem/', ROOT).replace(/^(User|Group)=.*$/gm, '')),
      'etc/systemd/system',
    )
    const { stdout, stderr } = spawnSync('sh', ['-c', 'systemd-analyze verify --man=no ./tandem.target ./*.service'], {
      cwd: units,
      encoding: 'utf8',
    })
    expect(`${stdout}${stderr}`.split('\n').filter(line => line.includes('tandem'))).toEqual([])
  }
})
