// systemd units of a host. Each process has a user of its own, a directory of its own and no right that it does not need;
// secrets come from files, never from a unit or an argument.
import type { OriginName } from '../../router/words.ts'
import type { Host } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'
import { clusterDropIns, clusterUnits, removed } from './clusterunits.ts'
import { APP, CACHE, ETC, KEEPALIVED_DIR, LIB, NODE, ORIGIN_USER, REDIS_USER, UNFIT_FILE } from './place.ts'

export type Unit = { readonly name: string; readonly text: string }

export const unitsOf = (cluster: ClusterFile, host: Host): readonly Unit[] => {
  const common = [firewall, queue, register, sentinel]
  const units = host === 'w' ? common : [...common, origin, vipWatch]
  if (cluster.addresses === 'pacemaker') {
    const names = [...units.map(unit => unit.name), ...clusterUnits(host)]
    return [target(names), ...units, ...clusterDropIns(cluster, host)]
  }
  if (host !== 'w') units.push(keepalived(cluster, host))
  return [target(units.map(unit => unit.name)), ...units]
}

const target = (names: readonly string[]): Unit => ({
  name: 'tandem.target',
  text: `[Unit]
Description=Tandem on this host
Wants=${names.join(' ')}

[Install]
WantedBy=multi-user.target
`,
})

/** What every process here can do without. */
const HARDENED = `NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
UMask=0077`

const unit = (name: string, description: string, after: string, service: string): Unit => ({
  name,
  text: `[Unit]
Description=${description}
After=network-online.target tandem-firewall.service${after}
Wants=network-online.target
PartOf=tandem.target
# It is needed for ever: no number of failures ends the tries.
StartLimitIntervalSec=0

[Service]
${service}

[Install]
WantedBy=tandem.target
`,
})

const redisService = (directory: string, command: string): string => `Type=exec
User=${REDIS_USER}
Group=${REDIS_USER}
EnvironmentFile=${ETC}/redis/wrapper.env
StateDirectory=tandem/${directory}
StateDirectoryMode=0700
ExecStart=${command}
Restart=always
RestartSec=1
TimeoutStopSec=10
LimitNOFILE=65536
${HARDENED}
MemoryDenyWriteExecute=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM`

const queue = unit(
  'tandem-queue.service',
  'Queue Redis of Tandem',
  ' tandem-sentinel.service',
  redisService('queue', `${APP}/deploy/redis/start-queue-redis.sh ${ETC}/redis/queue.conf ${LIB}/queue`),
)

const register = unit(
  'tandem-register.service',
  'Register of Tandem: one of three votes',
  '',
  redisService('register', `/usr/bin/redis-server ${ETC}/redis/register.conf`),
)

const sentinel = unit(
  'tandem-sentinel.service',
  'Sentinel of Tandem',
  '',
  redisService(
    'sentinel',
    `${APP}/deploy/redis/start-sentinel.sh ${ETC}/redis/sentinel.conf ${LIB}/sentinel/sentinel.conf`,
  ),
)

const firewall: Unit = {
  name: 'tandem-firewall.service',
  text: `[Unit]
Description=Firewall of Tandem
Before=network-pre.target
Wants=network-pre.target
DefaultDependencies=no
After=local-fs.target
PartOf=tandem.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${ETC}/firewall.nft
ExecReload=/usr/sbin/nft -f ${ETC}/firewall.nft
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
CapabilityBoundingSet=CAP_NET_ADMIN

[Install]
WantedBy=tandem.target
`,
}

const origin = unit(
  'tandem-origin.service',
  'Origin of Tandem',
  ' tandem-register.service tandem-queue.service',
  `Type=exec
User=${ORIGIN_USER}
Group=${ORIGIN_USER}
EnvironmentFile=${ETC}/origin.env
Environment=NODE_ENV=production
StateDirectory=tandem/origin
StateDirectoryMode=0700
# As in deploy/local/spec.ts. Here, not in origin.env: a person's shell reads that, and root's command line must not write there.
Environment=NODE_COMPILE_CACHE=${CACHE}/origin
CacheDirectory=tandem/origin
CacheDirectoryMode=0700
# Other users read there whether this host may hold an address; it goes with the process.
RuntimeDirectory=tandem-origin
RuntimeDirectoryMode=0755
WorkingDirectory=${LIB}/origin
ExecStart=${NODE} ${APP}/origin/main.ts
# SIGTERM hands over and drains: within 30 s (exit code 78 is a wrong configuration, which trying again does not mend).
TimeoutStopSec=35
Restart=always
RestartSec=1
RestartPreventExitStatus=78
LimitNOFILE=65536
${HARDENED.replace('UMask=0077', 'UMask=0022')}
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM`,
)

const vipWatch = unit(
  'tandem-vip-watch.service',
  'Says whether this host may hold a floating address',
  '',
  `Type=exec
EnvironmentFile=${ETC}/vip-watch.env
RuntimeDirectory=tandem-vip
RuntimeDirectoryPreserve=yes
ExecStart=${APP}/deploy/hosts/vip-watch.sh
# A killed one is back in a moment and goes on; one that was stopped watches no more, so this host may not.
ExecStopPost=/bin/sh -c '[ "$SERVICE_RESULT" = signal ] || echo 1 >${UNFIT_FILE}'
Restart=always
RestartSec=100ms
${HARDENED.replace('ProtectProc=invisible', 'ProtectProc=default')}
MemoryDenyWriteExecute=yes
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_KILL
RestrictAddressFamilies=AF_INET AF_NETLINK AF_UNIX`,
)

const keepalived = (cluster: ClusterFile, host: OriginName): Unit =>
  unit(
    'tandem-keepalived.service',
    'keepalived of Tandem: the floating addresses',
    ' tandem-vip-watch.service',
    `Type=exec
RuntimeDirectory=tandem-keepalived tandem-vip
RuntimeDirectoryPreserve=yes
ExecStart=/usr/sbin/keepalived -n -l -P -f ${ETC}/keepalived.conf -p ${KEEPALIVED_DIR}/pid -r ${KEEPALIVED_DIR}/vrrp.pid
${removed(cluster, host)}
Restart=always
RestartSec=200ms
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BROADCAST CAP_SYS_NICE CAP_KILL
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_UNIX`,
  )
