// The one ordered receiver of a shard's standby: entries from both lanes, in any order, come out in sequence.
import { GAP_BYTES_MAX, GAP_ENTRIES_MAX } from './limits.ts'

export class Receiver {
  /** index of the last entry that is durable here */
  #last = 0
  #waiting = new Map<number, Uint8Array>()
  #bytes = 0
  #applying = false

  get applying(): boolean {
    return this.#applying
  }
  get waiting(): number {
    return this.#waiting.size
  }

  /** What is on disk now; entries at or below it are of no more use. */
  moved(last: number): void {
    this.#last = last
    this.#applying = false
    for (const index of this.#waiting.keys()) if (index <= last) this.#drop(index)
  }

  /** Forgets what was not applied: the sender changed, or something in it was refused. */
  clear(): void {
    this.#waiting.clear()
    this.#bytes = 0
  }

  /** A repeat says so, that it may be acknowledged again. */
  offer(index: number, bytes: Uint8Array): 'repeat' | 'held' | 'full' {
    if (index <= this.#last) return 'repeat'
    if (this.#waiting.has(index)) return 'held'
    const full = this.#waiting.size >= GAP_ENTRIES_MAX || this.#bytes + bytes.length > GAP_BYTES_MAX
    // The very next entry is always taken: dropping it would stall the shard while later ones fill the room.
    if (full && index !== this.#last + 1) return 'full'
    this.#waiting.set(index, bytes)
    this.#bytes += bytes.length
    return 'held'
  }

  /** Everything that follows the last durable entry without a gap, once; empty while the disk is busy. */
  take(): readonly Uint8Array[] {
    if (this.#applying) return []
    const run: Uint8Array[] = []
    for (let index = this.#last + 1; ; index++) {
      const bytes = this.#waiting.get(index)
      if (bytes === undefined) break
      this.#drop(index)
      run.push(bytes)
    }
    this.#applying = run.length > 0
    return run
  }

  #drop(index: number): void {
    this.#bytes -= this.#waiting.get(index)?.length ?? 0
    this.#waiting.delete(index)
  }
}
