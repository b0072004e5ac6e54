// Those who want to be told that something changed, and look for themselves what it is.

export class Listeners {
  readonly #listeners = new Set<() => void>()

  /** Returns how to be told no more. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
