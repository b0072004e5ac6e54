// What is rendered where Pacemaker moves the floating addresses, and what its own programs say of it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { filesOf, type HostFile } from '../../../deploy/hosts/render.ts'
import { HOSTS, type Host } from '../../../deploy/redis/render.ts'
import { CLUSTER, material, SECRETS } from './material.ts'

const AGENTS = '/usr/lib/ocf/resource.d'
const AGENT = new URL('../../../deploy/pacemaker/fit', import.meta.url).pathname
const dir = mkdtempSync(join(tmpdir(), 'tandem-pacemaker-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const files = (host: Host): readonly HostFile[] => filesOf(material(`addresses = "pacemaker"\n${CLUSTER}`), host)
const textOf = (host: Host, path: string): string => files(host).find(file => file.path === path)?.text ?? `no ${path}`

/** Writes them below a directory of the test's own, and says where. */
function written(host: Host): string {
  const to = join(dir, host)
  for (const { path, text } of files(host)) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    writeFileSync(join(to, path), text)
  }
  return to
}

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const hasNamespaces = process.getuid?.() === 0 && spawnSync('unshare', ['--net', '--mount', 'true']).status === 0

/** In a mount namespace in which Pacemaker finds the agent. */
function withAgent(script: string): { readonly status: number | null; readonly said: string } {
  const mounts = `set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay overlay -o lowerdir=${AGENTS},upperdir=/mnt/upper,workdir=/mnt/work ${AGENTS}
mkdir -p ${AGENTS}/tandem
ln -s ${AGENT} ${AGENTS}/tandem/fit
cd '${dir}'
`
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', mounts + script], {
    encoding: 'utf8',
    env: { ...process.env, HOME: dir },
  })
  return { status, said: stdout + stderr }
}

test('the cluster takes the place of keepalived, and the witness has its vote', () => {
  const paths = HOSTS.flatMap(host => files(host).map(file => `${host}:${file.path}`))
  expect(paths.filter(path => path.includes('keepalived'))).toEqual([])
  expect(paths.filter(path => /corosync|pacemaker/.test(path))).toEqual([
    ...['a', 'b'].flatMap(host => [
      `${host}:/etc/corosync/corosync.conf`,
      `${host}:/etc/corosync/authkey`,
      `${host}:/etc/tandem/pacemaker.crm`,
      `${host}:/etc/systemd/system/corosync.service.d/tandem.conf`,
      `${host}:/etc/systemd/system/corosync-qdevice.service.d/tandem.conf`,
      `${host}:/etc/systemd/system/pacemaker.service.d/tandem.conf`,
    ]),
    'w:/etc/systemd/system/corosync-qnetd.service.d/tandem.conf',
  ])
})

test('both hosts have the same cluster, with a key of its own that others cannot read', () => {
  for (const path of ['/etc/corosync/corosync.conf', '/etc/corosync/authkey', '/etc/tandem/pacemaker.crm'])
    expect(textOf('a', path)).toBe(textOf('b', path))
  const key = files('a').find(file => file.path === '/etc/corosync/authkey')
  expect(key).toMatchObject({ owner: 'root', mode: '0600' })
  expect(key?.text).toHaveLength(128)
  expect(key?.text).not.toContain(SECRETS.cluster)
})

test('an address stays where it is, goes home when it is asked to, and is held even then where home is gone', () => {
  const crm = textOf('a', '/etc/tandem/pacemaker.crm')
  const number = (pattern: RegExp): number => Number(pattern.exec(crm)?.[1])
  const home = number(/location tandem-vip-a-home tandem-vip-a (\d+): a/)
  const stays = number(/resource-stickiness=(\d+)/)
  const asked = number(/rule (-\d+): tandem-fit eq returns and #uname eq b/)
  expect(home).toBeGreaterThan(0)
  expect(stays).toBeGreaterThan(home)
  expect(stays + asked).toBeLessThan(home)
  // Pacemaker runs nothing where the sum is below zero
  expect(stays + asked).toBeGreaterThan(0)
})

test.skipIf(!hasNamespaces || !has('nft'))('nft takes the firewall, and again (needs root and nft)', () => {
  for (const host of HOSTS) {
    const file = join(written(host), 'etc/tandem/firewall.nft')
    const script = `nft -f ${file} && nft -f ${file} && nft list ruleset`
    const { stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' })
    expect(stdout, stderr).toContain(host === 'w' ? '5403' : '5405')
    expect(stdout).not.toContain('vrrp')
  }
})

test.skipIf(!has('systemd-analyze') || !has('corosync'))(
  "systemd finds nothing wrong with what stands beside the distribution's units (needs systemd and corosync)",
  () => {
    const units = join(written('a'), 'etc/systemd/system')
    const { stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', 'corosync.service', 'corosync-qdevice.service', 'pacemaker.service'],
      { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` } },
    )
    expect(`${stdout}${stderr}`.split('\n').filter(line => line.includes('tandem'))).toEqual([])
  },
)

test.skipIf(!hasNamespaces || !has('corosync'))('corosync takes its file and its key (needs root and corosync)', () => {
  const at = written('a')
  const script = `ip link set lo up
for each in 10.77.0.11/24 192.0.2.11/24; do ip address add $each dev lo; done
mount --bind ${at}/etc/corosync /etc/corosync && exec corosync -t`
  const { status, stderr } = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', script], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
})

test.skipIf(!hasNamespaces || !has('crm'))(
  'crmsh takes the constraints, and again without a change (needs root, crmsh and pacemaker)',
  () => {
    const at = written('a')
    const { status, said } = withAgent(`
export CIB_file='${dir}/cib.xml'
cibadmin --empty >"$CIB_file"
crm_attribute --name stonith-enabled --update false
crm configure load update ${at}/etc/tandem/pacemaker.crm </dev/null
crm_verify --live-check
cibadmin --query --scope configuration >once.xml
crm configure load update ${at}/etc/tandem/pacemaker.crm </dev/null
cibadmin --query --scope configuration >twice.xml
diff once.xml twice.xml
grep -q 'id="tandem-vip-b-returns"' twice.xml`)
    expect(status, said).toBe(0)
  },
)
