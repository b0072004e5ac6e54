// Real ends of a link on loopback: an HTTP server each, whose upgrades go to the link.
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { createLink, type Link } from '../../../replicator/link/link.ts'
import type { LinkHandlers } from '../../../replicator/link/transport.ts'
import type { Log } from '../../../replicator/log.ts'
import type { OriginName } from '../../../router/words.ts'

export type Line = { readonly level: keyof Log; readonly fields: Record<string, unknown>; readonly message: string }

export function memoryLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = []
  const at = (level: keyof Log) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message })
  }
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

export type Host = {
  readonly link: Link
  readonly lines: Line[]
  /** breaks every connection, as a host that dies would */
  sever(): void
  stop(): Promise<void>
}

export type HostOptions = {
  readonly name: OriginName
  readonly port: number
  readonly peerPort: number
  readonly secret?: string
  readonly incarnation?: string
  readonly handlers: LinkHandlers
}

export const SECRET = 'a secret for tests only'

export async function startHost(options: HostOptions): Promise<Host> {
  const { log, lines } = memoryLog()
  const server: Server = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(options.port, '127.0.0.1', resolve))
  const link = createLink({
    name: options.name,
    peerUrl: new URL(`http://127.0.0.1:${options.peerPort}`),
    secret: options.secret ?? SECRET,
    incarnation: options.incarnation ?? `${options.name}-1`,
    log,
    handlers: options.handlers,
  })
  server.on('upgrade', link.onUpgrade)
  const sever = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    link,
    lines,
    sever,
    stop: async () => {
      await link.close()
      sever()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
