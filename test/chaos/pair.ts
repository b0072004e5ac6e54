// The pair on the bench's hosts, rendered and started as deploy/README.md says, and what operators see of it.
import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderCommand } from '../../deploy/cli/render.ts'
import type { AddressMover } from '../../deploy/hosts/clusterfile.ts'
import { HOSTS, type Host as HostName } from '../../deploy/redis/render.ts'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { brief, isWhole, type Status, until } from '../cluster/cluster.ts'
import { Addresses } from './addresses.ts'
import { Host, logsOf } from './host.ts'
import { addressOf, type Network, VIPS } from './network.ts'
import { CLUSTER_START_MS, clusterIsUp, configureCluster } from './pacemaker.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const PRIVATE_PORT = 7101
/** A peer that was lost often must be stable 64 times as long before it is added: 6.4 s of this instead of 5 min. */
const STABLE_MS = 100
/** A status is answered from memory, a digest at disk speed; both hosts and the bench share a machine. */
const ASK_MS = { status: 2000, digest: 10_000 } as const

/** What clients show: hosts with addresses for all the world take nobody without it. */
export const TOKEN = 'a-token-of-the-bench'
const TOKENS = JSON.stringify([{ hash: hash('sha256', TOKEN, 'hex'), scopes: ['read', 'write'] }])

const clusterFile = (addresses: AddressMover): string => `tokens = "tokens.json"
addresses = "${addresses}"
gateway = "${addressOf('c', 'ext')}"

${ORIGINS.map(
  name => `[${name}]
external = "${addressOf(name, 'ext')}/24"
external_card = "ext"
internal = "${addressOf(name, 'int')}/24"
internal_card = "int"
vip = "${VIPS[name]}"
`,
).join('\n')}
[w]
internal = "${addressOf('w', 'int')}/24"
internal_card = "int"

[origin]
TANDEM_STABLE_MS = ${STABLE_MS}
`

export class Pair {
  readonly network: Network
  /** what moves the floating addresses */
  readonly mover: AddressMover
  readonly addresses = new Addresses()
  readonly hosts: Readonly<Record<HostName, Host>>
  readonly #secret: string

  private constructor(network: Network, mover: AddressMover, hosts: Readonly<Record<HostName, Host>>, secret: string) {
    this.network = network
    this.mover = mover
    this.hosts = hosts
    this.#secret = secret
  }

  /** @param dir empty; @param originEnv beside what the units say */
  static async render(
    network: Network,
    dir: string,
    mover: AddressMover,
    originEnv: Readonly<Record<string, string>>,
  ): Promise<Pair> {
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'tokens.json'), TOKENS)
    writeFileSync(join(dir, 'cluster.toml'), clusterFile(mover))
    const flags = { urls: [], secret: undefined, home: undefined }
    const options = {
      out: undefined,
      confirm: undefined,
      ask: [],
      force: false,
      data: undefined,
      watch: false,
      json: false,
    }
    const args = [join(dir, 'cluster.toml'), join(dir, 'rendered')]
    await renderCommand.run({ args, flags, options, tell: () => {} })
    const host = (name: HostName): Host =>
      new Host(name, network.space(name), join(dir, 'rendered', name), ROOT, logsOf(dir), originEnv)
    const secret = readFileSync(join(dir, 'secrets', 'cluster'), 'utf8').trim()
    return new Pair(network, mover, { a: host('a'), b: host('b'), w: host('w') }, secret)
  }

  async start(tell: (line: string) => void): Promise<void> {
    this.addresses.watch(this.network, tell)
    for (const name of HOSTS) await this.hosts[name].make()
    await Promise.all(HOSTS.map(name => this.hosts[name].powerOn()))
    if (this.mover === 'keepalived') return
    const { a } = this.hosts
    await until(() => clusterIsUp(a), CLUSTER_START_MS, 'Pacemaker is up on both hosts')
    await configureCluster(a)
  }

  async end(): Promise<void> {
    this.addresses.stop()
    for (const name of HOSTS) await this.hosts[name].unmake()
  }

  async #ask(name: OriginName, what: 'status' | 'digest'): Promise<unknown> {
    const response = await fetch(`http://${addressOf(name, 'int')}:${PRIVATE_PORT}/_tandem/${what}`, {
      headers: { authorization: `Bearer ${this.#secret}` },
      signal: AbortSignal.timeout(ASK_MS[what]),
    })
    return response.json()
  }

  /** What an origin takes for the time, in seconds beside ours. */
  async clockOf(name: OriginName): Promise<number> {
    const answer = await fetch(`http://${addressOf(name, 'ext')}/livez`, { signal: AbortSignal.timeout(ASK_MS.status) })
    return (Date.parse(answer.headers.get('date') ?? '') - Date.now()) / 1000
  }

  statusOf(name: OriginName): Promise<Status | null> {
    return this.#ask(name, 'status').then(
      status => status as Status,
      () => null,
    )
  }

  /** Both members, each serving its half, each address at home. Says what is not, or true. */
  async whole(): Promise<string | true> {
    const both = await Promise.all(ORIGINS.map(name => this.statusOf(name)))
    if (!both.every(one => one !== null && isWhole(one))) return JSON.stringify(both.map(brief))
    return this.addresses.atHome() || 'an address is not at home'
  }

  /** Queue and Sentinel too: as before the fault. */
  async settled(): Promise<string | true> {
    const [a] = await Promise.all(ORIGINS.map(name => this.statusOf(name)))
    if (a === null || a === undefined) return 'a does not answer'
    return (a.redis.master !== null && a.lane === 'queue' && a.registers.reachable === 3) || JSON.stringify(a.redis)
  }

  compareCopies(): Promise<void> {
    return until(
      async () => {
        const [a, b] = await Promise.all(ORIGINS.map(name => this.#ask(name, 'digest')))
        return JSON.stringify(a) === JSON.stringify(b) || `a ${JSON.stringify(a)} b ${JSON.stringify(b)}`
      },
      15_000,
      'both copies are equal',
    )
  }
}
