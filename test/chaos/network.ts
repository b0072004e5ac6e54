// Hosts a, b, w and clients as network namespaces, each with an external and an internal card on two bridges; and cuts,
// each of which is seen to cut before anything is concluded from it: nft takes rules that match nothing without a word.
import { run, succeeds } from './shell.ts'

export const NODES = ['a', 'b', 'w', 'c'] as const
export type NodeName = (typeof NODES)[number]
export type CardName = 'ext' | 'int'
const CARDS: readonly CardName[] = ['ext', 'int']

/** Last part of each node's address; the clients' is the gateway's as well. */
const LAST: Readonly<Record<NodeName, number>> = { a: 11, b: 12, w: 13, c: 1 }
const NETWORK: Readonly<Record<CardName, string>> = { ext: '10.88.0', int: '10.77.0' }

export const addressOf = (node: NodeName, card: CardName): string => `${NETWORK[card]}.${LAST[node]}`
export const VIPS = { a: '10.88.0.21', b: '10.88.0.22' } as const

/** `in`: what comes to the node is lost; `out`: what it sends. */
export type Direction = 'in' | 'out' | 'both'
const PING_S = '0.4'

export class Network {
  readonly #prefix: string

  /** @param prefix unique on this machine: begins the name of every namespace */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  space(node: NodeName | 'switch'): string {
    return `${this.#prefix}-${node}`
  }

  async up(): Promise<void> {
    for (const each of ['switch', ...NODES] as const) {
      await run('ip', 'netns', 'add', this.space(each))
      await run('ip', '-n', this.space(each), 'link', 'set', 'lo', 'up')
    }
    const wire = this.space('switch')
    for (const card of CARDS) {
      await run('ip', '-n', wire, 'link', 'add', card, 'type', 'bridge')
      await run('ip', '-n', wire, 'link', 'set', card, 'up')
      for (const node of NODES) await this.#plug(node, card)
    }
    // A probe that never reaches anything would call every cut a cut.
    for (const card of CARDS)
      for (const node of ['a', 'b', 'w'] as const)
        if (!(await this.#reaches(node, 'c', card)))
          throw new Error(`${node} does not reach the clients by its ${card}`)
  }

  async #plug(node: NodeName, card: CardName): Promise<void> {
    const [wire, space, port] = [this.space('switch'), this.space(node), `${node}-${card}`]
    await run('ip', '-n', wire, 'link', 'add', port, 'type', 'veth', 'peer', 'name', card, 'netns', space)
    await run('ip', '-n', wire, 'link', 'set', port, 'master', card)
    await run('ip', '-n', wire, 'link', 'set', port, 'up')
    await run('ip', '-n', space, 'address', 'add', `${addressOf(node, card)}/24`, 'dev', card)
    await run('ip', '-n', space, 'link', 'set', card, 'up')
  }

  async down(): Promise<void> {
    for (const each of [...NODES, 'switch'] as const) await succeeds('ip', 'netns', 'del', this.space(each))
  }

  /** As if the cable were pulled: the card has no carrier. */
  async unplug(node: NodeName, ...cards: CardName[]): Promise<void> {
    for (const card of cards) await run('ip', '-n', this.space('switch'), 'link', 'set', `${node}-${card}`, 'down')
  }

  async plugIn(node: NodeName, ...cards: CardName[]): Promise<void> {
    for (const card of cards) await run('ip', '-n', this.space('switch'), 'link', 'set', `${node}-${card}`, 'up')
  }

  /** Everything is lost, ARP too, and the carrier stays. */
  async cut(node: NodeName, card: CardName, direction: Direction): Promise<void> {
    // Both rules look at what comes in: at the node's end of its cable, and at the switch's.
    if (direction !== 'out') await this.#drop(this.space(node), card, '')
    if (direction !== 'in') await this.#drop(this.space('switch'), `${node}-${card}`, '')
    await this.#mustNotReach(node, card)
  }

  /** Two nodes lose each other on one card, and nobody else. */
  async part(x: NodeName, y: NodeName, card: CardName): Promise<void> {
    await this.#drop(this.space(x), card, `ip saddr ${addressOf(y, card)}`)
    await this.#drop(this.space(y), card, `ip saddr ${addressOf(x, card)}`)
    if (await this.#reaches(x, y, card)) throw new Error(`the cut between ${x} and ${y} cuts nothing`)
  }

  /** Ends all cuts and partings; pulled cables stay pulled. */
  async heal(): Promise<void> {
    for (const each of ['switch', ...NODES] as const) {
      const space = this.space(each)
      const tables = await run('ip', 'netns', 'exec', space, 'nft', 'list', 'tables')
      for (const [, name] of tables.matchAll(/table netdev (cut\S+)/g))
        await run('ip', 'netns', 'exec', space, 'nft', 'delete', 'table', 'netdev', name ?? '')
    }
  }

  async #drop(space: string, device: string, match: string): Promise<void> {
    const table = `cut-${device}`
    const chain = `add chain netdev ${table} in { type filter hook ingress device "${device}" priority -500; }`
    const rule = `add rule netdev ${table} in ${match} counter drop`
    await run('ip', 'netns', 'exec', space, 'nft', `add table netdev ${table}; ${chain}; ${rule}`)
  }

  async #mustNotReach(node: NodeName, card: CardName): Promise<void> {
    const other = node === 'c' ? 'a' : 'c'
    if (await this.#reaches(node, other, card)) throw new Error(`the cut of ${node}'s ${card} cuts nothing`)
  }

  #reaches(from: NodeName, to: NodeName, card: CardName): Promise<boolean> {
    const ping = ['ping', '-q', '-c', '1', '-W', PING_S, '-I', addressOf(from, card), addressOf(to, card)]
    return succeeds('ip', 'netns', 'exec', this.space(from), ...ping)
  }
}
