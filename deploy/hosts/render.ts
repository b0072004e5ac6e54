// Everything that a host needs, from one cluster file: a list of files with their owners and modes. Pure: text out.
import type { OriginName } from '../../router/words.ts'
import {
  type Host,
  queueRedisEnv,
  renderQueueRedis,
  renderRegister,
  renderReplication,
  renderSentinel,
} from '../redis/render.ts'
import { queueAcl, registerAcl, sentinelAcl } from './acl.ts'
import type { ClusterFile } from './clusterfile.ts'
import { corosyncKey, renderCorosync } from './corosync.ts'
import { renderFirewall } from './firewall.ts'
import { installScript } from './install.ts'
import { renderKeepalived } from './keepalived.ts'
import { envText, originEnv, REDIS_PASSWORD_FILE, SECRET_FILE, TOKENS_FILE } from './originenv.ts'
import { renderPacemaker } from './pacemaker.ts'
import { COROSYNC_DIR, ETC, LIB, ORIGIN_USER, PACEMAKER_FILE, REDIS_USER, UNITS } from './place.ts'
import { registersOf, setOf, USER_FILES } from './redisset.ts'
import type { Secrets } from './secrets.ts'
import { unitsOf } from './units.ts'
import { vipWatchEnv } from './vipwatch.ts'

export type HostFile = {
  /** where it belongs on the host */
  readonly path: string
  readonly text: string
  readonly owner: string
  readonly mode: '0600' | '0640' | '0644' | '0755'
}

export type Material = {
  readonly cluster: ClusterFile
  readonly secrets: Secrets
  /** the content of the file with bearer tokens */
  readonly tokens: string
}

export function filesOf(material: Material, host: Host): readonly HostFile[] {
  const files = [...redisFiles(material, host), ...(host === 'w' ? [] : originFiles(material, host))]
  const units = unitsOf(material.cluster, host)
  const all = [
    ...files,
    open(`${ETC}/firewall.nft`, renderFirewall(material.cluster, host)),
    open('/etc/sysctl.d/60-tandem.conf', SYSCTL),
    ...units.map(({ name, text }) => open(`${UNITS}/${name}`, text)),
  ]
  return [
    ...all,
    { path: '/install.sh', text: installScript(material.cluster, host, all), owner: 'root', mode: '0755' },
  ]
}

const open = (path: string, text: string): HostFile => ({ path, text, owner: 'root', mode: '0644' })
const kept = (path: string, text: string, owner: string): HostFile => ({ path, text, owner, mode: '0600' })

function redisFiles({ cluster, secrets }: Material, host: Host): HostFile[] {
  const set = setOf(cluster, secrets)
  const mine = (path: string, text: string): HostFile => kept(path, text, REDIS_USER)
  return [
    open(`${ETC}/redis/queue.conf`, renderQueueRedis(set, host, `${LIB}/queue`)),
    open(`${ETC}/redis/register.conf`, renderRegister(registersOf(cluster)[host], `${LIB}/register`, set.access)),
    // Sentinel knows no include and no hash: its passwords stand in its own file.
    mine(`${ETC}/redis/sentinel.conf`, renderSentinel(set, host, `${LIB}/sentinel`)),
    mine(USER_FILES.queue, queueAcl(secrets.redis)),
    mine(USER_FILES.register, registerAcl(secrets.redis)),
    mine(USER_FILES.sentinel, sentinelAcl(secrets.redis)),
    mine(USER_FILES.replication, renderReplication(secrets.redis)),
    kept(
      `${ETC}/redis/wrapper.env`,
      envText('What the start wrappers of Redis and Sentinel know. Read by systemd.', queueRedisEnv(set, host)),
      'root',
    ),
  ]
}

function originFiles({ cluster, secrets, tokens }: Material, host: OriginName): HostFile[] {
  const mine = (path: string, text: string): HostFile => kept(path, text, ORIGIN_USER)
  return [
    open(
      `${ETC}/origin.env`,
      envText(`Settings of origin ${host}. No secret stands here.`, originEnv(cluster, host, secrets)),
    ),
    mine(SECRET_FILE, `${secrets.cluster}\n`),
    mine(REDIS_PASSWORD_FILE, `${secrets.redis.origin}\n`),
    mine(TOKENS_FILE, tokens),
    ...moverFiles(cluster, host, secrets),
    open(`${ETC}/vip-watch.env`, envText('What the watch looks at.', vipWatchEnv(cluster, host))),
  ]
}

const moverFiles = (cluster: ClusterFile, host: OriginName, secrets: Secrets): HostFile[] =>
  cluster.addresses === 'keepalived'
    ? [open(`${ETC}/keepalived.conf`, renderKeepalived(cluster, host))]
    : [
        open(`${COROSYNC_DIR}/corosync.conf`, renderCorosync(cluster)),
        kept(`${COROSYNC_DIR}/authkey`, corosyncKey(secrets.cluster), 'root'),
        open(PACEMAKER_FILE, renderPacemaker(cluster)),
      ]

/** Two cards in one host: each answers for its own addresses only, or a floating address is heard on the wrong wire. */
const SYSCTL = `# Tandem: a card answers ARP for its own addresses, and names no other card's.
net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.all.arp_announce = 2
# Redis wants it, for its background copies.
vm.overcommit_memory = 1
`
