// Two ends of a connection of streams over real sockets, without the handshake: what comes before is tested with the link.
import { connect, createServer, type Socket } from 'node:net'
import { Answerer, type Reception } from '../../../origin/streams/answerer.ts'
import { Asker } from '../../../origin/streams/asker.ts'
import { createFrameReader } from '../../../replicator/link/frames.ts'
import type { Proven } from '../../../replicator/link/handshake.ts'
import type { Body } from '../../../router/body.ts'
import type { ForwardCall } from '../../../router/call.ts'

export const proven = (socket: Socket): Proven => ({
  socket,
  reader: createFrameReader([], 0),
  session: 'test',
  peerIncarnation: 'test',
})

export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
  const dialled = connect(address.port, '127.0.0.1')
  const sockets = [dialled, await accepted] as const
  server.close()
  return sockets
}

export type Ends = {
  readonly asker: Asker
  readonly answerer: Answerer
  readonly sockets: readonly [Socket, Socket]
  /** why each end was over; null while it is not */
  readonly over: { asker: string | null; answerer: boolean }
  close(): void
}

export async function startEnds(reception: Reception): Promise<Ends> {
  const sockets = await socketPair()
  const over: Ends['over'] = { asker: null, answerer: false }
  const answerer = new Answerer(proven(sockets[1]), reception, () => {
    over.answerer = true
  })
  const asker = new Asker(proven(sockets[0]), why => {
    over.asker = why
  })
  return {
    asker,
    answerer,
    sockets,
    over,
    close: () => {
      asker.end('the test is over')
      answerer.end('the test is over')
    },
  }
}

export const callOf = (method: string, body: Body = { kind: 'none' }, answerMs = 2_000): ForwardCall => ({
  method,
  target: '/v1/c/x',
  headers: ['Accept', 'a', 'accept', 'b'],
  body,
  ask: { origin: 'b', relay: false, parkMs: null },
  knows: null,
  aimed: method === 'GET' ? null : 7,
  answerMs,
})
