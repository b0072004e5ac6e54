// Does anything take connections there? A process that is stopped still does: its kernel answers for it.
import { connect } from 'node:net'

/** Hosts are a hop apart; a pair that is about to lose data can wait a second. */
const CONNECT_MS = 1000

/** True where a connection comes about. A refusal proves nothing, and is no sign of life either. */
export function takesConnections(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise(resolve => {
    const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) })
    const end = (reached: boolean): void => {
      socket.destroy()
      resolve(reached)
    }
    socket.setTimeout(CONNECT_MS, () => end(false))
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}
