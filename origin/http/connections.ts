// The open connections of a server: which of them owe an answer, which should end, by the address that they came to. Node's
// own list cannot be asked by address, and knows nothing of HTTP/2.
import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

const LOOK_MS = 50
/** What was used, or opened, so lately may have a request on its way. */
const IDLE_MS = 500

export class Connections {
  /** since when nothing is owed on them; infinite while an answer is */
  readonly #idleSince = new Map<Socket, number>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #parting = new Set<string>()
  #closing = false

  /** @param multiplexed HTTP/2: it ends by its session's goodbye */
  opened(socket: Socket, multiplexed = false): void {
    this.#idleSince.set(socket, multiplexed ? Number.POSITIVE_INFINITY : performance.now())
    socket.once('close', () => this.#idleSince.delete(socket))
  }

  began(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
  }

  asked(socket: Socket): void {
    this.#idleSince.set(socket, Number.POSITIVE_INFINITY)
  }

  answered(socket: Socket): void {
    if (this.#idleSince.has(socket)) this.#idleSince.set(socket, performance.now())
  }

  /** Should this connection end with its next answer? */
  parts(socket: Socket | null): boolean {
    return this.#closing || (this.#parting.size > 0 && this.#parting.has(socket?.localAddress ?? ''))
  }

  /** From now on each answer is the last of its connection. @param address of connections that came to it alone */
  part(address?: string): () => void {
    if (address === undefined) this.#closing = true
    else this.#parting.add(address)
    this.#sayGoodbye(address)
    return () => {
      if (address !== undefined) this.#parting.delete(address)
    }
  }

  /** Closes connections as they become idle; resolves when none is left, in `withinMs` at the latest. */
  emptied(withinMs: number, address?: string): Promise<void> {
    const end = performance.now() + withinMs
    return new Promise(resolve => {
      const look = (): void => {
        this.#sayGoodbye(address)
        this.closeIdle(IDLE_MS, address)
        if (this.#of(address).length === 0 || performance.now() >= end) resolve()
        else setTimeout(look, LOOK_MS)
      }
      look()
    })
  }

  closeIdle(idleMs: number, address?: string): void {
    const now = performance.now()
    for (const [socket, since] of this.#of(address)) if (now - since > idleMs) socket.destroy()
  }

  closeAll(): void {
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.#idleSince.keys()) socket.destroy()
  }

  /** HTTP/2: no new streams; the session ends with the last open one. */
  #sayGoodbye(address?: string): void {
    for (const session of this.#sessions)
      if (!session.closed && (address === undefined || session.socket.localAddress === address)) session.close()
  }

  #of(address?: string): [Socket, number][] {
    return [...this.#idleSince].filter(([socket]) => address === undefined || socket.localAddress === address)
  }
}
