// install.sh of a host: puts the rendered files where they belong, with their owners and modes, and enables the units.
import type { Host } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'
import { AGENT_DIR, APP, ETC, ORIGIN_USER } from './place.ts'
import type { HostFile } from './render.ts'

type Needs = { readonly packages: string; readonly command: string; readonly unused: string }

const REDIS = { packages: 'redis-server redis-sentinel nftables', unused: 'redis-server redis-sentinel' } as const
const CARDS = 'iproute2 iputils-ping'

/** `command`: whether the packages are there is seen by it. `unused`: the distribution's own instances. */
function needsOf({ addresses }: ClusterFile, host: Host): Needs {
  if (addresses === 'keepalived')
    return host === 'w'
      ? { ...REDIS, command: 'redis-sentinel' }
      : {
          packages: `${REDIS.packages} keepalived ${CARDS}`,
          command: 'keepalived',
          unused: `${REDIS.unused} keepalived`,
        }
  return host === 'w'
    ? { ...REDIS, packages: `${REDIS.packages} corosync-qnetd`, command: 'corosync-qnetd' }
    : { ...REDIS, packages: `${REDIS.packages} ${CLUSTER} ${CARDS}`, command: 'pacemakerd' }
}
const CLUSTER = 'pacemaker corosync corosync-qdevice crmsh resource-agents'

export function installScript(cluster: ClusterFile, host: Host, files: readonly HostFile[]): string {
  const { packages, command, unused } = needsOf(cluster, host)
  return `#!/bin/sh
# Installs Tandem's configuration on host ${host}, as root, from the directory that this script is in. It may be run again
# at any time: nothing is restarted by it. Then: systemctl start tandem.target (or restart the unit that changed).
set -eu
cd "$(dirname "$0")"

[ -x ${APP}/deploy/redis/start-queue-redis.sh ] || { echo "Clone the repository to ${APP} and run npm ci there first." >&2; exit 1; }
command -v redis-sentinel >/dev/null && command -v nft >/dev/null && command -v ${command} >/dev/null ||
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
