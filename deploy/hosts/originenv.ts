// The environment of an origin on its host, checked by the origin's own rules before anything is written.
import { type Fault, loadConfig } from '../../origin/config.ts'
import { type OriginName, peerOf } from '../../router/words.ts'
import { addressText, HOSTS } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'
import { ETC, FIT_FILE, LIB, UNFIT_FILE } from './place.ts'
import { registersOf, setOf } from './redisset.ts'
import type { Secrets } from './secrets.ts'

export const SECRET_FILE = `${ETC}/origin/secret`
export const REDIS_PASSWORD_FILE = `${ETC}/origin/redis-password`
export const TOKENS_FILE = `${ETC}/origin/tokens`

export function originEnv(cluster: ClusterFile, name: OriginName, secrets: Secrets): Record<string, string> {
  const set = setOf(cluster, secrets)
  const registers = registersOf(cluster)
  const { ports } = cluster
  return {
    TANDEM_NAME: name,
    // Every card: floating addresses come and go. The firewall keeps the internal one out.
    TANDEM_PUBLIC: `0.0.0.0:${ports.public}`,
    TANDEM_PRIVATE: `${cluster[name].internal.address.host}:${ports.private}`,
    TANDEM_PEER: `${'TANDEM_PRIVATE_TLS_CERT' in cluster.origin ? 'https' : 'http'}://${cluster[peerOf(name)].internal.address.host}:${ports.private}`,
    TANDEM_SENTINELS: HOSTS.map(host => addressText(set.sentinels[host])).join(','),
    TANDEM_REDIS_NAME: cluster.name,
    TANDEM_REDIS_USER: 'origin',
    TANDEM_REDIS_PASSWORD_FILE: REDIS_PASSWORD_FILE,
    TANDEM_REGISTERS: HOSTS.map(host => addressText(registers[host])).join(','),
    TANDEM_SECRET_FILE: SECRET_FILE,
    TANDEM_TOKENS: TOKENS_FILE,
    TANDEM_DATA: `${LIB}/origin`,
    TANDEM_ADDRESSES: `${cluster[name].vip},${cluster[peerOf(name)].vip}`,
    TANDEM_FIT_FILE: FIT_FILE,
    TANDEM_UNFIT_FILE: UNFIT_FILE,
    ...cluster.origin,
  }
}

/** What the origin would say of it at its start. */
export function originFaults(cluster: ClusterFile, name: OriginName, secrets: Secrets): readonly Fault[] {
  const texts: Readonly<Record<string, string>> = {
    [SECRET_FILE]: secrets.cluster,
    [REDIS_PASSWORD_FILE]: secrets.redis.origin,
  }
  const loaded = loadConfig(originEnv(cluster, name, secrets), path => {
    const text = texts[path]
    return text === undefined ? { kind: 'absent' } : { kind: 'text', text }
  })
  if (loaded.kind === 'ok') return []
  return loaded.faults.map(fault => ({ ...fault, name: `origin.${fault.name} of ${name}` }))
}

export const envText = (head: string, env: Readonly<Record<string, string>>): string =>
  `# ${head}\n${Object.entries(env)
    .map(([name, value]) => `${name}="${value}"`)
    .join('\n')}\n`
