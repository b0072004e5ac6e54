// How often a secret may be tried: per address, and in all, so that many addresses do not help.

const WINDOW_MS = 60_000
const PER_ADDRESS_MAX = 10
const IN_ALL_MAX = 100
/** Addresses remembered; one of the internal network alone can be here. */
const ADDRESSES_MAX = 1024
const IN_ALL = ''

type Window = { begun: number; failed: number }

export class Attempts {
  readonly #now: () => number
  readonly #windows = new Map<string, Window>()

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Milliseconds until this address may try again; 0 is now. */
  waitMs(address: string): number {
    return Math.max(this.#left(address, PER_ADDRESS_MAX), this.#left(IN_ALL, IN_ALL_MAX))
  }

  failed(address: string): void {
    for (const name of [address, IN_ALL]) {
      const window = this.#current(name)
      if (window !== null) window.failed += 1
      else this.#begin(name)
    }
  }

  #begin(name: string): void {
    this.#windows.delete(name)
    this.#windows.set(name, { begun: this.#now(), failed: 1 })
    if (this.#windows.size <= ADDRESSES_MAX) return
    for (const oldest of this.#windows.keys()) if (oldest !== IN_ALL && this.#windows.delete(oldest)) return
  }

  #current(name: string): Window | null {
    const window = this.#windows.get(name)
    return window !== undefined && this.#now() - window.begun < WINDOW_MS ? window : null
  }

  #left(name: string, max: number): number {
    const window = this.#current(name)
    return window === null || window.failed < max ? 0 : window.begun + WINDOW_MS - this.#now()
  }
}
