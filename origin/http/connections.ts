// The open connections of a server, and which of them are busy: Node's own list cannot be asked by address.
import type { Socket } from 'node:net'

const LOOK_MS = 50
/** What was used, or opened, so lately may have a request on its way. */
const IDLE_MS = 500

export class Connections {
  /** since when nothing is owed on them; infinite while an answer is */
  readonly #idleSince = new Map<Socket, number>()

  opened(socket: Socket): void {
    this.#idleSince.set(socket, performance.now())
    socket.once('close', () => this.#idleSince.delete(socket))
  }

  asked(socket: Socket): void {
    this.#idleSince.set(socket, Number.POSITIVE_INFINITY)
  }

  answered(socket: Socket): void {
    if (this.#idleSince.has(socket)) this.#idleSince.set(socket, performance.now())
  }

  /**
   * Closes connections as they become idle; resolves when none is left, in `withinMs` at the latest.
   * @param address those that came to it alone
   */
  emptied(withinMs: number, address?: string): Promise<void> {
    const end = performance.now() + withinMs
    return new Promise(resolve => {
      const look = (): void => {
        const now = performance.now()
        const left = [...this.#idleSince].filter(([socket]) => address === undefined || socket.localAddress === address)
        for (const [socket, since] of left) if (now - since > IDLE_MS) socket.destroy()
        if (left.length === 0 || now >= end) resolve()
        else setTimeout(look, LOOK_MS)
      }
      look()
    })
  }
}
