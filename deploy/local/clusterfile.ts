// cluster.json: the local cluster as others find it. Written whole and renamed, so that nobody reads half of it.
import { renameSync, rmSync, writeFileSync } from 'node:fs'

export class ClusterFile {
  readonly #file: string
  #published = false

  constructor(file: string) {
    this.#file = file
    // One that a killed run left tells of processes that are gone.
    rmSync(file, { force: true })
  }

  /** From now on it is written: all answered /readyz once. */
  publish(): void {
    this.#published = true
  }

  /** It holds the secret: for its owner only. */
  write(picture: object): void {
    if (!this.#published) return
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(picture, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
  }

  remove(): void {
    this.#published = false
    rmSync(this.#file, { force: true })
  }
}
