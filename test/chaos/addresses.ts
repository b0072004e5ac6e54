// Who holds which floating address, as the hosts' own kernels say it, from event to event.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { OriginName } from '../../router/words.ts'
import { type Network, VIPS } from './network.ts'

const HOLDERS: readonly OriginName[] = ['a', 'b']
const ADDRESSES = [VIPS.a, VIPS.b]

export class Addresses {
  readonly #holders = new Map<string, Map<OriginName, number>>(ADDRESSES.map(vip => [vip, new Map()]))
  readonly #watches: ChildProcess[] = []
  readonly #both = new Map<string, number>()
  /** when an address was last taken by a host */
  readonly #taken: { readonly vip: string; readonly host: OriginName; readonly at: number }[] = []
  /** the longest time that two held one address, since it was asked last */
  #longestBothMs = 0

  watch(network: Network, tell: (line: string) => void): void {
    for (const host of HOLDERS) {
      const child = spawn('ip', ['-n', network.space(host), '-o', 'monitor', 'address'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      createInterface({ input: child.stdout }).on('line', line => this.#event(host, line, tell))
      this.#watches.push(child)
    }
  }

  stop(): void {
    for (const watch of this.#watches.splice(0)) watch.kill('SIGKILL')
  }

  #event(host: OriginName, line: string, tell: (line: string) => void): void {
    const vip = ADDRESSES.find(each => line.includes(`inet ${each}/`))
    if (vip === undefined) return
    const now = performance.now()
    const holders = this.#of(vip)
    const left = /\bDeleted\b/.test(line)
    tell(`   ${host} ${left ? 'lets go of' : 'takes'} ${vip}`)
    if (left) holders.delete(host)
    else if (!holders.has(host)) {
      holders.set(host, now)
      this.#taken.push({ vip, host, at: now })
    }
    this.#settle(vip, now)
  }

  #settle(vip: string, now: number): void {
    const since = this.#both.get(vip)
    if (since !== undefined) this.#longestBothMs = Math.max(this.#longestBothMs, now - since)
    if (this.#of(vip).size > 1) this.#both.set(vip, since ?? now)
    else this.#both.delete(vip)
  }

  #of(vip: string): Map<OriginName, number> {
    const holders = this.#holders.get(vip)
    if (holders === undefined) throw new Error(`no address ${vip}`)
    return holders
  }

  holds(host: OriginName): boolean {
    return ADDRESSES.some(vip => this.#of(vip).has(host))
  }

  holdsBoth(host: OriginName): boolean {
    return ADDRESSES.every(vip => this.#of(vip).has(host))
  }

  /** Each at home and nowhere else. */
  atHome(): boolean {
    return HOLDERS.every(host => this.#of(VIPS[host]).has(host) && this.#of(VIPS[host]).size === 1)
  }

  /** Milliseconds from `since` until the other host had taken this host's address; null where it did not. */
  movedAfter(host: OriginName, since: number): number | null {
    const other = host === 'a' ? 'b' : 'a'
    const taken = this.#taken.find(each => each.vip === VIPS[host] && each.host === other && each.at >= since)
    return taken === undefined ? null : taken.at - since
  }

  /** The longest time that two hosts held one address since this was asked last. */
  bothMs(): number {
    const now = performance.now()
    for (const vip of ADDRESSES) this.#settle(vip, now)
    const longest = this.#longestBothMs
    this.#longestBothMs = 0
    return longest
  }
}
