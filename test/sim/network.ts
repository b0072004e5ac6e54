// The internal network between the hosts a, b and w: which way is open, and how long things take. And the external one, by which
// clients reach a and b.
import type { AcceptorName } from '../../replicator/register/acceptor.ts'
import type { OriginName } from '../../router/words.ts'
import type { Random } from './random.ts'

export type Host = AcceptorName
export const HOSTS: readonly Host[] = ['a', 'b', 'w']

export class Network {
  readonly #random: Random
  readonly #cut = new Set<string>()
  /** what may be late: 0 in fair weather */
  slowness = 0
  /** the longest that something is late by then */
  lateMs = 400
  onChange: () => void = () => {}
  /** hosts that no client reaches: their external card is cut */
  readonly outside = new Set<OriginName>()
  /** origins whose calls a firewall keeps from all registers, though the link goes through */
  readonly unregistered = new Set<OriginName>()

  constructor(random: Random) {
    this.#random = random
  }

  open(from: Host, to: Host): boolean {
    return from === to || !this.#cut.has(from + to)
  }

  both(x: Host, y: Host): boolean {
    return this.open(x, y) && this.open(y, x)
  }

  cut(from: Host, to: Host): void {
    this.#cut.add(from + to)
    this.onChange()
  }

  mend(from: Host, to: Host): void {
    if (this.#cut.delete(from + to)) this.onChange()
  }

  mendAll(): void {
    this.#cut.clear()
    this.outside.clear()
    this.unregistered.clear()
    this.onChange()
  }

  describe(): string {
    return [...this.#cut].map(pair => `${pair[0]}>${pair[1]}`).join(' ') || 'nothing'
  }

  delay(): number {
    const base = this.#random.between(0.1, 1.5)
    return this.slowness > 0 && this.#random.chance(this.slowness) ? base + this.#random.between(5, this.lateMs) : base
  }
}
