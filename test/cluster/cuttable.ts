// A wire that can be cut: a TCP relay on loopback. A cut is silent, as a pulled cable is: nothing is reset or refused.
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Wire = {
  readonly url: string
  cut(): void
  heal(): void
  close(): Promise<void>
}

export async function startWire(port: number, targetPort: number): Promise<Wire> {
  const sockets = new Set<Socket>()
  let whole = true
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  const server: Server = createServer(client => {
    keep(client)
    // Swallowed: the connection is there, nothing ever comes back.
    if (!whole) return
    const target = connect(targetPort, '127.0.0.1')
    keep(target)
    const relay = (from: Socket, to: Socket): void => {
      from.on('data', data => {
        if (whole) to.write(data)
      })
      from.on('close', () => {
        if (whole) to.destroy()
      })
    }
    relay(client, target)
    relay(target, client)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      whole = false
    },
    heal: () => {
      whole = true
      for (const socket of sockets) socket.destroy()
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
