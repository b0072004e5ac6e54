// Those who wait until an index is reached: kept in order, told in order.

type Waiter = { readonly index: number; readonly tell: (reached: boolean) => void }

export class Waiters {
  /** ascending by index; nearly always appended at the end */
  #waiters: Waiter[] = []

  get size(): number {
    return this.#waiters.length
  }

  /** True when `index` is reached, false when it never will be here. */
  wait(index: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#add({ index, tell: resolve })
    return promise
  }

  /** The same, and false where it takes longer. */
  async within(index: number, ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiter: Waiter = { index, tell: resolve }
    this.#add(waiter)
    const timer = setTimeout(() => {
      this.#waiters = this.#waiters.filter(other => other !== waiter)
      resolve(false)
    }, ms)
    const reached = await promise
    clearTimeout(timer)
    return reached
  }

  reached(index: number): void {
    let count = 0
    while (count < this.#waiters.length && (this.#waiters[count]?.index ?? 0) <= index) count++
    if (count > 0) for (const waiter of this.#waiters.splice(0, count)) waiter.tell(true)
  }

  /** Tells everybody the same. */
  settle(reached: boolean): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.tell(reached)
  }

  #add(waiter: Waiter): void {
    let at = this.#waiters.length
    while (at > 0 && (this.#waiters[at - 1]?.index ?? 0) > waiter.index) at--
    this.#waiters.splice(at, 0, waiter)
  }
}
