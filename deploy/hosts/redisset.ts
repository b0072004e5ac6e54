// The queue Redis, Sentinels and registers of a cluster file, as deploy/redis renders them for any cluster.
import { type Address, HOSTS, type Host, type RedisSet } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'
import { ETC } from './place.ts'
import type { Secrets } from './secrets.ts'

export const USER_FILES = {
  queue: `${ETC}/redis/queue.acl`,
  register: `${ETC}/redis/register.acl`,
  sentinel: `${ETC}/redis/sentinel.acl`,
  replication: `${ETC}/redis/replication.conf`,
} as const

const three = (cluster: ClusterFile, port: number): Record<Host, Address> => {
  const address = (host: Host): Address => ({ host: cluster[host].internal.address.host, port })
  return { a: address('a'), b: address('b'), w: address('w') }
}

export const registersOf = (cluster: ClusterFile): Record<Host, Address> => three(cluster, cluster.ports.register)

export const setOf = (cluster: ClusterFile, secrets: Secrets): RedisSet => ({
  name: cluster.name,
  queue: three(cluster, cluster.ports.queue),
  sentinels: three(cluster, cluster.ports.sentinel),
  initial: HOSTS[0] ?? 'a',
  access: { kind: 'users', files: USER_FILES, passwords: secrets.redis },
})
