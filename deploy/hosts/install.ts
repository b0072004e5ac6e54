// install.sh of a host: puts the rendered files where they belong, with their owners and modes, and enables the units.
import type { Host } from '../redis/render.ts'
import { APP, ETC, ORIGIN_USER } from './place.ts'
import type { HostFile } from './render.ts'

const PACKAGES = {
  origin: 'redis-server redis-sentinel nftables keepalived iproute2 iputils-ping',
  w: 'redis-server redis-sentinel nftables',
} as const

export const installScript = (host: Host, files: readonly HostFile[]): string => `#!/bin/sh
# Installs Tandem's configuration on host ${host}, as root, from the directory that this script is in. It may be run again
# at any time: nothing is restarted by it. Then: systemctl start tandem.target (or restart the unit that changed).
set -eu
cd "$(dirname "$0")"

[ -x ${APP}/deploy/redis/start-queue-redis.sh ] || { echo "Clone the repository to ${APP} and run npm ci there first." >&2; exit 1; }
command -v redis-sentinel >/dev/null && command -v nft >/dev/null${host === 'w' ? '' : ' && command -v keepalived >/dev/null'} ||
  apt-get install -q -y ${host === 'w' ? PACKAGES.w : PACKAGES.origin}
# The distribution's own instances are not used.
systemctl disable --now redis-server redis-sentinel${host === 'w' ? '' : ' keepalived'} 2>/dev/null || true
${host === 'w' ? '' : `id ${ORIGIN_USER} >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${ORIGIN_USER}\n`}
install -d -m 0755 ${ETC}
${files.map(({ path, owner, mode }) => `install -D -o ${owner} -g ${owner} -m ${mode} .${path} ${path}`).join('\n')}

sysctl -q --system
systemctl daemon-reload
systemctl enable -q tandem.target
`
