// A cluster file as the tests of what is rendered use it.
import { type ClusterFile, readCluster } from '../../../deploy/hosts/clusterfile.ts'
import type { Material } from '../../../deploy/hosts/render.ts'

export const CLUSTER = `
tokens = "tokens.json"
gateway = "192.0.2.1"

[a]
external = "192.0.2.11/24"
external_card = "ext"
internal = "10.77.0.11/24"
internal_card = "int"
vip = "192.0.2.21"

[b]
external = "192.0.2.12/24"
external_card = "ext"
internal = "10.77.0.12/24"
internal_card = "int"
vip = "192.0.2.22"

[w]
internal = "10.77.0.13/24"
internal_card = "int"
`

export function cluster(text = CLUSTER): ClusterFile {
  const read = readCluster(text)
  if (read.kind === 'faults') throw new Error(JSON.stringify(read.faults))
  return read.cluster
}

export const SECRETS = {
  cluster: 'cluster-secret-of-the-tests',
  redis: {
    origin: 'redis-origin-of-the-tests',
    replica: 'redis-replica-of-the-tests',
    sentinel: 'redis-sentinel-of-the-tests',
    keeper: 'redis-keeper-of-the-tests',
  },
} as const

export const material = (text?: string): Material => ({ cluster: cluster(text), secrets: SECRETS, tokens: '[]\n' })
