// install.sh of a host: puts the rendered files where they belong, with their owners and modes, and enables the units.
import type { Host } from '../redis/render.ts'
import type { AddressMover, ClusterFile } from './clusterfile.ts'
import { AGENT_DIR, APP, ETC, ORIGIN_USER } from './place.ts'
import type { HostFile } from './render.ts'

type Needs = {
  readonly packages: string
  /** whether they are there is seen by these */
  readonly commands: readonly string[]
  /** the distribution's own instances */
  readonly unused: string
}

const REDIS: Needs = {
  packages: 'redis-server redis-sentinel nftables',
  commands: ['redis-sentinel', 'nft'],
  unused: 'redis-server redis-sentinel',
}
const KEEPALIVED: Needs = { packages: 'keepalived', commands: ['keepalived'], unused: 'keepalived' }
const CLUSTER: Needs = {
  packages: 'pacemaker corosync corosync-qdevice crmsh resource-agents',
  commands: ['pacemakerd', 'corosync-qdevice'],
  unused: '',
}
const CLUSTER_VOTE: Needs = { packages: 'corosync-qnetd', commands: ['corosync-qnetd'], unused: '' }
const CARDS: Needs = { packages: 'iproute2 iputils-ping', commands: [], unused: '' }

const NEEDS: Readonly<Record<AddressMover, Readonly<Record<'origin' | 'w', readonly Needs[]>>>> = {
  keepalived: { origin: [REDIS, KEEPALIVED, CARDS], w: [REDIS] },
  pacemaker: { origin: [REDIS, CLUSTER, CARDS], w: [REDIS, CLUSTER_VOTE] },
}

function needsOf({ addresses }: ClusterFile, host: Host): Needs {
  const parts = NEEDS[addresses][host === 'w' ? 'w' : 'origin']
  const words = (pick: (part: Needs) => string): string => parts.map(pick).filter(Boolean).join(' ')
  return {
    packages: words(part => part.packages),
    commands: parts.flatMap(part => part.commands),
    unused: words(part => part.unused),
  }
}

export function installScript(cluster: ClusterFile, host: Host, files: readonly HostFile[]): string {
  const { packages, commands, unused } = needsOf(cluster, host)
  return `#!/bin/sh
# Installs Tandem's configuration on host ${host}, as root, from the directory that this script is in. It may be run again
# at any time: nothing is restarted by it. Then: systemctl start tandem.target (or restart the unit that changed).
set -eu
cd "$(dirname "$0")"

[ -x ${APP}/deploy/redis/start-queue-redis.sh ] || { echo "Clone the repository to ${APP} and run npm ci there first." >&2; exit 1; }
${commands.map(command => `command -v ${command} >/dev/null`).join(' && ')} ||
  apt-get install -q -y ${packages}
# The distribution's own instances are not used.
systemctl disable --now ${unused} 2>/dev/null || true
${host === 'w' ? '' : `id ${ORIGIN_USER} >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${ORIGIN_USER}\n`}
install -d -m 0755 ${ETC}
${files.map(({ path, owner, mode }) => `install -D -o ${owner} -g ${owner} -m ${mode} .${path} ${path}`).join('\n')}
${cluster.addresses === 'pacemaker' && host !== 'w' ? AGENT : ''}
sysctl -q --system
systemctl daemon-reload
systemctl enable -q tandem.target
`
}

const AGENT = `install -d -m 0755 ${AGENT_DIR}
ln -sfn ${APP}/deploy/pacemaker/fit ${AGENT_DIR}/fit
`
